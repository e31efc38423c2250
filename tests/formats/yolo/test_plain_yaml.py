"""The short way through a data.yaml gives what the YAML library gives, or leaves the document to it."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from to_labelbox.report.errors import FileError
from to_labelbox_formats.yolo.folders.descriptors import load_yaml
from to_labelbox_formats.yolo.folders.plain_yaml import plain_yaml

WORDS = st.sampled_from(
    [
        "person",
        "hot dog",
        "no",
        "~",
        "null",
        "1.0",
        "007",
        "é",
        "猫",
        "../train/images",
        "https://a.example/x",
        "a:b",
        "-1",
    ]
    + [
        "'quoted one'",
        '"two words"',
        "'it''s'",
        '"a\\n"',
        "",
        "a # b",
        "a#b",
        "#",
        "[",
        "&a",
        "*a",
        "!x",
        "|",
        "? k",
        "x: y",
    ]
)
KEYS = st.sampled_from(["names", "nc", "train", "path", "0", "12", "a-b", "<<", "a b", "'q'", "?"])
SPACES = st.sampled_from(["", " ", "  ", "    ", "\t", "- "])
LISTS = st.lists(WORDS, max_size=4).map(lambda words: f"[{', '.join(words)}]")
LINES = st.one_of(
    st.builds("{}{}: {}".format, SPACES, KEYS, WORDS | LISTS),
    st.builds("{}{}:".format, SPACES, KEYS),
    st.builds("{}- {}".format, SPACES, WORDS),
    st.builds("{}{}".format, SPACES, WORDS),
    st.sampled_from(["", "# comment", "  # comment", "---", "...", "\x85", "\u2028x: 1", "\x07"]),
)
ENDS = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", " \n", " # said\n"])


@given(st.lists(st.tuples(LINES, ENDS), max_size=8))
def test_it_reads_what_the_library_reads(lines: list[tuple[str, str]]) -> None:
    text = "".join(line + end for line, end in lines)
    found = plain_yaml(text)
    if found is not None:
        expected = yaml.load(yaml.reader.Reader.NON_PRINTABLE.sub("", text), Loader=yaml.BaseLoader)
        assert found == expected
        assert list(found) == list(expected)


@pytest.mark.parametrize(
    "text",
    [
        "train: ../train/images\nval: ../valid/images\n\nnc: 3\nnames: ['a', 'b c', \"d\"]\n",
        "path: ../datasets/coco8 # root\nnames:\n  0: person\n  1: hot dog\n\nroboflow:\n  version: 1\n  url: https://x.example/y\n",
        "names:\n- a\n- b\nnc: 2\r\n",
    ],
)
def test_the_usual_files_need_no_library(text: str) -> None:
    assert plain_yaml(text) == yaml.load(text, Loader=yaml.BaseLoader)


@pytest.mark.parametrize("text", [
    b"names: [a, b]\ntrain: x\nnames: [b, a]\n",
    b"names:\n  1: dog\n  1: cat\ntrain: x\n",
    b"names: {1: dog, 1: cat}\n",
])  # fmt: skip
def test_a_key_that_stands_twice_is_refused(text: bytes) -> None:
    """The last one would win, and a class would be gone."""
    with pytest.raises(FileError, match=r"stands in it twice.*leave one"):
        load_yaml(text)
    assert load_yaml(b"names: [a, b]\ntrain: x\nnames: [a, b]\n") == {"names": ["a", "b"], "train": "x"}
