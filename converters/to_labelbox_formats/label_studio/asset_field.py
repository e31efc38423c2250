"""Which field of the data an object shows, where no labelling config says so.

The regions' own ``source`` does, in newer exports. Else texts do by themselves: spans quote what they cover, so the field
in which the quotes stand at their offsets is the one. A field that is only the longest text of its task is an assumption.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from to_labelbox.report.log import Log
from to_labelbox.report.observations import ask
from to_labelbox_formats.label_studio.assets import AUDIO_EXTENSIONS, extension, guess_key, pages_of, shows_media
from to_labelbox_formats.label_studio.config import Config, Shown, root_key
from to_labelbox_formats.label_studio.files.records import quoted_span, whole_number
from to_labelbox_formats.label_studio.regions.text_offsets import Offsets

_WHAT = "field of the data that holds the asset"
_FLIP = "-O data_key=NAME"
_KEYS = "fields of what is said in a dialogue"
_OFFERED = 6
_WORDS = 1000
"""How many times more a text with blanks is than one without, where only its length tells it."""
_TEXT_KEYS = ("text", "content")
_NAME_KEYS = ("author", "role", "speaker", "name", "user", "sender", "from", "who")
"""Keys of who speaks, the editor's own first."""


class FieldEvidence:
    """What tasks let see: which fields the spans on an object quote, and where nothing but its length tells a text."""

    def __init__(self) -> None:
        self._quoted: Counter[tuple[str, str]] = Counter()
        self._spans: Counter[str] = Counter()
        self._fields: set[str] = set()
        self._longest = 0
        self._media: Counter[str] = Counter()
        self._paged: set[str] = set()
        self._most_pages = 0
        self._indexed = False
        self._other_than_sound: set[str] = set()
        self.guessed: set[str] = set()
        """The fields that hold the asset where nothing but the data tells."""
        self._texts: Counter[str] = Counter()
        self._dialogues: Counter[str] = Counter()
        self._said: Counter[str] = Counter()
        self._lengths: Counter[str] = Counter()

    def see(self, data: Mapping[str, Any], regions: Iterable[Mapping[str, Any]]) -> None:
        """Look at a task; regions of flat records are values that name no object."""
        self._fields.update(data)
        texts = {name: value for name, value in data.items() if isinstance(value, str) and value}
        self._texts.update(texts.keys())
        media = [name for name, value in data.items() if shows_media(value)]
        self._media.update(media)
        for name in media:
            value = data[name]
            if isinstance(value, list):
                self._paged.add(name)
                self._most_pages = max(self._most_pages, len(value))
                self._indexed = self._indexed or any(region.get("item_index") for region in regions)
            if name not in self._other_than_sound and any(
                extension(str(page)) not in AUDIO_EXTENSIONS for page in pages_of(value)
            ):
                self._other_than_sound.add(name)
        guessed = guess_key(data) if len(data) > 1 else next(iter(data), None)
        if guessed is not None:
            self.guessed.add(guessed)
        dialogues = {name: value for name, value in data.items() if _is_dialogue(value)}
        if dialogues:
            self._see_dialogues(dialogues, regions)
        if len(texts) < 2:
            return
        if guessed in texts and not shows_media(texts[guessed]):
            self._longest += 1
        for region in regions:
            if span := quoted_span(region.get("value", region)):
                start, end, quote = span
                shown = region.get("to_name")
                name = shown if isinstance(shown, str) else ""
                self._spans[name] += 1
                self._quoted.update((name, field) for field, text in texts.items() if text[start:end] == quote)

    def _see_dialogues(self, found: Mapping[str, Any], regions: Iterable[Mapping[str, Any]]) -> None:
        """Look at lists of what somebody says: under which key the spans in them quote a text, and how long texts are."""
        self._dialogues.update(found.keys())
        items = [item for listed in found.values() for item in listed]
        for item in items:
            # what is said has blanks, however long an id is
            self._lengths.update(
                {k: len(t) * (_WORDS if " " in t else 1) for k, t in item.items() if isinstance(t, str)}
            )
        texts: dict[str, Offsets] = {}
        for region in regions:
            value = region.get("value", region)
            if not isinstance(value, dict) or "startOffset" not in value or not isinstance(value.get("text"), str):
                continue
            first, last, start, end = (whole_number(value.get(k)) for k in ("start", "end", "startOffset", "endOffset"))
            if first is not None and first == last and start is not None and end is not None:
                at = [listed[first] for listed in found.values() if 0 <= first < len(listed)]
                self._said.update(
                    key
                    for item in at
                    for key, text in item.items()
                    if isinstance(text, str) and texts.setdefault(text, Offsets(text)).agrees(start, end, value["text"])
                )

    @property
    def pages(self) -> int:
        """Of how many files a Repeater can make an object each, where all that tasks show are lists of them.

        Regions that say their place in a list are on one object that shows it.
        """
        return self._most_pages if self._paged == self._media.keys() and not self._indexed else 0

    @property
    def sounds(self) -> set[str]:
        """Fields that hold files of sound alone."""
        return self._media.keys() - self._other_than_sound

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
        if self._dialogues:
            # other lists of objects, like options that a task offers, are no dialogue
            named = {name for shown in objects.values() for name in (shown.name, root_key(shown.value))}
            used = self._said or not (self._texts or self._media) or named & self._dialogues.keys()
            keys = self._keys_of_dialogues(log if used else Log())
            known = {name: msgspec.structs.replace(shown, **keys) for name, shown in known.items()}
        if known == {"": Shown("", "", "")}:
            return config
        return msgspec.structs.replace(config, objects=known)

    def _keys_of_dialogues(self, log: Log) -> dict[str, str]:
        """Under which keys a dialogue has its texts and who says them; told where they are not those of the editor."""
        usual = [key for key in _TEXT_KEYS if key in self._lengths]
        longest = [key for key, _ in self._lengths.most_common(1)]
        said = [k for k, n in self._said.most_common(1) if n > max(map(self._said.__getitem__, usual), default=0)]
        text = next(iter((*said, *usual, *longest)), _TEXT_KEYS[0])
        others = [key for key in self._lengths if key != text]
        name = next((key for key in _NAME_KEYS if key in others), others[0] if len(others) == 1 else _NAME_KEYS[0])
        if text not in _TEXT_KEYS or name not in _NAME_KEYS[:2]:
            log.assume(
                _KEYS,
                f"text: {text}, speaker: {name if name in others else 'none'}",
                for_=self._said[text],
                unknown=0 if self._said[text] else self._dialogues.total(),
                why="there is no labelling config; counted are spans whose text stands there, else dialogues",
                option="-O config=FILE",
            )
        return {"text_key": text, "name_key": name}

    def _with_field(self, name: str, shown: Shown, log: Log) -> Shown:
        if shown.value or name in self._fields:
            return shown
        if name.startswith("$"):
            # versions that named the expression in place of the object
            return msgspec.structs.replace(shown, value=name)
        quoted = Counter({field: count for (on, field), count in self._quoted.items() if on == name})
        (field, most), (_, next_most) = [*quoted.most_common(2), ("", 0), ("", 0)][:2]
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


def _is_dialogue(value: Any) -> bool:
    """Whether a field is a list of objects with texts in them, and not of pages."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(item, dict) and "url" not in item and any(type(v) is str for v in item.values())
            for item in value
        )
    )
