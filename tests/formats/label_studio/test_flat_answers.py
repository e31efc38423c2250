"""Which fields of JSON-MIN and CSV are answers, where no config says so: their place, their kin, the user, or a question."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import write
from harness import codes, lines

WHAT = "fields of flat records"
WHO = {"annotator": 1, "annotation_id": 7, "created_at": "2024-05-01", "updated_at": "2024-05-01", "lead_time": 3}
SIZE = {"original_width": 200, "original_height": 100}


def flat(id: int, data: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    """A record as the server writes it: data, id, answers, and who gave them."""
    return {**data, "id": id, **answers, **WHO}


def box(x: float, **more: Any) -> dict[str, Any]:
    return {"x": x, "y": 20, "width": 30, "height": 40, "rotation": 0, **SIZE, **more}


def answered(out: Path) -> list[tuple[str, Any]]:
    return [(line["name"], line["answer"]) for line in lines(out)]


def table(folder: Path, *rows: dict[str, Any]) -> Path:
    """A table as the server writes it: columns in the order of the alphabet."""
    file = folder / "export.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, sorted({name for row in rows for name in row}))
        writer.writeheader()
        writer.writerows(rows)
    return file


def test_what_stands_behind_the_id_is_an_answer(tmp_path: Path) -> None:
    data = {"image": "https://h.example.org/a.jpg", "site": "north"}
    many = {"weather": {"choices": ["rain", "fog"]}}
    records = [flat(1, data, {"weather": "rain"}), flat(2, {**data, "image": "https://h.example.org/b.jpg"}, many)]
    made = to_labelbox.convert(write(tmp_path, records), tmp_path / "out")
    assert answered(tmp_path / "out") == [
        ("weather", [{"name": "rain"}]),
        ("weather", [{"name": "rain"}, {"name": "fog"}]),
    ]
    (told,) = made.assumptions
    assert (told.what, told.taken, told.for_, told.against) == (WHAT, "answers: weather", 2, 0)
    assert [(u.name, u.count) for u in made.unread] == [("site", 2)]
    assert made.annotations.read == made.annotations.converted == 2
    other = to_labelbox.convert(tmp_path / "export.json", tmp_path / "o", options={"answers": "site"})
    assert ("site", {"name": "north"}) in answered(tmp_path / "o")
    assert not other.assumptions


def test_texts_of_many_words_are_texts(tmp_path: Path) -> None:
    records = [flat(n, {"audio": f"https://h/{n}.wav"}, {"said": f"words {n}"}) for n in range(300)]
    to_labelbox.convert(write(tmp_path, records), tmp_path / "out")
    assert answered(tmp_path / "out")[0] == ("said", "words 0")


def test_a_list_of_answers_belongs_to_the_regions(tmp_path: Path) -> None:
    both = [box(10, rectanglelabels=["Sign"]), box(50, rectanglelabels=["Sign"])]
    one = flat(1, {"image": "https://h/a.jpg"}, {"label": both, "words": ["STOP", "GO"]})
    alone = flat(2, {"image": "https://h/b.jpg"}, {"label": both[:1], "words": "EXIT"})
    to_labelbox.convert(write(tmp_path, [one, alone]), tmp_path / "out")
    found = [line["classifications"] for line in lines(tmp_path / "out")]
    assert found == [[{"name": "words", "answer": {"name": w}}] for w in ("STOP", "GO", "EXIT")]


SIGNS = """<View><Image name="i" value="$image"/>
<RectangleLabels name="box" toName="i"><Label value="Sign"/><Label value="Pole"/></RectangleLabels>
<PolygonLabels name="area" toName="i"><Label value="Sign"/></PolygonLabels>{}
<TextArea name="words" toName="i" perRegion="true" {}/></View>"""
ALL = '<Labels name="all" toName="i"><Label value="any"/></Labels>'
OUTLINE = {"points": [[1, 1], [9, 1], [9, 9]], "closed": True, **SIZE}


def worded(folder: Path, config: str, answers: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """The kind, the class or question, and the words of each line, in the order of the output."""
    (folder / "labels.txt").write_text(config)
    file = write(folder, [flat(1, {"image": "https://h/a.jpg"}, answers)])
    to_labelbox.convert(file, folder / "out", options={"config": str(folder / "labels.txt")})
    found = [(line, line.get("classifications", [{"answer": line.get("answer")}])) for line in lines(folder / "out")]
    kinds = ("bbox", "polygon", "answer")
    return [(next(k for k in kinds if k in line), line["name"], inner[0]["answer"]) for line, inner in found]


def test_answers_belong_to_the_regions_that_are_asked(tmp_path: Path) -> None:
    regions = [box(1, rectanglelabels=["Sign"]), box(2, rectanglelabels=["Pole"]), box(3, rectanglelabels=["Sign"])]
    config = SIGNS.format("", 'whenTagName="box" whenLabelValue="Sign"')
    found = worded(tmp_path, config, {"box": regions, "words": ["STOP", "GO"]})
    assert found == [("bbox", "Sign", "STOP"), ("bbox", "Pole", None), ("bbox", "Sign", "GO")]


@pytest.mark.parametrize("said", ["ABC", "AAA"])
def test_the_order_among_regions_of_several_controls_is_not_known(tmp_path: Path, said: str) -> None:
    boxes = [box(10, rectanglelabels=["Pole"]), box(50, rectanglelabels=["Pole"])]
    answers = {"box": boxes, "area": [{**OUTLINE, "polygonlabels": ["Sign"]}], "words": list(said)}
    found = worded(tmp_path, SIGNS.format("", ""), answers)
    shapes = [("bbox", "Pole"), ("bbox", "Pole"), ("polygon", "Sign")]
    if said == "AAA":
        assert found == [(*shape, "A") for shape in shapes]
    else:
        assert found == [*((*shape, None) for shape in shapes), ("answer", "words", "A\nB\nC")]


def test_the_order_of_regions_is_that_of_the_control_that_has_them_all(tmp_path: Path) -> None:
    every = [{**place, "labels": ["any"]} for place in (box(10), OUTLINE, box(50))]
    answers = {"box": [box(10), box(50)], "area": [OUTLINE], "all": every, "words": ["A", "B", "C"]}
    config = SIGNS.format(ALL, "").replace("RectangleLabels", "Rectangle").replace("PolygonLabels", "Polygon")
    found = worded(tmp_path, config, answers)
    assert sorted((kind, word) for kind, _, word in found) == [("bbox", "A"), ("bbox", "C"), ("polygon", "B")]


@pytest.mark.parametrize(
    "record",
    [
        {"id": 1, "text": "Some words", "note": "x", **WHO},  # the id is one of the data
        {"note": "x", "id": 1, "image": "https://h/a.jpg", **WHO},  # data stands behind it
        dict(sorted(flat(1, {"image": "https://h/a.jpg"}, {"note": "x"}).items())),
    ],
)
def test_no_place_tells_where_the_order_is_another_one(tmp_path: Path, record: dict[str, Any]) -> None:
    with pytest.raises(to_labelbox.UsageError) as asked:
        to_labelbox.convert(write(tmp_path, [record]), tmp_path / "out")
    assert "-O answers=note" in str(asked.value)
    assert "-O answers= " in str(asked.value)


def test_a_table_without_regions_or_options_asks(tmp_path: Path) -> None:
    rows = [flat(n, {"text": f"Text number {n}"}, {"mood": "good" if n % 2 else "bad"}) for n in range(4)]
    file = table(tmp_path, *rows)
    with pytest.raises(to_labelbox.UsageError) as asked:
        to_labelbox.convert(file, tmp_path / "out")
    first = str(asked.value).splitlines()[2]
    assert first.split() == "-O answers=mood 'mood' is an answer; it has 2 different values".split()
    made = to_labelbox.convert(file, tmp_path / "out", options={"answers": "mood"})
    assert answered(tmp_path / "out")[:2] == [("mood", {"name": "bad"}), ("mood", {"name": "good"})]
    assert (made.assumptions, made.exit_code()) == ([], 0)
    none = to_labelbox.convert(file, tmp_path / "none", options={"answers": ""})
    assert none.annotations.read == 0


def test_a_table_whose_field_has_options_elsewhere(tmp_path: Path) -> None:
    several = json.dumps({"choices": ["rain", "fog"]})
    rows = [
        flat(1, {"image": "https://h/a.jpg"}, {"sky": "rain"}),
        flat(2, {"image": "https://h/b.jpg"}, {"sky": several}),
    ]
    made = to_labelbox.convert(table(tmp_path, *rows), tmp_path / "out")
    assert answered(tmp_path / "out") == [("sky", [{"name": "rain"}]), ("sky", [{"name": "rain"}, {"name": "fog"}])]
    assert "field-ignored" not in codes(made)


def test_answers_are_obeyed_or_refused(tmp_path: Path) -> None:
    file = write(tmp_path, [flat(1, {"image": "https://h/a.jpg"}, {"sky": "rain"})])
    with pytest.raises(to_labelbox.UsageError, match="no record has a field 'sea'; fields are image, sky"):
        to_labelbox.convert(file, tmp_path / "out", options={"answers": "sea"})
    (tmp_path / "config.xml").write_text('<View><Image name="i" value="$image"/></View>')
    with pytest.raises(to_labelbox.UsageError, match="the labelling config says which fields are answers"):
        to_labelbox.convert(file, tmp_path / "out", options={"answers": "sky"})
