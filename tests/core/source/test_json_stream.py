"""The one pass over huge JSON: the same items and offsets as a whole parse, for any document and any size of blocks."""

from __future__ import annotations

import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from to_labelbox import FileError
from to_labelbox.source import json_stream
from to_labelbox.source.json_stream import JsonStream
from to_labelbox.source.text_encoding import as_utf8

decode = msgspec.json.Decoder(list[dict[str, Any]]).decode

texts = st.text(st.sampled_from('ab{}[]",:\\ \né😀'), max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.floats(-5, 5) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
items = st.lists(st.dictionaries(texts, values, max_size=3), max_size=8)
spaces = st.sampled_from(["", " ", "\n", "\n  ", "\t", " \r\n "])


@st.composite
def documents(draw: st.DrawFn) -> tuple[list[Any], bytes]:
    """Items, and a text of them in which what stands between two of them differs from place to place."""
    found = draw(items)
    parts = [json.dumps(i, ensure_ascii=draw(st.booleans()), separators=draw(st.sampled_from([(",", ":"), (", ", ": ")])))
             for i in found]  # fmt: skip
    text = draw(spaces) + "[" + draw(spaces)
    for n, part in enumerate(parts):
        text += part + draw(spaces) + ("," if n < len(parts) - 1 else "") + draw(spaces)
    return found, (text + "]" + draw(spaces)).encode()


def read(text: bytes, piece: int) -> tuple[list[Any], list[bytes]]:
    """Decoded items, and the bytes at the offsets that stand beside them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "PIECE", piece)
        stream = JsonStream(io.BytesIO(text))
        found: list[Any] = []
        spans: list[bytes] = []
        for part in stream.pieces(decode):
            found += part.items
            spans += [
                text[start : start + length] for start, length in zip(part.starts.tolist(), part.lengths.tolist())
            ]
        assert stream.next() == b""
        return found, spans


@example(([{"a": [{}, {}]}, {"b": 1}, {"c": 2}], b'[{"a":[{},{}]},\n {"b":1},\n {"c":2}]'), 1 << 17)
@example(([{"a": "},{"}, {"b": "},{"}, {"c": 2}], b'[{"a":"},{"}, {"b":"},{"}, {"c":2}]'), 1 << 17)
@example(([{"a": "}, {"}, {"b": 1}, {"c": 2}], b'[{"a":"}, {"},{"b":1},{"c":2}]'), 1 << 17)
@given(documents(), st.integers(1, 200))
def test_items_and_offsets_are_those_of_a_whole_parse(document: tuple[list[Any], bytes], piece: int) -> None:
    wanted, text = document
    found, spans = read(text, piece)
    assert found == wanted
    assert [json.loads(span) for span in spans] == wanted


@given(documents(), st.integers(1, 200), st.data())
def test_a_document_that_is_cut_off_is_never_taken_for_a_whole(
    document: tuple[list[Any], bytes], piece: int, data: st.DataObject
) -> None:
    _, text = document
    whole = text.rstrip()
    with pytest.raises(FileError, match="not valid JSON at line"):
        read(whole[: data.draw(st.integers(0, len(whole) - 1))], piece)


@given(st.dictionaries(texts, values, max_size=5))
def test_members_are_the_keys_of_an_object(document: dict[str, Any]) -> None:
    text = json.dumps(document).encode()
    stream = JsonStream(io.BytesIO(text))
    found = {key: json.loads(stream.value()) for key in stream.members()}
    assert found == document


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b'{"a": }', "line 1, column 7"),
        (b'{"a" 1}', "line 1, column 6"),
        (b'{\n"a": [1,\n', "line 2, column 6"),
        (b"{a: 1}", "line 1, column 2"),
        (b'{"a": 1 "b": 2}', "line 1, column 9"),
    ],
)
def test_the_place_of_a_fault(text: bytes, place: str) -> None:
    stream = JsonStream(io.BytesIO(text))
    with pytest.raises(FileError, match=place):
        [stream.skip() for _ in stream.members()]


def test_an_item_that_does_not_decode_has_a_second_try() -> None:
    text = b'[{"a": 1}, {"a": NaN}, 7, {"a": 2}]'
    stream = JsonStream(io.BytesIO(text))
    found = [i for part in stream.pieces(decode, lambda t: {"odd": t.decode()}) for i in part.items]
    assert found == [{"a": 1}, {"odd": '{"a": NaN}'}, {"odd": "7"}, {"a": 2}]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16(encoding: str) -> None:
    text = '\ufeff[{"a": "é😀"}]'.encode(encoding)
    with as_utf8(io.BytesIO(text)) as file:
        assert file.read().decode("utf-8-sig") == '[{"a": "é😀"}]'
    with pytest.raises(FileError, match="not UTF-16"):
        as_utf8(io.BytesIO(text + b"x"))


RAW = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode


@pytest.mark.parametrize("gap", [b"", b"  ", b" [] "])
def test_text_that_is_no_utf8_is_refused_though_a_decoder_leaves_it_be(gap: bytes) -> None:
    """Else its record alone would be lost, where its text is looked at."""
    text = b'[{"a": "x"},%b{"a": "Gr\xf6\xdfe"}, {"a": "\xc3\xb6"}]' % gap.replace(b"[]", b"[1],")
    with pytest.raises(FileError, match=f"byte {text.index(0xF6)}.*0xf6 is not UTF-8"):
        list(JsonStream(io.BytesIO(text)).pieces(RAW))
    with pytest.raises(FileError, match=f"byte {text.index(0xF6)}.*0xf6 is not UTF-8"):
        JsonStream(io.BytesIO(text)).value()
