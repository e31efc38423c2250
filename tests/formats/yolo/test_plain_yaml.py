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
def test_classes_that_stand_twice_are_refused(text: bytes) -> None:
    """The last one would win, and a class would be gone."""
    with pytest.raises(FileError, match=r"stands in it twice.*leave one"):
        load_yaml(text)
    assert load_yaml(b"names: [a, b]\ntrain: x\nnames: [a, b]\n") == {"names": ["a", "b"], "train": "x"}


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        (b"names: [a]\ntrain: x\ntrain: y\n", ("train",)),
        (b"names: [a]\nnc: 1\nnc: 1.0\ndownload: |\n  x\ndownload: y\ntrain: x\n", ("nc", "download")),
        (b"names: [a]\nkpt_names:\n  0: [p]\n  0: [q]\n", ("kpt_names.0",)),
        (b"names: {0: a, 0: a}\ntrain: x\ntrain: x\n", ()),
        (b"names: [a]\nroboflow:\n  url: x\n  url: y\n", ()),
    ],
)
def test_of_other_keys_that_stand_twice_the_last_holds(text: bytes, twice: tuple[str, ...]) -> None:
    found = load_yaml(text)
    assert found.twice == twice
    assert found == yaml.load(text, Loader=yaml.BaseLoader)


def test_lists_of_lists_of_aliases_are_not_compared() -> None:
    """Each of 60 levels holds the one before twice: 2**60 texts, were it read as a tree."""
    levels = ["l0: &a0 [x]\nm0: &b0 [x]\n"]
    levels += [f"l{n}: &a{n} [*a{n - 1}, *a{n - 1}]\nm{n}: &b{n} [*b{n - 1}, *b{n - 1}]\n" for n in range(1, 60)]
    assert load_yaml(("names: [a]\n" + "".join(levels) + "z: *a59\nz: *b59\n").encode()).twice == ("z",)
