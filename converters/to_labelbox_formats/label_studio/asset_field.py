"""Which field of the data an object shows, where no labelling config says so.

The regions' own ``source`` does, in newer exports. Else texts do by themselves: spans quote what they cover, so the field
in which the quotes stand at their offsets is the one. A field that is only the longest text of its task is an assumption.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, KeysView, Mapping
from typing import Any

import msgspec

from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.label_studio.assets import guess_key, shows_media
from to_labelbox_formats.label_studio.config import Config, Shown
from to_labelbox_formats.label_studio.files.records import whole_number

_WHAT = "field of the data that holds the asset"
_FLIP = "-O data_key=NAME"
_OFFERED = 6


class FieldEvidence:
    """What tasks let see: which fields the spans on an object quote, and where nothing but its length tells a text."""

    def __init__(self) -> None:
        self._quoted: Counter[tuple[str, str]] = Counter()
        self._spans: Counter[str] = Counter()
        self._fields: set[str] = set()
        self._longest = 0
        self._media: Counter[str] = Counter()
        self._texts: Counter[str] = Counter()

    def see(self, data: Mapping[str, Any], regions: Iterable[Mapping[str, Any]]) -> None:
        """Look at a task; regions of flat records are values that name no object."""
        self._fields.update(data)
        texts = {name: value for name, value in data.items() if isinstance(value, str) and value}
        self._texts.update(texts.keys())
        self._media.update(name for name, value in data.items() if shows_media(value))
        if len(texts) < 2:
            return
        guessed = guess_key(data)
        if guessed in texts and not shows_media(texts[guessed]):
            self._longest += 1
        for region in regions:
            value = region.get("value", region)
            if not isinstance(value, dict):
                continue
            start, end, quote = whole_number(value.get("start")), whole_number(value.get("end")), value.get("text")
            if start is not None and end is not None and isinstance(quote, str) and 0 <= start < end:
                shown = region.get("to_name")
                name = shown if isinstance(shown, str) else ""
                self._spans[name] += 1
                self._quoted.update((name, field) for field, text in texts.items() if text[start:end] == quote)

    @property
    def texts(self) -> KeysView[str]:
        """Fields that hold a text in any task."""
        return self._texts.keys()

    def ask(self) -> None:
        """Ask for the field where no task lets see it. Raises :class:`~to_labelbox.report.errors.UsageError`."""
        fields = [name for name, _ in (self._media or self._texts).most_common(_OFFERED)]
        if len(fields) > 1:
            ask(
                "Nothing says which field of the data is the asset: there is no labelling config (-O config=FILE), and "
                "several fields could be it.",
                [(f"-O {shlex.quote(f'data_key={name}')}", f"the asset is {name!r}") for name in fields],
            )

    def settle(self, config: Config, data_key: str | None, log: Log) -> Config:
        """The stand-in for a config, with the fields that its objects show."""
        if data_key is not None:
            return config
        objects = config.objects or {"": Shown("", "", "")}
        known = {name: self._with_field(name, shown, log) for name, shown in objects.items()}
        if known == {"": Shown("", "", "")}:
            return config
        return msgspec.structs.replace(config, objects=known)

    def _with_field(self, name: str, shown: Shown, log: Log) -> Shown:
        if shown.value or name in self._fields:
            return shown
        if name.startswith("$"):
            # versions that named the expression in place of the object
            return msgspec.structs.replace(shown, value=name)
        (field, most), (_, next_most) = self._ranked(name)
        spans = self._spans[name]
        if most > next_most and 2 * most > spans:
            log.assume(
                _WHAT,
                field,
                for_=most,
                against=spans - most,
                why="counted are spans whose text stands in the field at their offsets, and others",
                option=_FLIP,
            )
            return msgspec.structs.replace(shown, value=f"${field}")
        if self._longest:
            log.assume(
                _WHAT,
                "the longest text of each task",
                unknown=self._longest,
                why="neither a labelling config nor the regions tell",
                option=_FLIP,
            )
        return shown

    def _ranked(self, name: str) -> list[tuple[str, int]]:
        """The two fields that spans on an object quote most often."""
        found = Counter({field: count for (shown, field), count in self._quoted.items() if shown == name})
        return [*found.most_common(2), ("", 0), ("", 0)][:2]
