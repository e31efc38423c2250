"""Which class, question or control the names in a result stand for."""

from __future__ import annotations

from collections.abc import Sequence

from to_labelbox.report.codes import Code
from to_labelbox.report.errors import Refused
from to_labelbox.report.log import UNNAMED, Log
from to_labelbox_formats.label_studio.config import Config, Control, Declared, base_name, is_bare_tool
from to_labelbox_formats.label_studio.files.records import Region
from to_labelbox_formats.label_studio.regions.region_log import Place


class Naming:
    """Names by the labelling config, as far as there is one; ``unlabelled`` is the class of regions without a label.

    ``plain``: what :meth:`plain_label` has given, by control and label.
    """

    def __init__(self, config: Config, declared: Declared, unlabelled: str | None, log: Log) -> None:
        self._config = config
        self._unlabelled = unlabelled
        self._log = log
        self._renamed = declared.renamed
        self._controls: dict[str, Control | None] = {}
        self.plain: dict[tuple[str | None, str], str] = {}
        self._known = {(c.name, e.name) for c in config.controls.values() for e in c.entries}
        self._by_value = {(c.name, e.shown): e.name for c in config.controls.values() for e in c.entries if e.shown}
        self._bare = {c.name for c in config.controls.values() if is_bare_tool(c, config)}

    def control(self, name: str | None) -> Control | None:
        if name is None:
            return None
        if name not in self._controls:
            self._controls[name] = self._config.control(name)
        return self._controls[name]

    def question(self, name: str | None) -> str:
        """The name of the question that a control asks."""
        control = self.control(name)
        return base_name(control.name) if control else name or UNNAMED

    def counted_as(self, entry: Region, options: Sequence[str]) -> str:
        """What the ledger calls an answer: its question with its option, the question alone where there are several."""
        question = self.question(entry.from_name)
        return f"{question}: {options[0]}" if len(options) == 1 else question

    def label(self, entry: Region, label: str, place: Place) -> str:
        """The class of a label, told apart by its control where several have it."""
        control = self.control(entry.from_name)
        if control is None:
            if self._config.found and entry.from_name:
                message = f"the control {entry.from_name!r} is not in the labelling config"
                self._log.note(Code.CLASS_UNKNOWN, message, file=place.file, where=place.where)
            return label
        if self._config.found and control.entries and (control.name, label) not in self._known:
            if alias := self._by_value.get((control.name, label)):
                message = f"{label!r} is named by its alias {alias!r}, which the labelling config gives it"
                self._log.note(Code.FIELD_REPAIRED, message, file=place.file, where=place.where)
                return self._renamed.get((control.name, alias), alias)
            message = f"{control.name!r} has no label {label!r} in the labelling config; it is kept"
            self._log.note(Code.CLASS_UNKNOWN, message, file=place.file, where=place.where)
        return self._renamed.get((control.name, label), label)

    def plain_label(self, entry: Region, label: str) -> str | None:
        """The class of a label about which there is nothing to say; None for any other."""
        name = None
        if label:
            control = self.control(entry.from_name)
            if self._config.found and (control is None or (control.name, label) not in self._known):
                return None
            name = self.plain[entry.from_name, label] = (
                self._renamed.get((control.name, label), label) if control is not None else label
            )
        return name

    def class_without_label(self, entries: Sequence[Region]) -> str:
        """The class of a shape without a label: its tool where that has no labels to give. Raises :class:`Refused`."""
        for entry in entries:
            control = self.control(entry.from_name)
            if control is not None and control.name in self._bare:
                return base_name(control.name)
        first = entries[0]
        control = self.control(first.from_name)
        if first.kind == "taxonomy" and (control is None or control.labelling or not self._config.found):
            return self.question(first.from_name)  # a taxonomy marks regions; which path is an answer about them
        if self._unlabelled:
            return self._unlabelled
        raise Refused(Code.CLASS_UNNAMED, "the region has no label; -O unlabelled=NAME gives such regions a class")
