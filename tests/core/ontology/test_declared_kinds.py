"""A kind for which a class is declared, and as which it never occurs, makes no tool and decides nothing."""

from __future__ import annotations

from to_labelbox.model.items import Media
from to_labelbox.model.schema import Kind, Label, Schema
from to_labelbox.model.survey import Survey
from to_labelbox.ontology.infer import infer
from to_labelbox.ontology.one_tool import one_kind
from to_labelbox.rules.settings import Settings

LORRY = Schema((Label("lorry", (Kind.POLYGON, Kind.MASK)),))


def seen(medium: Media, **counts: int) -> Survey:
    shapes = {("lorry", Kind(kind)): count for kind, count in counts.items()}
    return Survey(shapes=shapes, media={medium: 1}, sizes={(10, 10): 1} if medium is Media.IMAGE else {})


def test_a_declared_kind_that_never_occurs_is_told_and_gets_no_tool() -> None:
    made = infer(LORRY, seen(Media.IMAGE, polygon=9))
    assert [(t.name, t.kind) for t in made.tools] == [("lorry", Kind.POLYGON)]
    assert made.decisions == ("'lorry' never occurs as mask, for which it is declared: no tool for that",)
    empty = infer(LORRY, Survey())
    assert [t.kind for t in empty.tools] == [Kind.POLYGON, Kind.MASK]


def test_a_class_that_never_occurs_is_not_said_to() -> None:
    apart = "'lorry' never occurs and is declared as polygon, mask: one tool each, named by kind"
    assert infer(LORRY, Survey()).decisions == (apart,)
    one = "'lorry' never occurs and is declared as polygon, mask: one tool, mask, what loses least"
    assert one_kind(LORRY, [seen(Media.IMAGE)], Settings(one_tool=True)).decisions == (one,)


def test_a_video_in_which_a_class_is_only_declared_turns_no_outline_into_a_box() -> None:
    settings = Settings(one_tool=True)
    assert one_kind(LORRY, [seen(Media.IMAGE, polygon=9), seen(Media.VIDEO)], settings).kinds == {}
    mixed = [seen(Media.IMAGE, polygon=9, mask=2), seen(Media.VIDEO)]
    made = one_kind(LORRY, mixed, settings)
    assert made.kinds == {"lorry": Kind.POLYGON}
    assert made.decisions == ("'lorry' occurs as polygon (9), mask (2): one tool, polygon, the most frequent",)
    both = one_kind(LORRY, [seen(Media.IMAGE, polygon=9, mask=2), seen(Media.VIDEO, box=1)], settings)
    assert both.kinds == {"lorry": Kind.BOX}
