"""What other people's code says of a file that it cannot read, in plain words: where, what was found, what was expected.

A user has never heard of the parser that speaks there, and its words are about its types. Each table below is of one kind of
parser; a text that is in none of them is somebody's own sentence and stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

from to_labelbox.model.text import cut, pattern

Words: TypeAlias = str | Callable[[re.Match[str]], str]

NAMES = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
    "bytes": "base64",
}
"""What the types of a typed decoder are called in a file."""


def in_words(error: BaseException, data: bytes | memoryview | str = b"") -> str:
    """Why something cannot be read, in a clause without a full stop that can follow a colon.

    ``data``: the JSON that a typed decoder has refused; with it the clause says what stands there, else of which kind it is.
    """
    if isinstance(error, UnicodeDecodeError):
        return _undecodable(error)
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, MemoryError):
        return "too large for this machine's memory"
    if data and isinstance(error, msgspec.ValidationError):
        return _with_value(str(error), data)
    problem = getattr(error, "problem", None)  # YAML's, whose text is of several lines
    return said_plainly(problem if isinstance(problem, str) else str(error) or type(error).__name__)


@lru_cache(1024)
def said_plainly(text: str) -> str:
    """A parser's text in plain words; any other text as it is."""
    for said, words in _ALL:
        if match := re.search(said, text):  # compiled with the first words that are asked for
            return words(match) if callable(words) else match.expand(words)
    return text


def _undecodable(error: UnicodeDecodeError) -> str:
    encoding = {"utf-8": "UTF-8", "utf8": "UTF-8", "ascii": "ASCII"}.get(error.encoding.lower(), error.encoding.upper())
    if error.start >= len(error.object):
        return f"not {encoding}: it ends in the middle of a character"
    return f"not {encoding}: byte {error.start + 1:,} is 0x{error.object[error.start]:02X}"


def _table(rows: Iterable[tuple[str, Words]]) -> list[tuple[str, Words]]:
    return list(rows)


# ------------------------------------------------------------------------------------------- fields of a record


def _path(at: str | None) -> str:
    """The place of a field as it is written in a file: ``$.a[...].b`` is ``a[…].b``."""
    if not at:
        return ""
    place = re.sub(r"^`key` in ", "", at).strip("`").removeprefix("$").removeprefix(".").replace("[...]", "[…]")
    return f"{place}: " if place else ""


def _kinds(kinds: str) -> str:
    """Names of types, the last two with "or"; what is none of them stays."""
    names = [NAMES.get(kind.strip(), kind.strip()) for kind in kinds.split("|")]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _with_value(text: str, data: bytes | memoryview | str) -> str:
    """The clause with the first value at the place that is of the kind which was not expected."""
    said, found = said_plainly(text), _GOT.search(text)
    if found is None:
        return said
    kind = found["got"]
    try:
        values = list(_values(msgspec.json.decode(data), _STEP.findall(found["at"] or "")))
    except (ValueError, RecursionError):
        return said
    for value in values:
        if isinstance(value, _TYPES.get(kind, object)) and (kind == "bool") == isinstance(value, bool):
            shown = cut(msgspec.json.encode(value).decode(), _MOST_SHOWN)
            return said.replace(f"found {_kinds(kind)}", f"found {shown}", 1)
    return said


_GOT = pattern(r"^Expected `[^`]+`, got `(?P<got>[^`]+)`(?: - at `(?P<at>[^`]+)`)?$")
_STEP = pattern(r"\[\.\.\.\]|\[\d+\]|[^.\[\]$]+")
_MOST_SHOWN = 60
_TYPES: dict[str, type] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def _values(value: Any, steps: list[str]) -> Iterator[Any]:
    """What stands at a path, of which a step can be every element of a list or object."""
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    inner: Iterable[Any] = ()
    if isinstance(value, list) and step.startswith("["):
        inner = value if step == "[...]" else value[int(step[1:-1]) : int(step[1:-1]) + 1]
    elif isinstance(value, dict):
        inner = value.values() if step == "[...]" else (value[step],) if step in value else ()
    for one in inner:
        yield from _values(one, rest)


def _length(bounds: str) -> str:
    return bounds.replace("<=", "at most").replace(">=", "at least").strip()


def _counted(match: re.Match[str]) -> str:
    found = f"found {match['got']}, " if match["got"] else ""
    return f"{_path(match['at'])}{found}expected {_kinds(match['want'])} of length {_length(match['length'])}"


_AT = r"(?: - at (?P<at>.+))?$"
_FIELDS = _table(
    [
        (
            rf"^Expected `(?P<want>[^`]+)`, got `(?P<got>[^`]+)`{_AT}",
            lambda m: f"{_path(m['at'])}found {_kinds(m['got'])}, expected {_kinds(m['want'])}",
        ),
        (
            rf"^Expected `(?P<want>[^`]+)` of (?:at least )?length (?P<length>[^,]+?)(?:, got (?P<got>\d+))?{_AT}",
            _counted,
        ),
        (
            rf"^Expected `(?P<want>[^`]+)` (?P<bound>[<>]=? .+?){_AT}",
            lambda m: f"{_path(m['at'])}expected {_kinds(m['want'])} {m['bound']}",
        ),
        (
            rf"^Expected `(?P<want>[^`]+)`(?P<rest>.*?){_AT}",
            lambda m: f"{_path(m['at'])}expected {_kinds(m['want'])}{m['rest']}",
        ),
        (
            rf"^Object missing required field `(?P<name>[^`]*)`{_AT}",
            lambda m: f"{_path(m['at'])}missing field {m['name']!r}",
        ),
        (
            rf"^Object contains unknown field `(?P<name>[^`]*)`{_AT}",
            lambda m: f"{_path(m['at'])}unknown field {m['name']!r}",
        ),
        (
            rf"^Invalid (?:enum )?value (?P<value>.+?){_AT}",
            lambda m: f"{_path(m['at'])}{m['value']} is no value that it takes",
        ),
        (rf"^(?:Integer|Number)(?: value)? out of range{_AT}", lambda m: f"{_path(m['at'])}the number is too large"),
    ]
)

# -------------------------------------------------------------------------------------------------------- JSON


_JSON_WORDS = [
    (r"JSON is malformed: trailing characters", "something follows the end of the value"),
    (r"Extra data:", "something follows the end of the value"),
    (r"JSON is malformed: trailing comma in (?:array|object)", "a comma with nothing after it"),
    (r"Illegal trailing comma before end of (?:array|object):", "a comma with nothing after it"),
    (r"JSON is malformed: object keys must be strings", "a key is not in double quotes"),
    (r"Expecting property name enclosed in double quotes:", "a key in double quotes is expected"),
    (r"JSON is malformed: expected (.+?)", r"\1 is expected"),
    (r"Expecting (.) delimiter:", r"'\1' is expected"),
    (r"Expecting '(.)' delimiter:", r"'\1' is expected"),
    (r"Expecting value:", "a value is expected"),
    (r"JSON is malformed: invalid escape[^(]*", "a backslash with a wrong character after it"),
    (r"Invalid \\(?:escape|uXXXX escape):?.*?", "a backslash with a wrong character after it"),
    (r"Invalid control character at:", "a line break or another control character inside a text"),
    (r"Unterminated string starting at:", "a text without its closing quote"),
    (r"JSON is malformed: invalid number", "a number that is not written as JSON writes them"),
    (r"JSON is malformed: invalid character", "a character that cannot stand there"),
    (r"JSON is malformed: [^(]*", "a character that cannot stand there"),
]
_JSON = [
    *[
        (rf"^{pattern}\s*\(byte (?P<byte>\d+)\)$", lambda m, w=words: f"{m.expand(w)}, at byte {int(m['byte']) + 1:,}")
        for pattern, words in _JSON_WORDS
        if pattern.startswith("JSON")
    ],
    *[
        (
            rf"^{pattern}\s*:?\s*line (?P<line>\d+) column (?P<column>\d+) \(char \d+\)$",
            lambda m, w=words: f"{m.expand(w)}, at line {m['line']}, column {m['column']}",
        )
        for pattern, words in _JSON_WORDS
        if not pattern.startswith("JSON")
    ],
    *_table(
        [
            (r"^Input data was truncated$", "it ends in the middle of a value"),
            (r"^Unexpected UTF-8 BOM", "a byte-order mark stands before it"),
            (r"^Exceeds the limit \(\d+ digits\) for integer string conversion", "a number of too many digits"),
        ]
    ),
]

# --------------------------------------------------------------------------------------------------------- YAML

_NEW_LINE_OR_TAB = r"^found character '\\t' that cannot start any token"
_YAML = _table(
    [
        (_NEW_LINE_OR_TAB, "a tab; YAML is indented by blanks"),
        (r"^found character (.+) that cannot start any token", r"a value cannot begin with \1: put it in quotes"),
        (
            r"^mapping values are not allowed here",
            "a colon that is not expected: put a text that holds one in quotes, and indent lines that belong together alike",
        ),
        (r"^sequence entries are not allowed here", "a dash that is not expected: begin the list on a line of its own"),
        (r"^could not find expected ':'", "a key without its colon"),
        (
            r"^expected <block end>, but found|^expected '<document start>', but found",
            "indented otherwise than the lines that it belongs to",
        ),
        (r"^expected ',' or '(.)', but got", r"a bracket is not closed: ',' or '\1' is expected"),
        (r"^found unexpected end of stream", "a quote is not closed"),
        (r"^expected the node content, but found", "a value is expected"),
        (r"^found unknown escape character (.+)", r"a backslash before \1 in double quotes: use single quotes"),
        (r"^expected alphabetic or numeric character, but found", "a value cannot begin with & or *: put it in quotes"),
        (
            r"^found undefined alias|^could not determine a constructor for the tag",
            "a value cannot begin with * or !: put it in quotes",
        ),
        (r"unacceptable character #x([0-9a-f]+)", r"a character that no text holds (U+\1)"),
        (r"^(?:while |found |expected <|expected '<|did not find )", "not written as YAML is"),
    ]
)

# ---------------------------------------------------------------------------------------------------------- XML

_XML = _table(
    [
        (
            r"^Opening and ending tag mismatch: (\S+) line (\d+) and ([^\s,]+)",
            r"</\3> where </\1> is expected, which line \2 opens",
        ),
        (r"^mismatched tag", "an end tag that is not that of the element which is open"),
        (r"^Premature end of data in tag (\S+) line (\d+)", r"it ends before </\1>, which line \2 opens"),
        (r"^no element found", "it ends before its last element does"),
        (r"^Document is empty", "it is empty"),
        (r"^Start tag expected, '<' not found|^syntax error", "it does not begin with an element"),
        (
            r"^Extra content at the end of the document|^junk after document element",
            "something follows the end of the root element",
        ),
        (r"^AttValue: \" or ' expected", "a value without quotes"),
        (r"^attributes construct error|^error parsing attribute name", "attributes are not set apart by blanks"),
        (r"^Specification mandates value for attribute (\S+)", r"the attribute \1 has no value"),
        (r"^Attribute (\S+) redefined", r"the attribute \1 stands twice in one element"),
        (r"^duplicate attribute", "an attribute stands twice in one element"),
        (r"^Entity '(.+)' not defined", r"&\1; is not defined; & is written &amp;"),
        (r"^undefined entity", "an entity that is not defined; & is written &amp;"),
        (r"^xmlParseEntityRef: no name|^EntityRef: expecting ';'", "a bare &, which is written &amp;"),
        (r"^StartTag: invalid element name", "a bare <, which is written &lt;, or an element without a name"),
        (r"^Unescaped '<' not allowed in attributes values", "a bare < in a value, which is written &lt;"),
        (
            r"^not well-formed \(invalid token\)",
            "a character that cannot stand there; & is written &amp;, < is written &lt;",
        ),
        (
            r"^(?:Couldn't find end of Start Tag|unclosed token|unclosed CDATA section|Unregistered error message)",
            "it ends in the middle of a tag",
        ),
        (
            r"invalid (?:Char|xmlChar) value|^reference to invalid character number",
            "a control character, which XML does not hold",
        ),
        (r"^Namespace prefix (\S+) on|^unbound prefix", "a name with a prefix that is not declared"),
        (r"^Excessive depth in document", "nested too deeply"),
        (r"^xml[A-Z]\w+:", "a character that cannot stand there"),
    ]
)

# ----------------------------------------------------------------------------------- tables, archives, pictures

_FILES = _table(
    [
        (r"^line contains NUL", "a byte of zero"),
        (r"^field larger than field limit", "a value of more than 131,072 characters: is a quote not closed?"),
        (r"^unexpected end of data", "a quote is not closed"),
        (r"^'(.)' expected after '\"'", r"text after a closing quote: a quote inside a value is written twice"),
        (r"^new-line character seen in unquoted field", "a line break inside a value that has no quotes"),
        (r"^File is not a zip file", "it is no zip archive, or was cut off"),
        (r"^Bad CRC-32 for file (.+)|^CRC check failed", "its content is not what its check sum says"),
        (r"^Bad magic number for|^Truncated file header|^File name in directory", "it is damaged or was cut off"),
        (r"^Error -\d+ while (?:preparing to )?decompress", "its packed content is damaged"),
        (r"^Compressed file ended before|^Compressed data ended before|^unpack requires a buffer", "it was cut off"),
        (r"^Not a gzipped file", "it is no gz file"),
        (
            r"^Corrupt input data|^Incorrect length of data produced|^Overlapped entries|^negative seek value|offset-sized integer",
            "it is damaged",
        ),
        (
            r"^That compression method is not supported|^compression type \d+",
            "it is packed in a way that is not read here: pack it as zip (deflate)",
        ),
        (r"^zipfiles that span multiple disks", "it is one part of an archive of several: join them first"),
        (
            r"^Incorrect padding|^Excess data after padding|^Invalid base64-encoded string|^Only base64 data is allowed|^Discontinuous padding|^Leading padding|^Excess padding",
            "not base64",
        ),
        (r"cannot identify image file", "no picture of a kind that is read here, or damaged"),
        (
            r"^image file is truncated|^Truncated File Read|^unrecognized data stream contents|^broken data stream|^broken PNG file|^bad header checksum|^SyntaxError: |^Not enough image data|^not enough image data",
            "the picture is damaged or was cut off",
        ),
        (r"^Image size \((\d+) pixels\) exceeds limit", r"the picture has \1 pixels, which are too many"),
        (r"Invalid data found when processing input", "no video of a kind that is read here, or damaged"),
    ]
)

# ------------------------------------------------------------------------------------------- numbers, services

_OTHERS = _table(
    [
        (r"^could not convert string to float: (.+)", r"\1 is no number"),
        (r"^invalid literal for int\(\) with base \d+: (.+)", r"\1 is no whole number"),
        (r"^cannot convert float (?:NaN|infinity) to integer", "no finite number"),
        (r"^embedded null (?:byte|character)", "a byte of zero in a name"),
        (r"An error occurred \((\w+)\) when calling the \w+ operation(?: \([^)]*\))?: (.+)", r"the service says: \2 (\1)"),
        (r"^(\d{3}), message='?([^',]+)'?", r"the service says: \2 (\1)"),
        (r"Unable to locate credentials|Could not automatically determine credentials|default credentials were not found", "no credentials are found"),
        (r"(?:Name or service not known|NameResolutionError|getaddrinfo failed|Temporary failure in name resolution|nodename nor servname)", "there is no such host, or no network"),
        (r"(?:Connection refused|Connect call failed|Cannot connect to host|Could not connect to the endpoint|Failed to establish a new connection|NewConnectionError)", "the host does not answer"),
        (r"(?:[Rr]ead timed out|ReadTimeout|ConnectTimeout|timed out)", "no answer in time"),
        (r"(?:CERTIFICATE_VERIFY_FAILED|SSLError|certificate verify failed)", "the certificate of the host is not accepted"),
        (r"(?:Connection aborted|RemoteDisconnected|ConnectionResetError|Connection reset by peer|Server disconnected)", "the host has ended the connection"),
    ]
)  # fmt: skip

_ALL: list[tuple[str, Words]] = [*_FIELDS, *_JSON, *_YAML, *_XML, *_FILES, *_OTHERS]
