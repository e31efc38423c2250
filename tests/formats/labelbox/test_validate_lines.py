"""`validate`: every rule that can be checked offline, one message a fault, at the right file and line."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.validate import Line, check, png, text_of
from to_labelbox_formats.labelbox.validate import lines, wire
from to_labelbox_formats.labelbox.validate.rows import RowInfo

UUID = "5b0f8a0e-8a39-5a55-9a3e-0c5f3d1c7a10"


ROW = {"globalKey": "a.jpg"}


CAR: Line = {"dataRow": ROW, "name": "car", "bbox": {"top": 1, "left": 1, "height": 2, "width": 2}}


RUST: Line = {"dataRow": ROW, "name": "rust", "mask": {"png": png([[0, 1], [0, 0]])}}


SLAB: Line = {"dataRow": ROW, "name": "slab", "polygon": [{"x": 1, "y": 1}, {"x": 2, "y": 1}, {"x": 2, "y": 2}]}


TONE: Line = {"dataRow": ROW, "name": "tone", "answer": {"name": "calm"}}


NOISE: Line = {"dataRow": ROW, "name": "noise", "answer": [{"name": "hum", "frames": [{"start": 1, "end": 2}]}]}


RED = [[[255, 0, 0], [0, 0, 0]]]


TRACK: Line = {"dataRow": ROW, "name": "car", "segments": [{"keyframes": [{"frame": 1, "bbox": CAR["bbox"]}]}]}


MASKS: Line = {
    "dataRow": ROW,
    "masks": {
        "frames": [{"index": 1, "imBytes": png(RED, "RGB")}],
        "instances": [{"colorRGB": [255, 0, 0], "name": "rust"}],
    },
}


GOOD: list[Line] = [
    CAR,
    {**CAR, "uuid": UUID},
    {**CAR, "uuid": "{" + UUID.upper()[:-1] + "1}"},
    {
        **CAR,
        "classifications": [
            {"name": "wear", "answer": {"name": "worn", "classifications": [{"name": "note", "answer": "x"}]}}
        ],
    },
    {**CAR, "isBenchmarkReferenceLabel": True},
    RUST,
    {**RUST, "mask": {"png": png([[0, 255], [0, 0]])}},
    {**RUST, "mask": {"imBytes": png([*RED, [[0, 0, 0], [9, 9, 9]]], "RGB"), "colorRGB": [255, 0, 0]}},
    {**RUST, "mask": {"instanceURI": "https://cdn.example.org/1.png", "colorRGB": [255, 0, 0]}},
    {**SLAB, "polygon": [*SLAB["polygon"], SLAB["polygon"][0]]},
    TONE,
    {"dataRow": {"id": "ckx1"}, "name": "tone", "answers": {"name": "calm"}},
    {"dataRow": {"globalKey": "b"}, "name": "remark", "answer": "wet"},
    NOISE,
    {"dataRow": {"globalKey": "b"}, "name": "noise", "answer": [{"name": "hum"}], "frames": [{"start": 7, "end": 7}]},
]


def test_good_lines(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD) == []


WRONG: list[tuple[Any, str]] = [
    # keys and data rows
    ({**CAR, "confidence": 0.5}, "confidence and customMetrics belong to model predictions"),
    ({**CAR, "customMetrics": []}, "confidence and customMetrics belong to model predictions"),
    ({**CAR, "colour": "red"}, "unknown field 'colour'"),
    ({**CAR, "bbox": {**CAR["bbox"], "angle": 3}}, "bbox: unknown field 'angle'"),
    ({**CAR, "bbox": {"top": 1, "left": 1, "height": 2}}, "bbox: missing field 'width'"),
    ({**CAR, "bbox": {**CAR["bbox"], "width": "2"}}, "bbox.width: found a text, expected a number"),
    ({**CAR, "bbox": {**CAR["bbox"], "width": True}}, "bbox.width: found true or false, expected a number"),
    ({**CAR, "bbox": None}, "found null, expected an object"),
    ([CAR], "found a list, expected an object"),
    ({"name": "car", "bbox": CAR["bbox"]}, "missing field 'dataRow'"),
    ({**CAR, "dataRow": {}}, "either globalKey or id"),
    ({**CAR, "dataRow": {"globalKey": "a", "id": "b"}}, "either globalKey or id"),
    ({**CAR, "dataRow": {"globalKey": ""}}, "dataRow is empty"),
    ({**CAR, "dataRow": {"globalKey": "a" * 201}}, "201 characters"),
    ({**CAR, "point": {"x": 1, "y": 1}}, "bbox and point: one annotation a line"),
    ({"dataRow": ROW, "name": "car"}, "holds no annotation"),
    ({"dataRow": ROW, "bbox": CAR["bbox"]}, "want a name or a schemaId"),
    ({**CAR, "name": " "}, "the name is blank"),
    ({**CAR, "uuid": "5b0f"}, "is no uuid"),
    ({**CAR, "messageId": "m"}, "'messageId' does not belong"),
    ({**TONE, "classifications": [{"name": "x", "answer": "y"}]}, "'classifications' does not belong"),
    # names
    ({**CAR, "name": "cars"}, "tool 'cars' is not in the ontology; it has 'car', 'rust'"),
    ({**CAR, "name": "slab"}, "'slab' is a polygon in the ontology, the line holds a box"),
    ({**TONE, "name": "car"}, "classification 'car' is not in the ontology"),
    ({**TONE, "answer": {"name": "loud"}}, "option of 'tone' 'loud' is not in the ontology; it has 'calm', 'busy'"),
    ({**TONE, "answer": [{"name": "calm"}]}, "'tone' is radio in the ontology, the answer is that of a checklist"),
    ({**TONE, "answer": "calm"}, "'tone' is radio in the ontology, the answer is that of a text"),
    ({**TONE, "name": "remark"}, "'remark' is text in the ontology"),
    ({**CAR, "classifications": [{"name": "tear", "answer": "x"}]}, "classification 'tear' is not in the ontology"),
    (
        {
            **CAR,
            "classifications": [
                {"name": "wear", "answer": {"name": "fine", "classifications": [{"name": "note", "answer": "x"}]}}
            ],
        },
        "'note' is not in the ontology; it has none under option 'fine'",
    ),
    (
        {
            **CAR,
            "classifications": [
                {"name": "wear", "answer": {"name": "worn", "classifications": [{"name": "note", "answer": ""}]}}
            ],
        },
        "is empty",
    ),
    ({**CAR, "classifications": [{"name": "wear", "answer": {"name": "fine"}}] * 2}, "'wear' is answered twice"),
    # geometry
    ({**CAR, "bbox": {**CAR["bbox"], "height": 0}}, "both must be above 0"),
    ({**CAR, "page": 1}, "both page and unit"),
    ({**CAR, "page": 0, "unit": "POINTS"}, "pages count from 1"),
    ({**CAR, "page": 1, "unit": "METRES"}, "unit 'METRES'"),
    ({**CAR, "page": 1, "unit": "PERCENT"}, "fractions of the page"),
    ({**SLAB, "polygon": SLAB["polygon"][:2] * 2}, "3 different ones"),
    # masks
    ({**RUST, "mask": {}}, "a mask has no picture"),
    ({**RUST, "mask": {"counts": [1], "size": [1, 1]}}, "unknown field 'counts'"),
    ({**RUST, "mask": {"png": RUST["mask"]["png"], "colorRGB": [1, 2, 3]}}, "png comes without colorRGB"),
    ({**RUST, "mask": {"imBytes": png(RED, "RGB")}}, "png comes without colorRGB"),
    ({**RUST, "mask": {"imBytes": png(RED, "RGB"), "colorRGB": [1, 2, 3]}}, "does not occur in the picture"),
    ({**RUST, "mask": {"imBytes": png([[1]]), "colorRGB": [1, 1, 1]}}, "must be an RGB picture"),
    ({**RUST, "mask": {"imBytes": png(RED, "RGB"), "colorRGB": [256, 0, 0]}}, "three numbers of 0..255"),
    ({**RUST, "mask": {"imBytes": png(RED, "RGB"), "colorRGB": [0, 0, 0]}}, "black, which is the background"),
    ({**RUST, "mask": {"imBytes": png(RED, "RGB"), "colorRGB": [0, 0]}}, "expected a list of length 3"),
    ({**RUST, "mask": {"instanceURI": "1.png", "colorRGB": [1, 0, 0]}}, "https URL"),
    ({**RUST, "mask": {"png": "data:image/png;base64,AAAA"}}, "without a data: prefix"),
    ({**RUST, "mask": {"png": RUST["mask"]["png"][:10] + "\n" + RUST["mask"]["png"][10:]}}, "is no base64"),
    ({**RUST, "mask": {"png": base64.b64encode(b"GIF89a").decode()}}, "is no PNG"),
    ({**RUST, "mask": {"png": png([[0, 2], [0, 0]])}}, "must be 0 and 1"),
    ({**RUST, "mask": {"png": png([[1, 255], [0, 0]])}}, "must be 0 and 1"),
    ({**RUST, "mask": {"png": png([[0, 0], [0, 0]])}}, "no pixel of the mask is set"),
    ({**RUST, "mask": {"png": png(RED, "RGB")}}, "8-bit grey"),
    # answers
    ({**TONE, "answer": []}, "the answer is empty"),
    ({**TONE, "answers": {"name": "calm"}}, "both answer and answers"),
    ({**TONE, "answer": {}}, "want either a name (or schemaId) or a value"),
    ({**TONE, "messageId": "m"}, "scope in the ontology is global"),
    ({**NOISE, "answer": [{"name": "hum"}]}, "scope in the ontology is index"),
    ({**NOISE, "answer": [{"name": "hum", "frames": []}]}, "needs frames"),
    ({**NOISE, "answer": [{"name": "hum", "frames": [{"start": 3, "end": 2}]}]}, "start <= end"),
    (
        {**NOISE, "answer": [{"name": "hum", "frames": [{"start": 1.5, "end": 2}]}]},
        "found a number, expected a whole number",
    ),
    ({**NOISE, "answer": [{"name": "hum"}, {"name": "hiss", "frames": [{"start": 1, "end": 2}]}]}, "needs frames"),
    ({**NOISE, "answer": NOISE["answer"] * 2}, "repeats 'hum'"),
    (
        {**NOISE, "answer": [*NOISE["answer"], {"value": "x", "frames": [{"start": 1, "end": 2}]}]},
        "mixes texts and options",
    ),
    ({**NOISE, "frames": [{"start": 1, "end": 2}]}, "both inside and beside"),
    ({**NOISE, "messageId": "m"}, "about a message or about frames"),
    # video
    ({**TRACK, "segments": []}, "must not be empty"),
    ({**TRACK, "segments": [{"keyframes": []}]}, "must not be empty"),
    ({**TRACK, "segments": TRACK["segments"] * 2}, "segments must not overlap"),
    ({**TRACK, "segments": [{"keyframes": [{"frame": -1, "bbox": CAR["bbox"]}]}]}, "frame -1 is negative"),
    ({**TRACK, "segments": [{"keyframes": [{"frame": 1}]}]}, "exactly one of bbox, point, line"),
    (
        {**TRACK, "segments": [{"keyframes": [{"frame": 1, "point": {"x": 1, "y": 1}}]}]},
        "'car' is a box in the ontology, the line holds a point",
    ),
    (
        {
            **TRACK,
            "segments": [
                {"keyframes": [{"frame": 1, "bbox": CAR["bbox"], "classifications": [{"name": "x", "answer": "y"}]}]}
            ],
        },
        "frame 1: classification 'x' is not",
    ),
    ({**TRACK, "classifications": [{"name": "x", "answer": "y"}]}, "'classifications' does not belong"),
    ({**TRACK, "groupKey": "axial"}, "takes lines, not bbox"),
    ({**MASKS, "name": "rust"}, "stands on each of the instances"),
    ({**MASKS, "masks": {**MASKS["masks"], "frames": []}}, "at least one frame"),
    ({**MASKS, "masks": {**MASKS["masks"], "frames": MASKS["masks"]["frames"] * 2}}, "frames must rise"),
    ({**MASKS, "masks": {**MASKS["masks"], "instances": MASKS["masks"]["instances"] * 2}}, "same colorRGB"),
    (
        {**MASKS, "masks": {**MASKS["masks"], "instances": [{"colorRGB": [0, 255, 0], "name": "rust"}]}},
        "occurs on no frame",
    ),
    ({**MASKS, "masks": {**MASKS["masks"], "instances": [{"colorRGB": [255, 0, 0], "name": "car"}]}}, "'car' is a box"),
    ({**MASKS, "masks": {**MASKS["masks"], "frames": [{"index": 1}]}}, "either imBytes or instanceURI"),
    # relationships
    ({"dataRow": ROW, "name": "lifts", "relationship": {"source": UUID, "target": UUID}}, "same annotation"),
    ({"dataRow": ROW, "name": "lifts", "relationship": {"target": UUID}}, "source or sourceOntologyName"),
    (
        {"dataRow": ROW, "name": "lifts", "relationship": {"source": UUID, "target": UUID, "type": "x"}},
        "want unidirectional",
    ),
    (
        {"dataRow": ROW, "name": "lifts", "relationship": {"target": UUID, "sourceOntologyName": "x"}},
        "'x' is no classification",
    ),
    # spans
    ({"dataRow": ROW, "name": "firm", "location": {"start": 5, "end": 4}}, "0 <= start <= end"),
    ({"dataRow": ROW, "name": "firm", "textSelections": []}, "textSelections is empty"),
    ({"dataRow": ROW, "name": "firm", "textSelections": [{"tokenIds": [], "groupId": "", "page": 0}]}, "no tokenIds"),
]


@pytest.mark.parametrize(("line", "message"), WRONG, ids=[m for _, m in WRONG])
def test_wrong_lines(line: Any, message: str, tmp_path: Path) -> None:
    found = check(tmp_path, [CAR, line, SLAB])
    assert any(message in fault.message for fault in found), found
    assert {(fault.file, fault.line) for fault in found} == {("lines.ndjson", 2)}


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"\xef\xbb\xbf" + text_of(CAR).encode(), 1, "byte-order mark"),
        (text_of(CAR) + "\n" + text_of(SLAB), 2, "is blank"),
        (text_of(CAR) + "   \n" + text_of(SLAB), 2, "is blank"),
        (text_of(CAR).replace("\n", "\r\n"), 1, "CR LF"),
        (text_of(CAR) + json.dumps({**CAR, "dataRow": {"globalKey": "ä"}}, ensure_ascii=False) + "\n", 2, "not ASCII"),
        (text_of(CAR) + json.dumps({**CAR, "dataRow": {"globalKey": "\u2028"}}, ensure_ascii=False), 2, "not ASCII"),
        (text_of(CAR) + text_of(CAR)[:-5], 2, "ends in the middle of a value"),
        (text_of(CAR).replace("1", "NaN", 1), 1, "a character that cannot stand there"),
        (text_of(CAR).replace(": 1", ": 1e999", 1), 1, "the number is too large"),
        (text_of(CAR) + text_of(CAR).strip() + text_of(CAR), 2, "something follows the end"),
        (text_of(CAR).encode() + b"\xff\xfe\n", 2, "not ASCII"),
    ],
)
def test_encoding(content: str | bytes, line: int, message: str, tmp_path: Path) -> None:
    found = check(tmp_path, content)
    assert any(message in fault.message and fault.line == line for fault in found), found


def test_deep_nesting_is_a_fault_and_no_crash(tmp_path: Path) -> None:
    text = (
        '{"dataRow":{"globalKey":"a"},"name":"car","classifications":'
        + '[{"name":"a","answer":{"name":"b","classifications":' * 5000
    )
    assert check(tmp_path, text)


@given(st.binary(max_size=200))
def test_any_bytes_give_faults_only(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder), data)


def test_uuids_are_unique_on_a_data_row(tmp_path: Path) -> None:
    other = {**CAR, "uuid": UUID, "dataRow": {"globalKey": "b.jpg"}}
    found = check(tmp_path, [{**CAR, "uuid": UUID}, other, {**SLAB, "uuid": UUID.upper()}])
    assert [(f.line, "that of line 1" in f.message) for f in found] == [(3, True)]


def test_one_answer_a_question_and_data_row(tmp_path: Path) -> None:
    found = check(tmp_path, [TONE, {**TONE, "dataRow": {"globalKey": "b"}}, {**TONE, "answer": {"name": "busy"}}])
    assert [f.line for f in found] == [3]
    assert "answers the question of line 1 again" in found[0].message


def test_five_thousand_of_a_name(tmp_path: Path) -> None:
    assert check(tmp_path, [CAR] * 5000) == []
    found = check(tmp_path, [*[CAR] * 5001, *[SLAB] * 3])
    assert [f.line for f in found] == [5001]


def test_masks_of_a_data_row_have_one_size(tmp_path: Path) -> None:
    wide = {**RUST, "mask": {"png": png([[0, 1, 0]])}}
    found = check(tmp_path, [RUST, {**wide, "dataRow": {"globalKey": "b"}}, wide])
    assert [f.line for f in found] == [3]
    assert "3 × 1, another on this data row 2 × 2" in found[0].message


def test_ends_of_a_relationship(tmp_path: Path) -> None:
    ends = [{**CAR, "uuid": UUID}, {**SLAB, "uuid": UUID[:-1] + "1"}, {**TONE, "uuid": UUID[:-1] + "2"}]

    def link(source: str, target: str, row: Line = ROW) -> Line:
        return {
            "dataRow": row,
            "name": "lifts",
            "relationship": {"source": UUID[:-1] + source, "target": UUID[:-1] + target},
        }

    assert check(tmp_path, [link("0", "1"), *ends]) == []
    assert "an end" in check(tmp_path, [*ends, link("0", "2")])[0].message
    assert check(tmp_path, [*ends, link("0", "1", {"globalKey": "b"})])


def test_a_long_text_is_counted_once_for_all_spans_in_it() -> None:
    counted = []

    class Text(str):
        def encode(self, *form: str) -> bytes:
            counted.append(form)
            return super().encode(*form)

    row = RowInfo("key", None)
    row.media, row.text = "TEXT", Text("four")
    line = wire.Line(wire.DataRow(globalKey="key"), name="n", location=wire.Location(0, 4))
    said = [list(lines.check(line, "location", row, None)) for _ in range(3)]
    assert said == [["location 0..4 ends beyond the text, whose last character is 3"]] * 3
    assert len(counted) == 1
