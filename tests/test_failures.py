"""Ways in which such conversions are known to go wrong, each by its name."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from harness import Convert, annotation, coco, image, item, lines, ontology, questions
from to_labelbox.model.items import Attribute, Box, Choice, Classification, Object
from to_labelbox.source.asset_lookup import MediaFolder

BOX = [10, 10, 20, 20]


@pytest.mark.parametrize(("value", "text"), [(math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan")])
def test_an_answer_that_json_has_no_number_for(value: float, text: str, convert: Convert) -> None:
    inside = Choice("left", (Attribute("speed", value),))
    car = Object(
        id="1", label="car", geometry=Box(1, 2, 3, 4), attributes=(Attribute("speed", value), Attribute("side", inside))
    )
    run = convert.items([item(car, Classification(id="2", name="limit", value=value))])
    (tool,) = ontology(run.out)["tools"]
    assert questions(tool) == {"speed": [text], "side": ["left"]}
    answers = {line["name"]: line for line in run.lines}
    assert answers["limit"]["answer"] == {"name": text}
    speed, side = answers["car"]["classifications"]
    assert speed == {"name": "speed", "answer": {"name": text}}
    assert side["answer"]["classifications"] == [speed]


def test_an_answer_null_in_a_text_stays_one(convert: Convert) -> None:
    document = coco([annotation(bbox=BOX, attributes={"state": "null and void", "speed": 1.5})])
    (line,) = convert(document).lines
    assert [a["answer"] for a in line["classifications"]] == [{"name": "null and void"}, {"name": "1.5"}]


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://x.org/a<b>.jpg", "https://x.org/a%3Cb%3E.jpg"),
        ("https://x.org/a%20b|c.jpg", "https://x.org/a%20b%7Cc.jpg"),
        ("https://x.org/take #2.jpg", "https://x.org/take%20%232.jpg"),
        ("https://x.org/a.jpg?X-Amz-Signature=a%2Fb+c/d&e=1", "https://x.org/a.jpg?X-Amz-Signature=a%2Fb+c/d&e=1"),
    ],
)
def test_a_url_is_encoded_once_and_a_signature_never(url: str, written: str, convert: Convert) -> None:
    run = convert(coco([annotation(bbox=BOX)], [image(coco_url=url)]))
    (row,) = lines(run.out, "data_rows.ndjson")
    assert row["row_data"] == written


def test_equal_names_in_different_folders_are_different_assets(convert: Convert) -> None:
    images = [image(1, "a/1.jpg"), image(2, "b/1.jpg"), image(3, "b/1.png"), image(4, "b/1_1.jpg")]
    run = convert(coco([annotation(n, image_id=n, bbox=[n, n, 5, 5]) for n in (1, 2, 3, 4)], images))
    placed = {line["dataRow"]["globalKey"]: line["bbox"]["left"] for line in run.lines}
    assert placed == {"a/1.jpg": 1, "b/1.jpg": 2, "b/1.png": 3, "b/1_1.jpg": 4}


@pytest.mark.parametrize("number", [0, 7, 10**15])
def test_category_numbers_mean_nothing(number: Any, convert: Convert) -> None:
    categories = [{"id": number, "name": "car"}, {"id": number + 5, "name": "bus"}]
    run = convert(
        coco(
            [annotation(1, category_id=number + 5, bbox=BOX), annotation(2, category_id=number, bbox=BOX)],
            categories=categories,
        )
    )
    assert [line["name"] for line in run.lines] == ["bus", "car"]


def test_broken_tags_of_a_picture_are_not_told_on_the_terminal(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a long description of what is seen"
    Image.new("RGB", (6, 4)).save(tmp_path / "a.webp", exif=exif)
    data = (tmp_path / "a.webp").read_bytes()
    at = data.index(b"II*\0" if b"II*\0" in data else b"MM\0*")
    (tmp_path / "a.webp").write_bytes(data[: at + 8] + b"\xff\xff" + data[at + 10 :])
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        header = MediaFolder(str(tmp_path)).header("a.webp")
    assert header is not None
    assert (header.width, header.height) == (6, 4)
    assert told == []
