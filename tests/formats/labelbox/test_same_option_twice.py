"""An option that is chosen twice on one data row, each time with another nested answer, keeps both."""

from __future__ import annotations

from pathlib import Path

import to_labelbox
from harness import item, lines, ontology
from to_labelbox.model.items import Attribute, Choice, Classification


def test_both_nested_answers_are_written(tmp_path: Path) -> None:
    answers = [
        Classification(
            id=weather, name="scene", value=Choice("day", (Attribute("weather", weather), Attribute("lit", "yes")))
        )
        for weather in ("rain", "sun", "rain")
    ]
    to_labelbox.write([item(*answers)], tmp_path / "o")
    (line,) = lines(tmp_path / "o")
    assert line["answer"]["classifications"] == [
        {"name": "weather", "answer": [{"name": "rain"}, {"name": "sun"}]},
        {"name": "lit", "answer": {"name": "yes"}},
    ]
    (option,) = ontology(tmp_path / "o")["classifications"][0]["options"]
    assert {q["name"]: q["type"] for q in option["options"]} == {"weather": "checklist", "lit": "radio"}
    assert [f for f in to_labelbox.validate(tmp_path / "o") if f.severity == "error"] == []
