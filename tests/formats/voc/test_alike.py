"""Objects written alike are read by a pattern made of one of them, with the same result as by the grammar."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from to_labelbox_formats.voc import document
from to_labelbox_formats.voc.alike import Alike
from to_labelbox_formats.voc.document import CORNERS, ROW_FIELDS, Document, plain, tree

HEAD = "<annotation><filename>a.jpg</filename><size><width>9</width><height>9</height></size>"
CORNER = "".join(f"<{name}>{n}</{name}>" for n, name in enumerate(CORNERS))
OBJECT = f"<object>\n <name>cat</name>\n <pose>Left</pose>\n <bndbox>{CORNER}</bndbox>\n</object>\n"


class Never(Alike):
    def rows(self, text: str, start: int) -> None:
        return None


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_alike", fresh(Alike))


def fresh(kind: type[Alike]) -> Alike:
    one = document._alike
    return kind(one._texts, one._numbers, one._tail)


def by_the_grammar(text: str) -> Document | None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(document, "_alike", fresh(Never))
        return plain(text)


def is_by_pattern(text: str) -> bool:
    head = document._HEAD.match(text)
    return head is not None and document._alike.rows(text, head.end()) is not None


def file(*objects: str) -> str:
    return HEAD + "".join(objects) + "</annotation>\n"


def test_the_second_file_is_read_by_the_pattern_of_the_first() -> None:
    first, second = file(OBJECT), file(*[OBJECT.replace("cat", name) for name in ("dog", "a b", "é")])
    assert not is_by_pattern(first)
    assert plain(first) is not None
    assert is_by_pattern(second)
    assert plain(second) == by_the_grammar(second) == tree(second)._replace(elements=(), unknown=())


@pytest.mark.parametrize(
    "spoiled",
    [
        file(OBJECT, "<!-- no -->", OBJECT),
        file(OBJECT, "x", OBJECT),
        file("x", OBJECT),
        file(OBJECT, "x"),
        file(OBJECT, "<object></object>"),
        file(OBJECT) + "x",
        file(OBJECT, "</annotation>"),
        file(OBJECT, OBJECT).replace("</object>\n<object>", "</object><object>&lt;"),
        file(OBJECT).replace("<xmin>0<", "<xmin>1.5<"),
        file(OBJECT).replace("<xmin>0<", "<xmin>x<"),
        file(OBJECT).replace("<xmin>0<", "<xmin>٣<"),
        file(OBJECT).replace("cat", "a &amp; b"),
        file(OBJECT).replace("cat", "a\x01b"),
        file(OBJECT).replace("</pose>", "</pose><pose>Left</pose>"),
        file(OBJECT).replace("</annotation>", ""),
        HEAD + "</annotation>",
        HEAD + OBJECT,
    ],
)
def test_what_is_written_otherwise_is_left_to_the_grammar(spoiled: str) -> None:
    plain(file(OBJECT))
    assert not is_by_pattern(spoiled)
    assert plain(spoiled) == by_the_grammar(spoiled)


@pytest.mark.parametrize("names", ["ymax xmin xmax ymin", "xmin xmax ymin ymax"])
def test_fields_in_another_order(names: str) -> None:
    """As Roboflow writes corners."""
    corners = "".join(f"<{name}>{CORNERS.index(name)}</{name}>" for name in names.split())
    text = file(f"<object><truncated>1</truncated><bndbox>{corners}</bndbox><name>cat</name></object>")
    assert plain(text) == plain(text) == by_the_grammar(text)
    assert is_by_pattern(text)
    found = plain(text)
    assert found is not None
    assert found.rows == [("cat", "", "1", "", "", "0", "1", "2", "3")]


def objects(rng: random.Random) -> Iterator[str]:
    """Texts of objects, whole ones and broken ones, each in one of a few forms."""
    while True:
        corners = [f"<{name}>{rng.choice(['1'] * 9 + ['3.5', ' 4 ', 'x'])}</{name}>" for name in CORNERS]
        parts = [f"<{name}>{rng.choice(['a', '', '0'])}</{name}>" for name in ROW_FIELDS if rng.random() < 0.9]
        parts.append(f"<bndbox>{''.join(corners)}</bndbox>")
        if rng.random() < 0.2:
            rng.shuffle(parts)
        whole = (
            f"<object>{rng.choice(['', ' ']).join(parts)}</object>{rng.choice(['', ' ', 'x' * (rng.random() < 0.1)])}"
        )
        for _ in range(rng.randint(1, 30)):
            yield whole


def test_both_ways_say_the_same_of_random_files() -> None:
    source, rng = objects(random.Random(4)), random.Random(5)
    by_pattern = 0
    for _ in range(3000):
        text = file(*[next(source) for _ in range(rng.randint(1, 4))])
        by_pattern += is_by_pattern(text)
        assert plain(text) == by_the_grammar(text), text
    assert by_pattern > 20


def test_forms_without_end_are_given_up() -> None:
    for n in range(40):
        assert plain(file(OBJECT.replace("\n", "\n" + " " * n))) is not None
    assert len(document._alike._forms) <= 8
    assert not is_by_pattern(file(OBJECT))
    for _ in range(1100):
        plain(file(OBJECT))
    assert is_by_pattern(file(OBJECT))
