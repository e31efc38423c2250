"""Labelbox's rules, checked offline."""

from __future__ import annotations

from collections.abc import Iterator

from to_labelbox.formats import Fault


def validate(path: str, ontology: str | None = None) -> Iterator[Fault]:
    """Faults of an output folder, or of one NDJSON file against an ontology file."""
    yield from ()
