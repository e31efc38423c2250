"""``OUT/compare.json`` and ``OUT/compare.ndjson``: counts by class, and each annotation that is not as it was sent."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import msgspec

from to_labelbox.model.text import display, n_of, shortened
from to_labelbox.plugins.comparer import ClassComparison, CompareReport
from to_labelbox.report.errors import UsageError
from to_labelbox_formats.labelbox.comparing.differences import Difference
from to_labelbox_formats.labelbox.comparing.features import Feature
from to_labelbox_formats.labelbox.importing.report import Messages, place_in_words
from to_labelbox_formats.labelbox.output import Output, SourceIndex

REPORT = "compare.json"
FINDINGS = "compare.ndjson"
CLASSES_SHOWN = 20
MESSAGES_SHOWN = 10


class Tally:
    """Counts what is found, and writes what is not as it was sent."""

    def __init__(self, output: Output) -> None:
        self.classes: dict[str, ClassComparison] = {}
        self.messages = Messages()
        self.findings = 0
        self._index = SourceIndex(output)
        self._path = os.path.join(output.folder, FINDINGS)
        try:
            self._file = open(f"{self._path}.partial", "wb")  # noqa: SIM115  (closed by close)
        except OSError as error:
            raise UsageError(f"{self._path} cannot be written: {error.strerror}") from None

    def pair(self, sent: Feature, found: Feature, made: Difference, key: str) -> None:
        counts = self._class(sent.name)
        counts.annotations += 1
        counts.measure(made.iou, made.offset)
        if not made.reasons:
            counts.same += 1
            counts.not_compared += not made.compared
            return
        counts.different += 1
        more: dict[str, Any] = {"feature_id": found.id or None}
        more |= {name: round(v, 6) for name in ("iou", "offset") if (v := getattr(made, name)) is not None}
        self._tell("different", sent, key, "; ".join(made.reasons), more)

    def missing(self, sent: Feature, key: str, why: str) -> None:
        counts = self._class(sent.name)
        counts.annotations += 1
        counts.missing += 1
        self._tell("missing", sent, key, why, {})

    def beside(self, found: Feature, key: str, state: str) -> None:
        """``extra`` or ``doubled``."""
        counts = self._class(found.name)
        setattr(counts, state, getattr(counts, state) + 1)
        why = "is in the export only" if state == "extra" else "is in the export once more"
        self._tell(state, found, key, why, {"feature_id": found.id or None})

    def _class(self, name: str) -> ClassComparison:
        return self.classes.setdefault(name, ClassComparison())

    def _tell(self, state: str, feature: Feature, key: str, message: str, more: dict[str, Any]) -> None:
        told: dict[str, Any] = {"state": state, "key": key, "class": feature.name, "kind": feature.kind}
        if feature.line >= 0:
            told |= {"line": feature.line + 1, "uuid": feature.id or None}
            told |= self._index.find(feature.line, feature.id)
        told |= more
        self.messages.add(state, message, feature.name, told)
        self._file.write(msgspec.json.encode({**told, "message": message}) + b"\n")
        self.findings += 1

    def publish(self) -> str:
        """The path of the file, if there is anything in it; one of an earlier comparison goes."""
        self._file.close()
        if self.findings:
            os.replace(f"{self._path}.partial", self._path)
            return self._path
        with suppress(FileNotFoundError):
            os.remove(self._path)
        return ""

    def close(self) -> None:
        """Leave nothing that is not whole."""
        self._index.close()
        with suppress(OSError):
            self._file.close()
        with suppress(FileNotFoundError):
            os.remove(f"{self._path}.partial")


def save(report: CompareReport, folder: str) -> None:
    path = os.path.join(folder, REPORT)
    with open(f"{path}.partial", "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(report.as_json()), indent=1) + b"\n")
    os.replace(f"{path}.partial", path)


# ------------------------------------------------------------------------------------------------------------- words

_HEAD = ("sent", "same", "different", "missing", "extra", "doubled", "IoU from", "off up to")


def in_words(report: CompareReport) -> str:
    """The table, which adds up: sent = same + different + missing."""
    lines = [f"{'class':<26}" + "".join(f"{h:>11}" for h in _HEAD)]
    worst = sorted(
        report.classes.items(), key=lambda c: (-(c[1].missing + c[1].different + c[1].doubled), -c[1].annotations)
    )
    lines += [_row(name, counts) for name, counts in worst[:CLASSES_SHOWN]]
    if len(worst) > CLASSES_SHOWN:
        lines.append(f"… and {n_of(len(worst) - CLASSES_SHOWN, 'more class', 'more classes')}, in {REPORT}")
    lines.append(_row("total", report.annotations))
    rows = report.rows
    told = [f"{n_of(rows.total, 'data row')}: {rows.compared:,} compared"]
    told += [f"{rows.missing:,} not in the export"] if rows.missing else []
    told += [f"{rows.without_label:,} without a label"] if rows.without_label else []
    lines.append(", ".join(told))
    for message in report.messages[:MESSAGES_SHOWN]:
        lines.append(f"{message.count:,} × {message.what}: {display(message.message)}")
        lines += [f"    {place_in_words(e)}" for e in message.examples[:2]]
    if len(report.messages) > MESSAGES_SHOWN:
        lines.append(f"… and {len(report.messages) - MESSAGES_SHOWN} more kinds, in {REPORT}")
    lines += [f"note  {display(note)}" for note in report.notes]
    if report.findings:
        lines.append(f"each with its source: {report.findings}")
    return "\n".join(lines)


def _row(name: str, c: ClassComparison) -> str:
    shown = shortened(display(name), 25)
    counts = (c.annotations, c.same, c.different, c.missing, c.extra, c.doubled)
    figures = ("" if c.iou is None else f"{c.iou:.3f}", "" if c.offset is None else f"{c.offset:.4g}")
    return f"{shown:<26}" + "".join(f"{v:>11,}" for v in counts) + "".join(f"{f:>11}" for f in figures)
