"""What webhooks send, lists of stored annotations, predictions and drafts, and answers over time in the ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import box, read, region, task, write
from harness import codes
from to_labelbox.model.items import Object
from to_labelbox.plugins.reader import Refusal
from to_labelbox.report.log import Log
from to_labelbox.report.report import Report
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio import FORMAT


def payload(id: int, result: list[dict[str, Any]], when: str = "2024-01-01", **more: Any) -> dict[str, Any]:
    """What a webhook sends when an annotation was made."""
    annotation = {"id": id, "result": result, "task": 1, "created_at": f"{when}T00:00:00Z", "was_cancelled": False}
    shown = {"id": 1, "data": {"shown": "/data/upload/1/0123abcd-a.jpg"}, "project": 4}
    return {"action": "ANNOTATION_CREATED", "annotation": annotation, "project": {"id": 4}, "task": shown, **more}


def examples(report: Report, code: str) -> list[str]:
    return [e.message for d in report.diagnostics if d.code == code for e in d.examples]


def labels(file: Path, **options: Any) -> tuple[list[str], Log]:
    items, log = read(file, **options)
    return [a.label for i in items for a in i.annotations if isinstance(a, Object)], log


@pytest.mark.parametrize("form", ["object", "lines", "list", "folder"])
def test_payloads_of_a_webhook_are_annotations_with_their_task(tmp_path: Path, form: str) -> None:
    """Of several about one task the newest counts, as in an export."""
    sent = [payload(7, [box(label="car")]), payload(8, [box(label="bus")], "2024-01-02")]
    file = tmp_path / "sent.json"
    if form == "object":
        file.write_text(json.dumps(sent[1]))
    elif form == "list":
        file.write_text(json.dumps(sent))
    elif form == "lines":
        file = tmp_path / "sent.jsonl"
        file.write_text("".join(json.dumps(s) + "\n" for s in sent))
    else:
        file = tmp_path / "sent"
        file.mkdir()
        for number, one in enumerate(sent):
            (file / f"{number}.json").write_text(json.dumps(one))
    found, log = labels(file)
    assert found == ["bus"]
    assert log.unreadable == 0
    report = to_labelbox.convert(file, tmp_path / "out")
    assert report.exit_code() == 0
    assert report.unread == []
    assert [f for f in to_labelbox.validate(tmp_path / "out") if f.severity == "error"] == []


def test_a_list_of_annotations_with_their_tasks_inside(tmp_path: Path) -> None:
    stored = [
        {**payload(n, [box(label=f"class {n}")])["annotation"], "task": {"id": n, "data": {"shown": f"{n}.jpg"}}}
        for n in range(3)
    ]
    (tmp_path / "a.json").write_text(json.dumps(stored))
    assert labels(tmp_path / "a.json")[0] == ["class 0", "class 1", "class 2"]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({**payload(1, [box()]), "task": 1}, "what a webhook sends, but its task is no object"),
        ([payload(1, [box()])["annotation"]], "a list of annotations without their tasks"),
        ([{"result": [box()], "score": 0.5}], "predictions or annotations without their tasks"),
        ([box()], "a list of regions without their tasks"),
    ],
)
def test_what_holds_no_task_is_refused_with_the_reason(tmp_path: Path, record: object, reason: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps(record))
    refused = FORMAT.sniff(Source(tmp_path / "a.json"))
    assert isinstance(refused, Refusal)
    assert reason in refused.reason


def test_a_broken_payload_costs_itself(tmp_path: Path) -> None:
    lines = [
        payload(1, [box()]),
        {**payload(2, []), "annotation": 5},
        payload(3, [box(label="bus"), {**box(), "value": 3}], "2024-01-03"),
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(s) + "\n" for s in lines))
    found, log = labels(tmp_path / "a.jsonl")
    assert found == ["bus"]
    assert log.unreadable == 1
    assert log.ledger["bus"].read == 1


# ------------------------------------------------------------------------------------- predictions and drafts


def guess(*result: dict[str, Any]) -> dict[str, Any]:
    return {"id": 5, "result": list(result)}


def test_of_predictions_alone_the_advised_option_takes_the_last(tmp_path: Path) -> None:
    one = {"id": 1, "data": {"shown": "a.jpg"}, "predictions": [guess(box(label="old")), guess(box(label="new"))]}
    file = write(tmp_path, [one])
    without = to_labelbox.convert(file, tmp_path / "out")
    assert without.exit_code() == 3
    assert set(examples(without, "prediction")) == {"predictions are not ground truth; -O predictions=true takes them"}
    taken = to_labelbox.convert(file, tmp_path / "out", options={"predictions": True}, overwrite=True)
    assert taken.exit_code() == 0
    assert {k: t.written for k, t in taken.classes.items()} == {"old": 0, "new": 1}
    assert set(examples(taken, "prediction")) == {"of several ones of a task the last is taken"}


@pytest.mark.parametrize("options", [{}, {"predictions": True, "drafts": True}])
def test_where_an_annotation_counts_no_option_is_advised(tmp_path: Path, options: dict[str, bool]) -> None:
    """An annotation without regions says that there is nothing, and counts."""
    one = task([], predictions=[guess(box())], drafts=[guess(box())])
    report = to_labelbox.convert(write(tmp_path, [one]), tmp_path / "out", options=options)
    assert codes(report)["prediction"] == codes(report)["not-selected"] == 1
    said = [*examples(report, "prediction"), *examples(report, "not-selected")]
    assert all("-O" not in m and "the task has an annotation" in m for m in said)


# --------------------------------------------------------------------------------------- answers over time, counted


def counts(file: Path, out: Path) -> dict[str, tuple[int, int, int]]:
    report = to_labelbox.convert(file, out)
    return {k: (t.read, t.written, t.skipped) for k, t in report.classes.items()}


def test_stretches_of_time_are_counted_by_their_label(tmp_path: Path) -> None:
    def heard(id: str, *names: str, start: float = 0) -> dict[str, Any]:
        return region("labels", {"start": start, "end": start + 1, "channel": 0, "labels": list(names)}, id)

    sound = task(
        [
            heard("a", "guest"),
            heard("b", "host", start=2),
            heard("c", "host", start=4),
            heard("d", "guest", "host", start=6),
        ],
        {"shown": "a.wav"},
    )
    wrong = task([heard("e", "host", start=-9)], {"shown": "b.wav"}, 2)
    film = task(
        [region("timelinelabels", {"ranges": [{"start": 1, "end": 5}], "timelinelabels": ["goal"]})],
        {"shown": "a.mp4"},
        3,
    )
    assert counts(write(tmp_path, [sound, wrong]), tmp_path / "sounds") == {
        "labels: guest": (1, 1, 0),
        "labels: host": (3, 2, 1),
        "labels": (1, 1, 0),
    }
    assert counts(write(tmp_path, [film]), tmp_path / "films") == {"timelinelabels: goal": (1, 1, 0)}


# -------------------------------------------------------------------------------------------------------- messages


def test_no_message_speaks_as_the_parser_does(tmp_path: Path) -> None:
    """A field of the wrong kind is named, with what stands there and what was expected."""
    result = [
        box("a"),
        {**box("b"), "original_width": "wide"},
        {**box("c"), "value": None},
        region(
            "polygonlabels",
            {"points": [[1, 2], [3, "x"], [4, 5]], "polygonlabels": ["car"]},
            "d",
            original_width=10,
            original_height=10,
        ),
        region(
            "videorectangle",
            {"sequence": [{"frame": "one"}], "labels": ["car"]},
            "e",
            original_width=10,
            original_height=10,
            to_name="film",
        ),
        region(
            "brushlabels",
            {"format": "rle", "rle": ["x"], "brushlabels": ["car"]},
            "f",
            original_width=10,
            original_height=10,
        ),
        "no region",
    ]
    tasks: list[Any] = [task(result), {**task([box()]), "annotations": 7}, {**task([box()]), "data": [1]}, 5]  # type: ignore[arg-type]
    file = write(tmp_path, tasks)
    report = to_labelbox.convert(file, tmp_path / "out")
    said = [str(e) for d in report.diagnostics for e in d.examples]
    assert not [m for m in said if "`" in m or "$" in m or "Expected" in m or "malformed" in m]
    for expected in (
        'original_width: found "wide", expected a number',
        'points are no pairs of numbers: [1][1]: found "x"',
        'frame: found "one"',
        "found [1], expected an object",
        "found 7, expected a list",
        'found "no region", expected an object',
        "found null, expected an object",
    ):
        assert any(expected in m for m in said), expected
