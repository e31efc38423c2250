"""Which format a source has, and what every reader says of it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from to_labelbox.model.text import display, pattern, quoted
from to_labelbox.plugins.reader import LIKELY, Match, Reader, Refusal
from to_labelbox.plugins.registry import readers
from to_labelbox.report.errors import SourceError, ToLabelboxError
from to_labelbox.source.files import HEADS, Source
from to_labelbox.source.image_headers import is_media

_CCPD = pattern(r"(?:^|/)\d+-\d+_\d+-\d+&\d+_\d+&\d+-")
_CUT = "What a file is that is cut off cannot be told from its beginning alone: it has to be whole"


class Detection(Struct, frozen=True):
    """The chosen reader, and what every reader said."""

    reader: Reader
    match: Match
    verdicts: Mapping[str, Match | Refusal]


def verdicts(source: Source) -> dict[str, Match | Refusal]:
    """What every installed reader says of a source."""
    return {name: sniffed(reader, source) for name, reader in readers().items()}


def sniffed(reader: Reader, source: Source) -> Match | Refusal:
    """What a reader says of a source. One that fails at it says nothing, and ends no command that others could do."""
    try:
        said = reader.sniff(source)
    except (ToLabelboxError, OSError):
        raise
    except Exception as error:  # a third party's code may fail in any way
        return Refusal(f"this reader is broken: it ends with {type(error).__name__}: {error}")
    if not isinstance(said, Match | Refusal):
        return Refusal(f"this reader is broken: it says {said!r}, which is no Match and no Refusal")
    if not reader.trusted:
        from to_labelbox.plugins.type_check import misfit

        if fault := misfit(said, type(said)):
            return Refusal(f"this reader is broken: what it says is wrong: {fault}")
    return said


def detect(source: Source) -> Detection:
    """The reader with the highest confidence. Raises :class:`SourceError` when none claims it, or on a tie (:func:`tied_claims`)."""
    if not (source.is_file or source.names or source.links):
        raise SourceError(f"{source.path}: there is no file in it")
    said = verdicts(source)
    claims = {name: verdict for name, verdict in said.items() if isinstance(verdict, Match)}
    if not claims:
        raise SourceError(_unknown(source, said))
    tied = tied_claims(claims)
    if len(tied) > 1:
        reasons = "\n".join(f"  {name}: {claims[name].reason}" for name in tied)
        raise SourceError(
            f"{source.path}: could be {' or '.join(tied)}\n{reasons}\n"
            f"Say which one with {' or '.join(f'--from {name}' for name in tied)}; where these are sets in folders of their own, "
            f"`to-labelbox batch {quoted(source.path)} -o OUT` converts each"
        )
    return Detection(readers()[tied[0]], claims[tied[0]], said)


def _unknown(source: Source, said: Mapping[str, Match | Refusal]) -> str:
    """Why no reader claims a source, and what can be done; its modules are for such a one alone."""
    from to_labelbox.plugins.other_formats import other_format
    from to_labelbox.source.json_end import cut_off

    if kind := source.archive_kind():
        return f"{source.path} is a {kind} archive, which is not read in place: unpack it and give the folder"
    held = held_archives(source)  # looks into them, so that damaged ones are among the oddities
    cut = {name: why for name in source.ending(".json")[:HEADS] if (why := cut_off(source, name))}
    broken = [f"  {name} {why}" for name, why in list({**cut, **source.oddities()}.items())[:3]]
    if links := source.links:
        broken.append(
            f"  {len(links)} {'link is' if len(links) == 1 else 'links are'} not followed, {links[0]} is the first: "
            "name their files, or give a copy as `cp -rL` makes it"
        )
    other = "" if cut else other_format(source)
    # what is known to be another format needs no reader's reason beside it
    refused = [] if other else [f"  not {n}: {v.reason}" for n, v in said.items()]
    refused += [f"  not {n}: it is installed but cannot be loaded: {why}" for n, why in readers().broken.items()]
    asked = f"It {held}" if held else "Use --from NAME if you know what it is"
    if not source.is_file and source.names and all(map(is_media, source.names)):
        asked = "It holds pictures alone: give the file or folder of their annotations"
        if _CCPD.search(source.names[0]):
            asked = (
                "Names of pictures like those of CCPD, which are not read, hold the labels: the third part is the box, left&top_right&bottom. "
                "Write it as Pascal VOC"
            )
    if any(verdict.several for verdict in said.values() if isinstance(verdict, Refusal)):
        asked = f"`to-labelbox batch {quoted(source.path)} -o OUT` converts each by itself, with one ontology for all"
    advice = _CUT if cut else other or asked
    return "\n".join([f"{source.path}: no known format", *broken, *refused, advice])


def tied_claims(claims: Mapping[str, Match]) -> list[str]:
    """The formats between which nothing but the user decides, the likeliest first; one where it is clear.

    All claims from :data:`LIKELY` on tie, however they differ: a folder that holds two formats is the user's to decide.
    """
    names = sorted(claims, key=lambda name: (-claims[name].confidence, name))
    least = min(LIKELY, claims[names[0]].confidence)
    return [name for name in names if claims[name].confidence >= least]


def held_archives(source: Source) -> str:
    """What to do with a source that no reader claims and that holds zip archives; empty for one that holds none."""
    inside = [] if source.is_file else source.ending(".zip")[:HEADS]
    archives = [name for name in inside if source.head(name) and name not in source.oddities()]
    if not archives:
        return ""
    held = f"holds archives ({display(archives[0])})"
    if source.is_archive:
        return f"{held}, and archives within an archive are not read: unpack it"
    return f"{held}: convert each by itself, or all of them with the command batch"
