"""What is said about a region while it is read, and why one cannot be converted."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log


class Place(NamedTuple):
    """A record for messages: its file, and where it stands in it."""

    file: str
    where: str

    def at(self, part: str) -> Place:
        return Place(self.file, f"{self.where} {part}")


class RegionLog(Struct):
    """Notes about one region; ``loss``: one of them said that something of it is gone."""

    log: Log
    place: Place
    id: str
    loss: bool = False

    def note(self, code: str, message: str) -> None:
        self.log.note(code, message, file=self.place.file, where=self.place.where, id=self.id)

    def lose(self, code: Code, message: str) -> None:
        self.loss = True
        self.note(code, message)

    def skip(self, code: str, ledger_label: str, message: str) -> None:
        """Count something of the region as read and skipped."""
        self.log.read(ledger_label)
        self.log.skip(code, ledger_label, message, file=self.place.file, where=self.place.where, id=self.id)
