"""What a format is: what a reader gives and is lent. A format of a third party needs no other module of this room."""

from __future__ import annotations

from to_labelbox.plugins.dataset import Dataset, ItemFactory, dataset_of
from to_labelbox.plugins.reader import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    FolderRules,
    Match,
    NoOptions,
    ReadContext,
    Reader,
    Refusal,
)

__all__ = [
    "CERTAIN", "LIKELY", "POSSIBLE", "Dataset", "FolderRules", "ItemFactory", "Match", "NoOptions", "ReadContext",
    "Reader", "Refusal", "dataset_of",
]  # fmt: skip
