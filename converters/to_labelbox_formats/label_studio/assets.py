"""What a task shows: its assets, their names below a media root, and the sizes that exports often lack.

References: uploads (``/data/upload/<project>/<8 hex>-<name>``), local files (``/data/local-files/?d=``), buckets, links
that the server resolves (``?fileuri=``), web addresses, inline data, plain paths.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import unescape
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, unquote, unquote_to_bytes

from msgspec import Struct

from to_labelbox.model.items import Media, Message
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.source.image_headers import IMAGE_EXTENSIONS, VIDEO_EXTENSIONS, Header
from to_labelbox.source.paths import is_safe
from to_labelbox.source.urls import is_url, url_identity, url_parts, url_path
from to_labelbox_formats.label_studio.config import TEXTS, TIMED_TAGS, Config, Shown, look_up

AUDIO_EXTENSIONS = frozenset(".aac .aiff .flac .m4a .mp3 .ogg .opus .wav .wma".split())
_MEDIA_OF_EXTENSION = {
    **dict.fromkeys(IMAGE_EXTENSIONS, Media.IMAGE),
    **dict.fromkeys(VIDEO_EXTENSIONS, Media.VIDEO),
    **dict.fromkeys(AUDIO_EXTENSIONS, Media.AUDIO),
    ".pdf": Media.DOCUMENT,
}
_NO_PICTURES = {name: media for name, media in _MEDIA_OF_EXTENSION.items() if media is not Media.IMAGE}
_NO_PICTURE = tuple(_NO_PICTURES)
_MEDIA_OF_TAG = {
    "image": Media.IMAGE,
    **dict.fromkeys(TEXTS, Media.TEXT),
    **dict.fromkeys(("paragraphs", "chat"), Media.CONVERSATION),
    **dict.fromkeys(TIMED_TAGS, Media.AUDIO),
    "video": Media.VIDEO,
    **dict.fromkeys(("pdf", "pdfocr"), Media.DOCUMENT),
}
_WITHOUT_COUNTERPART = frozenset(("timeseries", "table", "list"))
_UPLOAD = re.compile(r"(?:^|/)(?:data/)?upload/(\d+)/(.+)$", re.DOTALL)
UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-(?=.)")
_REMOTE = re.compile(r"^(?:https?|s3|gs|azure-blob|azure_spi)://\S+$")
UPLOADS = "/data/upload/"
_PLAIN_UPLOAD = re.compile(rf"{UPLOADS}(\d+)/((?:[0-9a-f]{{8}}-)?+(\.*[^./\\?#%:\0\n][^/\\?#%:\0\n]*))")
"""An upload as most exports have it: project, name, and the name without its prefix."""
_THIS_COMPUTER = frozenset(("localhost", "127.0.0.1", "0.0.0.0", "::1"))
"""Hosts that nobody else can reach: an address there is a path."""
_SERVED = re.compile(
    r"^/data/upload/|(?:^|/)upload/\d+/|/data/local-files/?\?|/storage-data/uploaded/?\?|/tasks/\d+/(?:presign|resolve)/"
)
"""Paths that the server of the project answers."""
_OF_ITS_USERS = re.compile(r"(?:^|/)data/upload/\d+/[0-9a-f]{8}-")
"""Paths that the server answers to those who are logged in alone, so that no address of them is of use."""
_FILE_END = re.compile(r"^[^\n]*\w\.(?:json|jsonl|txt|csv|tsv)$", re.IGNORECASE)
"""How the path of a dialogue ends."""
_DRIVE = re.compile(r"^[A-Za-z]:(?=/)")
_SPECIAL = re.compile(r"[?#%]|://")
_EMBEDDED = re.compile(
    r"\s*<(?:embed|iframe|object|img|audio|video|source)\b[^<>]*?\b(?:src|data)\s*=\s*[\"']([^\"'<>]+)[\"'][^<>]*>\s*(?:</\w+>\s*)?",
    re.IGNORECASE,
)
"""Markup that is nothing but one file."""
_PICTURE_KINDS = {"iVBO": "png", "/9j/": "jpeg", "R0lG": "gif", "UklG": "webp"}
"""How the base64 of a picture begins, by its kind."""
_BARE_PICTURE = re.compile(r"(?:iVBORw0KGgo|/9j/|R0lGOD|UklGR)[A-Za-z0-9+/\s]{40,}=*\s*\Z")
_ENCODINGS = {"base64": "latin-1", "base64unicode": "utf-8"}
"""What the bytes are that ``encoding`` of a text says stand in base64: the editor makes a character of each, or reads UTF-8."""
_ALPHABET = str.maketrans("-_", "+/")
"""Of base64 in addresses."""
_PLACEHOLDER = re.compile(r"\{\{\s*\w+\s*\}\}")
_MAX_NAME = 400
_MAX_TEXT_BYTES = 64 << 20


T = TypeVar("T")


class Reference(NamedTuple):
    """Names for an asset, the shortest first: the first one that no other asset has is used.

    ``identity`` is equal for references to the same asset, however they are signed or served. ``stated``: a path as it stands.
    """

    names: tuple[str, ...]
    url: str | None
    identity: str
    stated: str = ""


class Slot(Struct):
    """One asset of a task: an object's only value, or one page of a list.

    ``order``: the messages as they are shown by their times, where the editor does so. ``ref``: the identity of its reference; empty for inline texts, which belong to their task. ``inline``: the ``data:``
    address of a file that stands in the task itself. ``undecoded``: a text that is not in the base64 that the config says.
    """

    shown: str
    page: int
    media: Media | None
    ref: str = ""
    reference: Reference | None = None
    text: str | None = None
    markup: bool = False
    messages: tuple[Message, ...] = ()
    order: Sequence[int] = ()
    inline: str = ""
    tag: str = ""
    paged: bool = False
    undecoded: bool = False


def extension(reference: str) -> str:
    if _SERVED.search(reference):
        inner = reference_of(reference)
        path = inner.names[0] if inner else ""
    else:
        path = url_path(reference) if is_url(reference) else reference.partition("?")[0]
    return os.path.splitext(path)[1].lower()


def reference_of(text: str) -> Reference | None:
    """Where an asset is; None for a reference that leaves the document root or says nothing."""
    text = text.strip()
    if not text:
        return None
    if text.startswith("data:"):
        return _inline(text)
    if text.startswith(UPLOADS):
        if (plain := _PLAIN_UPLOAD.fullmatch(text)) is not None:
            project, base, bare = plain.groups()
            return _uploaded(project, base, bare, None, text)
        if not _SPECIAL.search(text):
            # the first versions had no project in it
            return _upload(text, None) or _named(text.removeprefix(UPLOADS))
    parts = url_parts(text)
    if parts is None:
        return None
    web = parts.scheme in ("http", "https")
    if here := parts.name in _THIS_COMPUTER:
        rest = text.partition("://")[2].removeprefix(parts.host)
        if not web or _SERVED.search(rest):
            return reference_of(rest)
    query = _query(parts.query)
    served = f"/{parts.path}"
    if "/tasks/" in served and "fileuri" in query:
        return reference_of(_inner(query["fileuri"]))
    if parts.path.rstrip("/").endswith("data/local-files") and "d" in query:
        return _named(_DRIVE.sub("", query["d"].replace("\\", "/")).lstrip("/"))
    path = query.get("filepath") or (served if parts.host else parts.path)
    if _UPLOAD.search(path):
        return _upload(path, text if web and not (_OF_ITS_USERS.search(path) or "filepath" in query) else None)
    if parts.scheme and is_url(text):
        host, path, query_text = parts.host, parts.path, parts.query
        if web and query_text and not os.path.splitext(path)[1]:
            path = f"{path}?{query_text}"
        if here:
            whole = f"{parts.path}?{query_text}" if query_text else path
            named = _named(path, whole)
            return named and named._replace(identity=whole)
        longest = (f"{host}/{path}?{query_text}",) if query_text else ()
        return _named(path or host, f"{host}/{path}", *longest, url=text)
    named = _named(_DRIVE.sub("", text.replace("\\", "/")).removeprefix("./").lstrip("/"))
    return named and named._replace(stated=text)


def _inline(text: str) -> Reference:
    """An asset that stands in the task itself, named after its content."""
    kind = re.match(r"data:\w+/(\w{1,5})", text)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    name = f"inline-{digest}.{kind.group(1) if kind else 'bin'}"
    return Reference((name,), None, name)


def inline_content(address: str) -> bytes | None:
    """The bytes of a ``data:`` address; None when they cannot be read."""
    head, comma, body = address.partition(",")
    if not comma or not head.lower().endswith(";base64"):
        return unquote_to_bytes(body) if comma else None
    return _unpacked("".join(unquote(body).split()).translate(_ALPHABET))


def _unpacked(text: str) -> bytes | None:
    """The bytes of base64, also without its padding; None for what is none."""
    packed = text.rstrip("=")
    try:
        return base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _upload(path: str, url: str | None) -> Reference | None:
    """``…/upload/<project>/<8 hex>-<name>``: the name as it was, with its prefix, with its project."""
    found = _UPLOAD.search(path)
    if found is None:
        return None
    project, name = found.groups()
    base = name.rpartition("/")[2]
    bare = base[9:] if UPLOAD_PREFIX.match(base) else base
    if not is_safe(name) or not base or not is_safe(bare):
        return None
    return _uploaded(project, base, bare, url, url_identity(url) if url else path)


def _uploaded(project: str, base: str, bare: str, url: str | None, identity: str) -> Reference:
    names = (base, f"{project}/{base}") if bare == base else (bare, base, f"{project}/{base}")
    return Reference(names, url, identity)


def _named(*names: str, url: str | None = None) -> Reference | None:
    if not names[0] or len(names[0]) > _MAX_NAME * 4 or not is_safe(names[0]):
        return None
    return Reference(tuple(dict.fromkeys(names)), url, url_identity(url) if url else names[0])


def _query(text: str) -> dict[str, str]:
    try:
        return {k: v[0] for k, v in parse_qs(text, max_num_fields=100).items()} if text else {}
    except ValueError:
        return {}


def _inner(uri: str) -> str:
    """``fileuri`` is base64 of the address, or the address itself."""
    if is_url(uri):
        return uri
    return _decoded(uri.translate(_ALPHABET), "utf-8") or uri


# --------------------------------------------------------------------------------------------- from data to assets


def slots_of(data: Mapping[str, Any], config: Config, data_key: str | None) -> tuple[list[Slot], str]:
    """The assets of a task; and, when there are none, what is missing."""
    if data_key is not None:
        if data.get(data_key) is None:
            return [], f"its data has no {data_key!r}"
        shown = next(iter(config.objects.values()), None)
        return _slots(shown.name if shown else "", shown.tag if shown else "", data[data_key], shown), ""
    slots: list[Slot] = []
    refused = ""
    shown = None
    if len(config.objects) == 1:
        (shown,) = config.objects.values()
        value = data.get(shown.value[1:]) if shown.tag == "image" else None
        if type(value) is str and value.startswith(UPLOADS) and not value.lower().endswith(_NO_PICTURE):
            # one uploaded picture a task, as most exports have it
            reference = reference_of(value)
            if reference is not None:
                return [Slot(shown.name, 0, Media.IMAGE, reference.identity, reference, tag="image")], ""
    for shown in config.objects.values():
        for name, expression in _instances(shown, data):
            value = _value(shown, expression, name, data)
            if value is None and len(config.objects) == 1 and "{{" not in shown.name:
                key = guess_key(data)
                value = data[key] if key else None
            if value is not None:
                found = _slots(name, shown.tag, value, shown)
                slots += found
                if not found and isinstance(value, str) and value:
                    refused = f"its {name!r} names no asset: {str(value)[:80]!r}"
    if slots or refused:
        return slots, "" if slots else refused
    key = guess_key(data)
    if key is None:
        if not data:
            return [], "it has no data, so nothing says which asset it is about"
        keys = ", ".join(sorted(map(str, data))[:8])
        return [], f"its data holds {keys}: which of them is the asset? Say it with -O data_key=NAME"
    # with a config it is none of its objects; those that regions let see are all alike
    found = _slots("", "", data[key], None if config.found else shown)
    return found, "" if found else f"its {key!r} names no asset: {str(data[key])[:80]!r}"


def _instances(shown: Shown, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and expressions of an object: one, or as many as its Repeater makes."""
    if "{{" not in shown.name and "{{" not in shown.value:
        yield shown.name, shown.value
        return
    repeated = look_up(data, shown.repeated) if shown.repeated else None
    for number in range(len(repeated) if isinstance(repeated, list) else 0):
        yield _PLACEHOLDER.sub(str(number), shown.name), _PLACEHOLDER.sub(str(number), shown.value)


def _value(shown: Shown, expression: str, name: str, data: Mapping[str, Any]) -> Any:
    if expression.startswith("$"):
        return look_up(data, expression)
    if expression:
        # a text that the config itself holds
        return expression if shown.tag in TEXTS else None
    return data.get(name)


def guess_key(data: Mapping[str, Any]) -> str | None:
    """The field of a task's data that must be the asset; None when it cannot be told."""
    usable = {k: v for k, v in data.items() if (isinstance(v, str) and v) or (isinstance(v, list) and v)}
    if len(usable) == 1:
        return next(iter(usable))
    media = [k for k, v in usable.items() if shows_media(v)]
    if len(media) == 1:
        return media[0]
    if media:
        return _at_addresses({key: usable[key] for key in media})
    texts = sorted((k for k, v in usable.items() if isinstance(v, str)), key=lambda k: -len(usable[k]))
    if texts and " " in usable[texts[0]] and (len(texts) == 1 or len(usable[texts[0]]) > 3 * len(usable[texts[1]])):
        return texts[0]
    return None


def _at_addresses(fields: Mapping[str, Any]) -> str | None:
    """The one of several fields that gives addresses, where all name the same files; else None."""
    lists = {key: pages_of(value) for key, value in fields.items()}
    names = {tuple(map(_file_name, texts)) for texts in lists.values()}
    remote = [key for key, texts in lists.items() if all(isinstance(t, str) and _REMOTE.match(t) for t in texts)]
    return remote[0] if len(names) == 1 and len(remote) == 1 else None


def _file_name(text: Any) -> str:
    reference = reference_of(text) if isinstance(text, str) else None
    return unquote(reference.names[0].rpartition("/")[2]) if reference is not None else ""


def shows_media(value: Any) -> bool:
    """Whether a field of a task's data refers to a file, or is a list of such references."""
    one = next(iter(pages_of(value[:1] if isinstance(value, list) else value)), None)
    return isinstance(one, str) and "\n" not in one and (
        bool(_REMOTE.match(one) or _SERVED.search(one)) or extension(one) in _MEDIA_OF_EXTENSION
    )  # fmt: skip


def pages_of(value: Any) -> list[Any]:
    """What a field refers to, a file or one a page; each may be an object with its address."""
    return [one.get("url") if isinstance(one, dict) else one for one in (value if isinstance(value, list) else [value])]


def _slots(name: str, tag: str, value: Any, shown: Shown | None) -> list[Slot]:
    media = _MEDIA_OF_TAG.get(tag)
    if isinstance(value, dict) and isinstance(value.get("url"), str):
        value = value["url"]
    if tag in _WITHOUT_COUNTERPART:
        return [Slot(name, 0, None, tag=tag)]
    if isinstance(value, list):
        keys = (shown.text_key, shown.name_key) if shown else ("text", "author")
        if media is Media.CONVERSATION or (not tag and _is_dialogue(value, keys[0])):
            order = _by_time(value) if shown and shown.scrolled else ()
            messages = _messages(value, *keys)
            return [Slot(name, 0, Media.CONVERSATION, messages=messages, order=order, tag=tag or "paragraphs")]
        found = [s for n, p in enumerate(pages_of(value)) if isinstance(p, str) for s in _one(name, tag, p, n, shown)]
        for slot in found:
            slot.paged = True
        return found
    if isinstance(value, (int, float)) and not isinstance(value, bool) and tag in TEXTS:
        value = str(value)
    return _one(name, tag, value, 0, shown) if isinstance(value, str) else []


def _as_taken(media: Media | None, shown: Shown | None, value: str) -> Media | None:
    """A file that may be a video as well as a sound as what it is taken for; a file of sound alone is no video."""
    if shown is None or not (media is Media.AUDIO or (media is Media.VIDEO and (shown.film or not shown.tag))):
        return media
    if shown.media == "audio" or extension(value) in AUDIO_EXTENSIONS:
        return Media.AUDIO
    return Media.VIDEO if shown.film or shown.media == "video" else media


def _one(name: str, tag: str, value: str, page: int, shown: Shown | None) -> list[Slot]:
    media = _MEDIA_OF_TAG.get(tag)
    undecoded = False
    if not tag:
        media = _MEDIA_OF_EXTENSION.get(extension(value)) if "\n" not in value else None
        if media is None:
            media = Media.IMAGE if shows_media(value) or value.startswith("data:image/") else Media.TEXT
    elif media is Media.IMAGE:
        # no browser shows these as pictures; where there is no config, boxes alone have let it seem to be one
        media = _NO_PICTURES.get(extension(value), media)
    elif shown and shown.encoding in _ENCODINGS and not shown.by_url:
        decoded = _decoded(value, _ENCODINGS[shown.encoding])
        undecoded, value = decoded is None, value if decoded is None else decoded
    if tag == "hypertext" and (embedded := _EMBEDDED.fullmatch(value)):
        # the templates for PDF and media had no tag of their own once and show them in a page of one element
        inner = unescape(embedded.group(1))
        media = _MEDIA_OF_EXTENSION.get(extension(inner), media)
        if media is not Media.TEXT:
            value = inner
    media = _as_taken(media, shown, value)
    if media is Media.CONVERSATION and not (shown and shown.by_url) and _is_prose(value):
        media = Media.TEXT  # a dialogue is a list, or an address of one
    if media is Media.TEXT and not (shown and shown.by_url) and not _REMOTE.match(value):
        return [Slot(name, page, media, text=value, markup=tag == "hypertext", tag=tag, undecoded=undecoded)]
    if media is Media.TEXT and tag == "hypertext":
        media = Media.HTML
    if _BARE_PICTURE.match(value) and media is Media.IMAGE:
        value = f"data:image/{_PICTURE_KINDS[value[:4]]};base64,{value}"
    reference = reference_of(value)
    inline = value if value.startswith("data:") else ""
    return [Slot(name, page, media, reference.identity, reference, inline=inline, tag=tag)] if reference else []


def _is_prose(value: str) -> bool:
    """Whether a text has several words and is no address or path of a file."""
    return len(value.split(None, 1)) > 1 and not (
        _REMOTE.match(value) or _SERVED.search(value) or _FILE_END.search(value)
    )


def _decoded(text: str, encoding: str) -> str | None:
    """A text that stands in base64 as the editor shows it, also in lines and without its padding; None where it is none."""
    found = _unpacked("".join(text.splitlines()))
    try:
        return found.decode(encoding) if found is not None else None
    except UnicodeDecodeError:
        return None


def _is_dialogue(items: list[Any], text_key: str) -> bool:
    """Whether a list holds what somebody says: paragraphs with their text, or messages of a chat."""
    first = items[0] if items else None
    return isinstance(first, dict) and (text_key in first or {"role", "content"} <= first.keys())


def _by_time(items: list[Any]) -> list[int]:
    """The order in which ``contextScroll`` shows items: what states no start, or 0, comes last."""
    starts = [item.get("start") if isinstance(item, dict) else None for item in items]
    known = [(start if isinstance(start, (int, float)) else 0) or math.inf for start in starts]
    return sorted(range(len(items)), key=known.__getitem__)


def _messages(items: list[Any], text_key: str, name_key: str) -> tuple[Message, ...]:
    """A dialogue; an item's own id is kept when all have different ones, else it is ``m<number>``."""
    texts, names, ids = [], [], []
    for item in items:
        known = item if isinstance(item, dict) else {}
        text = known.get(text_key, known.get("content", item if isinstance(item, str) else ""))
        texts.append(text if isinstance(text, str) else str(text))
        name = known.get(name_key, known.get("role", ""))
        names.append(name if isinstance(name, str) else str(name))
        given = known.get("id", known.get("messageId"))
        ids.append(str(given) if isinstance(given, (str, int)) and given != "" else "")
    if "" in ids or len(set(ids)) < len(ids):
        ids = [f"m{n}" for n in range(1, len(items) + 1)]
    return tuple(Message(i, t, u, u) for i, t, u in zip(ids, texts, names))


# -------------------------------------------------------------------------------------------------------- sizes


class VideoHeader(NamedTuple):
    width: int
    height: int
    frames: int | None
    rate: float | None


class Sizes:
    """Sizes of assets from a sizes file, media headers or the option, which is the ``default``."""

    def __init__(
        self,
        context: ReadContext,
        default: tuple[int, int] | None,
        names_of: Callable[[Reference], Sequence[str]],
        pictures: Callable[[str], Header | None] | None,
    ) -> None:
        """``names_of``: the names of an asset that no other one has; ``pictures``: headers of those in the source, by name."""
        self._names_of = names_of
        self._pictures = pictures
        self._media = context.media
        self._sizes = context.sizes
        self.default = default
        self.at_hand = context.media is not None

    def header(self, reference: Reference | None) -> Header | None:
        """The picture's header, when its file is at hand under one of its names, below the media root or in the source."""
        found = self._first(self._media.header, reference) if self._media is not None else None
        return self._first(self._pictures, reference) if found is None and self._pictures else found

    def video(self, reference: Reference | None) -> VideoHeader | None:
        path = self._path(reference)
        return _probe(path) if path is not None else None

    def text(self, reference: Reference | None) -> str | None:
        """The text behind a link, when its file is at hand under one of its names."""
        path = self._path(reference)
        if path is None or os.path.getsize(path) > _MAX_TEXT_BYTES:
            return None
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                return file.read()
        except (OSError, UnicodeDecodeError):
            return None

    def given(self, reference: Reference | None) -> tuple[int, int] | None:
        """The size that the user's file states."""
        return self._first(self._sizes.get, reference) if self._sizes else None

    def _path(self, reference: Reference | None) -> str | None:
        return self._first(self._media.path, reference) if self._media is not None else None

    def _first(self, look_up: Callable[[str], T | None], reference: Reference | None) -> T | None:
        """What is found under the first of an asset's names that leads to anything."""
        for name in self._names_of(reference) if reference is not None else ():
            found = look_up(name)
            if found is not None:
                return found
        return None


def _probe(path: str) -> VideoHeader | None:
    """Size, frame count and rate of a video by PyAV, when that is installed and can read it."""
    try:
        import av
    except ImportError:
        return None
    try:
        with av.open(path) as container:
            stream = container.streams.video[0]
            rate = float(stream.average_rate) if stream.average_rate else None
            frames = stream.frames or None
            if frames is None and rate and container.duration:
                frames = round(container.duration / 1_000_000 * rate)
            return VideoHeader(stream.codec_context.width, stream.codec_context.height, frames, rate)
    except Exception:  # PyAV raises many kinds on damaged files
        return None
