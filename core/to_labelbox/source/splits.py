"""The words by which sets call their splits, in names of folders, lists and files; one list for every reader and the search for sets."""

from __future__ import annotations

SPLIT_WORDS = (
    "train", "training", "trainval", "val", "valid", "validation", "test", "testing", "minival", "dev", "eval",
)  # fmt: skip
SPLIT_PATTERN = "|".join(sorted(SPLIT_WORDS, key=len, reverse=True))
"""An alternative of a regular expression, the longer words first."""
