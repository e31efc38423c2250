"""Which fields of flat records are answers, where no labelling config says so.

A field with regions or options in any record is an answer in all. JSON-MIN writes the data of a task before its id and its
answers behind it, up to ``annotator``; the columns of a table stand in the order of the alphabet, which tells nothing.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from to_labelbox.report.codes import Code
from to_labelbox.report.errors import UsageError
from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.label_studio.assets import shows_media
from to_labelbox_formats.label_studio.config import UNTOLD, Control
from to_labelbox_formats.label_studio.files.flat_records import FLAT_KEYS, plain_fields
from to_labelbox_formats.label_studio.files.flat_values import FORMS, kind_of_value

_WHAT = "fields of flat records"
_OFFERED = 6
_DISTINCT = 50


class FlatFields:
    """What flat records let see of their fields, and what was taken: ``answers`` are the controls of short answers."""

    def __init__(self, given: str | None) -> None:
        self._given = None if given is None else [name.strip() for name in given.split(",") if name.strip()]
        self.answers: dict[str, Control] = {}
        self.counts: Counter[str] = Counter()
        """Records in which a field can be data as well as a short answer."""
        self.media: set[str] = set()
        self._kinds: dict[str, str] = {}
        self._listed: set[str] = set()
        self._distinct: dict[str, set[int]] = {}
        self._behind: dict[str, None] = {}
        self._in_order = self._against = 0

    def see(self, record: Mapping[str, Any]) -> Collection[str]:
        """Look at a record; its fields that are answers by what the user says or by their place are given back."""
        plain = plain_fields(record)
        for name in plain:
            value = record[name]
            self.counts[name] += 1
            if name not in self.media and shows_media(value):
                self.media.add(name)
            if isinstance(value, list) and not any(isinstance(one, list) for one in value):
                self._listed.add(name)
            distinct = self._distinct.setdefault(name, set())
            if len(distinct) < _DISTINCT:
                distinct.add(hash(str(value)))
        for name in record.keys() - FLAT_KEYS:
            if name not in self._kinds and (kind := kind_of_value(record[name])):
                self._kinds[name] = kind
        behind = self._behind_id(list(record), set(plain))
        return behind if self._given is None else self._given

    def _behind_id(self, names: list[str], plain: Collection[str]) -> list[str]:
        """The fields between id and annotator, where a record stands as JSON-MIN writes it."""
        id, annotator = (names.index(key) if key in names else -1 for key in ("id", "annotator"))
        if not -1 < id < annotator:
            return []
        behind = [name for name in names[id:annotator] if name and name in plain]
        fits = id > 0 and not any(n in self._kinds for n in names[:id]) and self.media.isdisjoint(behind)
        self._in_order += fits
        self._against += not fits
        self._behind.update(dict.fromkeys(behind))
        return behind if fits else []

    @property
    def _ordered(self) -> bool:
        return self._in_order > 0 and not self._against

    def settle(self) -> None:
        """Take the answers that the user names, else those of which there is evidence. Raises :class:`UsageError`."""
        for name in self._given or ():
            if name not in self.counts and name not in self._kinds:
                known = ", ".join(self.counts) or "none, as there is no JSON-MIN, CSV or TSV"
                raise UsageError(f"label-studio option answers: no record has a field {name!r}; fields are {known}")
        told = self._given if self._given is not None else self._behind if self._ordered else ()
        for name in (*told, *(n for n, kind in self._kinds.items() if kind in FORMS)):
            if name in self.counts:
                kind = self._kinds.get(name, "")
                self.answers[name] = Control(name, kind or UNTOLD, per_region=name in self._listed)

    @property
    def data(self) -> Counter[str]:
        """How many records hold each field that is data for sure."""
        decided = self._given is not None or self._ordered
        known = self.counts.keys() if decided else self.media
        return Counter({n: count for n, count in self.counts.items() if n in known and n not in self.answers})

    def tell(self, log: Log, data_key: str | None, file: str) -> None:
        """Say which fields were taken for what; asks where that leaves nothing to convert. Raises :class:`UsageError`."""
        if self._given is not None:
            return
        if self._ordered:
            if self._behind:
                why = "JSON-MIN writes the data of a task before its id and the answers behind it"
                taken = f"answers: {', '.join([*self._behind][:8])}"
                log.assume(_WHAT, taken, for_=self._in_order, why=why, option="-O answers=NAME,…")
            return
        rest = [n for n in self.counts if n not in (*self.answers, *self.media, data_key)]
        if not (self.media or data_key in self.counts or len(rest) > 1) or not rest:
            return
        if not self._kinds:
            rest.sort(key=lambda name: len(self._distinct[name]))
            ask(
                "No field holds regions or options, and nothing says which of them is an answer: CSV and JSON-MIN write a "
                "single choice and a text like data. -O config=FILE, the labelling config, says it.",
                [
                    *((f"-O {shlex.quote(f'answers={n}')}", self._described(n)) for n in rest[:_OFFERED]),
                    ("-O answers=", "none of them is an answer"),
                ],
            )
        fields = ", ".join(rest[:8])
        log.assume(
            _WHAT,
            f"data: {fields}",
            unknown=len(rest),
            why="JSON-MIN and CSV tell single choices and texts in the same way",
            option="-O config=FILE",
        )
        log.note(
            Code.FIELD_IGNORED,
            "JSON-MIN and CSV do not tell single choices and texts from data, so these fields were taken for data: "
            f"{fields}; if any of them is an answer, give the labelling config with -O config=FILE",
            file=file,
        )

    def _described(self, name: str) -> str:
        count = len(self._distinct[name])
        many = f"at least {_DISTINCT}" if count == _DISTINCT else str(count)
        return f"{name!r} is an answer; it has {many} different value{'' if count == 1 else 's'}"
