"""The command with a record that is a bomb: ``python tests/bombs.py KIND convert …``.

Reading an annotation of the class "bomb" takes forever (``hangs``), aborts the process (``aborts``) or takes all memory
(``hoards``); whatever the format, since every reader counts what it has read. It stands in a file of its own, so that a
process that starts afresh runs it too.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from to_labelbox.report.log import Ledger, Log, Tally

KIND = "TO_LABELBOX_BOMB"
LABEL = "bomb"


def hoards() -> None:
    held = []
    while True:
        held.append(bytearray(1 << 26))


BOMBS = {"hangs": lambda: time.sleep(600), "aborts": os.abort, "hoards": hoards}


class Mined(Ledger):
    """A ledger in which nothing of the class can be counted."""

    def __getitem__(self, label: str) -> Tally:
        if label == LABEL and os.environ[KIND] in BOMBS:
            BOMBS[os.environ[KIND]]()
        return super().__getitem__(label)


begin = Log.__init__


def begin_mined(log: Log, *given: Any, **more: Any) -> None:
    begin(log, *given, **more)
    log.ledger = Mined()


setattr(Log, "__init__", begin_mined)  # noqa: B010  (a method cannot be assigned, say types)

if __name__ == "__main__":
    os.environ[KIND] = sys.argv.pop(1)
    from to_labelbox.__main__ import main

    main()
