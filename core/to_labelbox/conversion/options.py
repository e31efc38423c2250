"""Every option of a conversion, in one record.

A field here, or in :class:`~to_labelbox.rules.settings.Rules`, is an option of the command line, a keyword of
:func:`to_labelbox.convert` and :func:`to_labelbox.batch`, and part of what a batch goes by: see
:func:`~to_labelbox.rules.option.option`.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from to_labelbox.conversion.addresses import check_prefix
from to_labelbox.ontology.infer import Ontology
from to_labelbox.report.errors import UsageError
from to_labelbox.rules.class_map import ClassMap
from to_labelbox.rules.existing_data_rows import DataRows, read_rows
from to_labelbox.rules.option import FilePath, checked, described, option
from to_labelbox.rules.record import record
from to_labelbox.rules.settings import OtherSize, Rules, Settings


def pairs(texts: Sequence[str]) -> dict[str, str]:
    """``key=value`` texts of the command line. Raises :class:`UsageError`."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"-O {text}: write it as key=value")
        found[key] = value
    return found


@record(frozen=True, kw_only=True)
class Reading:
    """How a source is read."""

    format: str | None = option(None, "Name the format instead of detecting it.", flag="--from", metavar="FORMAT")
    options: Mapping[str, Any] | None = option(
        None, "Option of the format; see `formats NAME`.", flag="-O", metavar="KEY=VALUE", multiple=True, parse=pairs
    )
    media_root: FilePath | None = option(
        None, "Folder of the media: sizes, EXIF orientation; nothing is copied.", path=True
    )
    sizes: FilePath | None = option(None, "CSV of key,width,height for media that are not at hand.", path=True)
    exif: bool = option(
        True, "Turn coordinates of upright pictures back to stored pixels.", choices={"auto": True, "ignore": False}
    )
    other_size: str = option(
        "auto",
        "What labels are pixels of, where a picture has another size than the source states: of that size, and to be scaled or not, of the picture, or of that size with width and height exchanged.",
        choices=tuple(OtherSize),
    )


@record(frozen=True, kw_only=True)
class Writing:
    """How a payload is laid out."""

    shard_lines: int = option(0, "Split annotations into files of N lines.", metavar="N", least=1)
    index: bool = option(True, "Write index.ndjson: from each line to its source.")


@record(frozen=True, kw_only=True)
class ConversionOptions(Rules, Reading):
    """What is read how, and what is made of it. Tables, maps and ontologies are given as their files or as themselves.

    ``settings`` are rules that hold where no keyword says otherwise.
    """

    settings: Settings | None = option(None)
    class_map: ClassMap | FilePath | None = option(
        None,
        "YAML or CSV: rename, merge, drop classes; `ontology SOURCE --class-map-template` writes one.",
        metavar="FILE",
        path=True,
    )
    data_rows: DataRows | FilePath | None = option(
        None,
        "NDJSON or CSV of data rows that exist: refer to them; assets that are none of them are skipped.",
        metavar="FILE",
        path=True,
    )
    ontology: Ontology | FilePath | None = option(
        None, "Fit this existing ontology; what it does not have is left out and listed.", metavar="JSON", path=True
    )
    url_map: Mapping[str, str] | FilePath | None = option(None, "key,url of each asset.", metavar="CSV", path=True)
    on_error: str = option(
        "skip", "Skip broken records and count them, or stop at the first.", choices=("skip", "fail")
    )
    workers: int = option(1, "Processes.", least=1)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """The record of what was given, checked. Raises :class:`UsageError`."""
        values = dict(given)
        if isinstance(settings := given.get("settings"), Settings):
            values = {f.name: getattr(settings, f.name) for f in dataclasses.fields(Rules)} | values
        return cls(**values)

    def rules(self) -> Settings:
        """The rules, with what the files say. Raises :class:`UsageError`."""
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in dataclasses.fields(Rules)}
        if self.url_prefix:
            check_prefix(self.url_prefix)
        if self.class_map is not None:
            from to_labelbox.rules.class_map_file import read_class_map  # YAML is slow to load

            given = self.class_map
            values["class_map"] = given if isinstance(given, ClassMap) else read_class_map(given)
        if self.data_rows is not None:
            values["rows"] = self.data_rows if isinstance(self.data_rows, DataRows) else read_rows(self.data_rows)
        if self.url_map is not None:
            from to_labelbox.source.csv_tables import read_urls

            given_urls = self.url_map
            values["url_map"] = given_urls if isinstance(given_urls, Mapping) else read_urls(os.fspath(given_urls))
        return dataclasses.replace(self.settings or Settings(), **values)


@record(frozen=True, kw_only=True)
class OutputOptions(Writing, ConversionOptions):
    """What ``convert`` and ``batch`` take besides: how the result is written."""

    file_timeout: float = option(0.0, "Leave out a file or record that takes longer.", metavar="SECONDS", least=0)
    overwrite: bool = option(False, "Replace an earlier result in OUT.")


def takes(record: Any, function: Callable[..., Any], *leading: str) -> Any:
    """``function(*leading, record)`` as a function that takes the record's fields as keywords; any other is refused by name."""
    known = described(record)

    @functools.wraps(function)
    def call(*args: Any, **given: Any) -> Any:
        named = {name: given.pop(name) for name in leading if name in given}
        for name in given:
            if name not in known:
                import difflib  # slow to load, and a mistake is rare

                near = difflib.get_close_matches(name, known, 1)
                raise TypeError(
                    f"{function.__name__}() has no option {name!r}"
                    + (f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(known)}")
                    + (f"; an option of a format goes into options={{{name!r}: …}}" if "options" in known else "")
                )
        chosen = record.of(given) if issubclass(record, ConversionOptions) else record(**checked(record, given))
        return function(*args, **named, given=chosen)

    own = inspect.signature(function).parameters
    signature = inspect.signature(record)
    call.__signature__ = inspect.signature(function).replace(  # type: ignore[attr-defined]
        parameters=[*(own[name] for name in leading), *signature.parameters.values()]
    )
    said = [f"    {name}: {about.help}" for name, (_, about) in known.items() if about.help]
    call.__doc__ = "\n".join([inspect.getdoc(function) or "", "", "Options:", *said])
    return call
