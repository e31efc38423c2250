"""Every cell of Labelbox's payload table: the exact line, what the official SDK makes of it, and what `validate` says."""

from __future__ import annotations

import copy
import json
import uuid
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from labelbox_cells import ASSETS, CASES, CELLS, Case, Line
from labelbox_writer import Written, faults, written
from to_labelbox.model.items import Media
from to_labelbox.rules.settings import Settings

CODES = "I1 I2 I3 I4 I5 V1 V2 V3 V4 V5 V6 T1 D1 D2 C1 C2 G1 G2 G3 G4 A1 A2 A3 X1 X2 K1 K2 K3 R1 R2"
SETTINGS = Settings(relationships=True)
IDS = [f"{case.name}-{n}" for n, case in enumerate(CASES)]


def write(case: Case) -> tuple[Written, Line]:
    """What is written for a case, and its own line: the last one."""
    made = written([case.item], settings=SETTINGS)
    return made, made.lines[-1]


def test_all_cells_of_the_table_are_here() -> None:
    assert len(CELLS) == 42
    assert {case.code for case in CASES} == set(CODES.split())


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_exact_line(case: Case) -> None:
    made, line = write(case)
    line = copy.deepcopy(line)
    assert line.pop("dataRow") == {"globalKey": ASSETS[case.media].path}
    given = line.pop("uuid", None)
    assert (given is not None) == case.uuid
    assert given is None or uuid.UUID(given).version == 5
    expected = copy.deepcopy(case.line)
    if "relationship" in expected:
        ends = {"a": made.lines[0]["uuid"], "b": made.lines[1]["uuid"], "c": made.lines[2]["uuid"]}
        for end in ("source", "target"):
            expected["relationship"][end] = ends[expected["relationship"][end]]
    assert expected == line
    assert made.text.isascii()
    assert not made.log.diagnostics or set(made.log.diagnostics) <= {"row-data-local"}
    assert all(t.skipped == t.approximated == 0 for t in made.log.ledger.values())


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_validate_accepts_it_and_rejects_a_wrong_variant(case: Case, tmp_path: Path) -> None:
    made, line = write(case)
    assert faults(made, tmp_path / "good") == []
    wrong = copy.deepcopy(line)
    case.spoil(wrong)
    spoiled = made.with_lines([*made.lines[:-1], wrong])
    found = faults(spoiled, tmp_path / "bad")
    assert any(case.message in fault.message for fault in found), found
    assert {fault.line for fault in found} == {len(made.lines)}


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_line_on_the_wrong_asset_type_is_rejected(case: Case, tmp_path: Path) -> None:
    made, _ = write(case)
    other = "DICOM" if case.media is not Media.DICOM else "IMAGE"
    rows = [{**row, "media_type": other, "row_data": "x"} for row in made.rows]
    assert faults(made.with_rows(rows), tmp_path)


# ---------------------------------------------------------------------------------------------- official SDK


@pytest.fixture(scope="module")
def sdk() -> SimpleNamespace:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("labelbox", reason="the official SDK is not installed")
        from labelbox.data.annotation_types import GenericDataRowData, temporal
        from labelbox.data.annotation_types import Label as CommonLabel
        from labelbox.data.serialization.ndjson import classification, label, objects, relationship
        from labelbox.data.serialization.ndjson.converter import NDJsonConverter
        from pydantic import TypeAdapter

        models = {**vars(classification), **vars(objects), **vars(relationship)}
        return SimpleNamespace(
            models=models,
            union=TypeAdapter(label.AnnotationType),
            temporal=temporal,
            row=GenericDataRowData,
            label=CommonLabel,
            serialize=NDJsonConverter.serialize,
        )


def plain(value: Any) -> Any:
    """Without what the SDK adds: empty fields, and the vertex that closes a ring."""
    if isinstance(value, dict):
        kept = {
            ("answer" if k == "answers" else k): plain(v)
            for k, v in value.items()
            if v is not None and not (k == "classifications" and not v)
        }
        if len(ring := kept.get("polygon", [])) > 3 and ring[0] == ring[-1]:
            kept["polygon"] = ring[:-1]
        return kept
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def rebuilt(sdk: SimpleNamespace, line: Line) -> Any:
    """The SDK's own temporal annotation of the same content: it writes such lines but never reads them."""
    t = sdk.temporal
    options = line["answer"]

    def ranges(option: Line) -> list[tuple[int, int]]:
        return [(f["start"], f["end"]) for f in option["frames"]]

    if "value" in options[0]:
        values = [(start, end, o["value"]) for o in options for start, end in ranges(o)]
        return t.TemporalClassificationText(name=line["name"], value=values)
    answers = [
        t.TemporalClassificationAnswer(
            name=o["name"],
            frames=ranges(o),
            classifications=[rebuilt(sdk, c) for c in o.get("classifications", [])] or None,
        )
        for o in options
    ]
    return t.TemporalClassificationQuestion(name=line["name"], value=answers)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_official_sdk_takes_it(case: Case, sdk: SimpleNamespace) -> None:
    _, line = write(case)
    if case.sdk == "temporal":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = list(sdk.serialize([sdk.label(data=sdk.row(global_key="k"), annotations=[rebuilt(sdk, line)])]))
        assert [plain({**json.loads(json.dumps(again[0])), "dataRow": line["dataRow"]})] == [line]
        return
    line = copy.deepcopy(line)
    if case.sdk == "groupKey":
        line.pop("groupKey")  # DICOM left the SDK
    name = {"groupKey": "NDVideoMasks" if "masks" in line else "NDSegments"}.get(case.sdk, case.sdk)
    model = sdk.models[name]
    read = model.model_validate(line)
    if name != "NDRelationship":
        assert type(sdk.union.validate_python(line)) is model
    if isinstance(line.get("answer"), dict):
        line["answer"].pop("frames", None)  # the model drops them
    dumped = json.loads(json.dumps(read.model_dump(by_alias=True, exclude_none=True), default=lambda b: b.decode()))
    for key in line.keys() - {"uuid"}:
        assert plain(dumped[key]) == plain(line[key])
