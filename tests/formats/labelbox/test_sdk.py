"""The official SDK reads what is written: its wire models, its ontology builder, its NDJSON reader.

Answers over frames or times are left out: the SDK writes them and has no reader for them.
"""

from __future__ import annotations

import base64
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from harness import Case, cases, lines, ontology

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the SDK's own imports
    sdk = pytest.importorskip("labelbox", reason="the official SDK is not installed")
    from labelbox import OntologyBuilder, parser
    from labelbox.data.annotation_types import GenericDataRowData, Label
    from labelbox.data.serialization.ndjson import label as wire
    from labelbox.data.serialization.ndjson import objects
    from labelbox.data.serialization.ndjson.converter import NDJsonConverter
    from labelbox.schema.annotation_import import AnnotationImport
    from pydantic import TypeAdapter

pytestmark = pytest.mark.filterwarnings("ignore")

LINE = TypeAdapter(wire.AnnotationType)
MODELS = {
    "bbox": {"NDRectangle", "NDDocumentRectangle"},
    "polygon": {"NDPolygon"},
    "line": {"NDLine"},
    "point": {"NDPoint"},
    "mask": {"NDMask"},
    "masks": {"NDVideoMasks"},
    "segments": {"NDSegments"},
    "location": {"NDTextEntity", "NDConversationEntity"},
    "textSelections": {"NDDocumentEntity"},
    "relationship": {"NDRelationship"},
    "answer": {"NDRadio", "NDChecklist", "NDText"},
}
SHAPES = ("bbox", "polygon", "line", "point", "mask")
"""What is followed into the SDK's own annotation and back."""


def kind_of(line: dict[str, Any]) -> str:
    (kind,) = MODELS.keys() & line.keys()
    return kind


def is_timed(line: dict[str, Any]) -> bool:
    answer = line.get("answer")
    listed = answer if isinstance(answer, list) else [answer]
    return any(isinstance(one, dict) and "frames" in one for one in listed)


def there_and_back(line: dict[str, Any], model: Any) -> dict[str, Any]:
    """The line as the SDK writes the annotation that it has read from it."""
    row = line["dataRow"]
    data = GenericDataRowData(**({"global_key": row["globalKey"]} if "globalKey" in row else {"uid": row["id"]}))
    (back,) = NDJsonConverter.serialize([Label(data=data, annotations=[objects.NDObject.to_common(model)])])
    return dict(back)


def numbers(kind: str, shape: Any) -> list[float]:
    """The sides of a box, the vertices of an open ring or a line, or the pixels of a mask."""
    if kind == "mask":
        with Image.open(io.BytesIO(base64.b64decode(shape["png"]))) as picture:
            return [*picture.size, *(np.asarray(picture) != 0).ravel().tolist()]
    if isinstance(shape, dict):
        return [value for _, value in sorted(shape.items())]
    vertices = [(point["x"], point["y"]) for point in shape]
    return [v for point in (vertices[:-1] if vertices[0] == vertices[-1] else vertices) for v in point]


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.id)
def test_the_sdk_reads_every_line(case: Case, tmp_path: Path) -> None:
    case.convert(tmp_path / "out")
    OntologyBuilder.from_dict(ontology(tmp_path / "out")).asdict()
    found = lines(tmp_path / "out")
    if found:
        assert parser.loads((tmp_path / "out" / "annotations.ndjson").read_text().strip()) == found
        AnnotationImport._validate_data_rows(found)
    for line in found:
        if is_timed(line):
            continue
        kind = kind_of(line)
        model = LINE.validate_python(line)
        assert type(model).__name__ in MODELS[kind], line
        if kind in SHAPES and "page" not in line:
            back = there_and_back(line, model)
            assert numbers(kind, back[kind]) == pytest.approx(numbers(kind, line[kind]), abs=1e-9)
            assert back["name"] == line["name"]
            assert [c["name"] for c in back.get("classifications", [])] == [
                c["name"] for c in line.get("classifications", [])
            ]
