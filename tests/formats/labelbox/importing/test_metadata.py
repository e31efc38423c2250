"""Metadata of data rows is checked before anything is sent: the SDK refuses a whole upload for one value."""

from __future__ import annotations

from pathlib import Path

import pytest

import to_labelbox
from formats.labelbox.importing.payloads import asset
from formats.labelbox.importing.stand_in import StandIn
from formats.labelbox.importing.test_existing import created
from formats.labelbox.importing.test_media import rewritten
from formats.labelbox.importing.test_steps import run
from to_labelbox import RefusedError, Settings
from to_labelbox.model.items import Item, Media

pytestmark = pytest.mark.filterwarnings("ignore")


def out_of(folder: Path, **fields: object) -> Path:
    """One row with these fields, as they would stand in a file that somebody has edited."""
    to_labelbox.write([Item(asset=asset(Media.IMAGE, "a/1"))], folder, settings=Settings(url_prefix="https://e.org"))
    return rewritten(folder, metadata_fields=[{"name": name, "value": value} for name, value in fields.items()])


def test_fields_that_labelbox_has_are_filled(service: StandIn, tmp_path: Path) -> None:
    run(service, out_of(tmp_path / "out", split="valid", tag="x", captureDateTime="2024-05-31T12:00:00Z"))
    (row,) = service.service.tables["row"].values()
    kinds = {field["schemaId"][:2] for field in row["metadata"]}
    assert kinds == {"sp", "op", "ta", "ca"}
    assert service.service.metadata == []


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("captureDateTime", "yesterday", r"'captureDateTime'.*ISO 8601"),
        ("flown", "yesterday", r"'flown' of 'a/1.jpg'.*ISO 8601"),
        ("height", "tall", r"'height' of 'a/1.jpg'.*is no number"),
        ("tag", "x" * 5000, "at most 4096 are taken"),
    ],
)
def test_values_that_labelbox_would_refuse(
    service: StandIn, tmp_path: Path, field: str, value: object, message: str
) -> None:
    for name, kind in (("flown", "DateTime"), ("height", "Number")):
        own = {
            "id": name[:2] + "2" * 23,
            "name": name,
            "kind": f"CustomMetadata{kind}",
            "reserved": False,
            "options": [],
        }
        service.service.metadata.append(own)
    with pytest.raises(RefusedError, match=message):
        run(service, out_of(tmp_path / "out", **{field: value}))
    assert created(service) == []


def test_an_enum_takes_its_options_only(service: StandIn, tmp_path: Path) -> None:
    option = {"id": "op" + "1" * 23, "name": "north", "kind": "CustomMetadataEnumOption", "reserved": False}
    enum = {"id": "si" + "1" * 23, "name": "site", "kind": "CustomMetadataEnum", "reserved": False, "options": [option]}
    service.service.metadata = [enum]
    with pytest.raises(RefusedError, match=r"'site' of 'a/1.jpg'.*'south' is none of its options \(north\)"):
        run(service, out_of(tmp_path / "out", site="south"))
    assert created(service) == []
    assert run(service, out_of(tmp_path / "other", site="north"), project="b").rows.new == 1


def test_custom_fields_are_made_once_the_plan_is_accepted(service: StandIn, tmp_path: Path) -> None:
    out = out_of(tmp_path / "out", camera="left", speed=3.5)
    told: list[str] = []
    run(service, out, tell=told.append)
    assert "new fields: camera (string), speed (number)" in told[0]
    assert {f["name"]: f["kind"] for f in service.service.metadata} == {
        "camera": "CustomMetadataString",
        "speed": "CustomMetadataNumber",
    }


def test_a_number_is_written_into_a_field_of_texts(service: StandIn, tmp_path: Path) -> None:
    service.service.metadata = [
        {"id": "nu" + "1" * 23, "name": "flight", "kind": "CustomMetadataString", "reserved": False, "options": []}
    ]
    run(service, out_of(tmp_path / "out", flight=12))
    (row,) = service.service.tables["row"].values()
    assert [field["value"] for field in row["metadata"]] == ["12"]
