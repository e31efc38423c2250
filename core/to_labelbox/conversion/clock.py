"""A clock that ends its process, whatever code it is in: how long a file or a record may take."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

EXIT_CODE = 124
"""Where the system has no alarm for a process, a thread ends it with this code; code that never lets go of the
interpreter escapes it."""
_LOOK = 0.05


class Clock:
    """A finder of modules too, though not by its base, which takes 7 ms to load. Restarted at each step that counts; without ``seconds`` it never rings."""

    def __init__(self, seconds: float = 0, alarm: bool = hasattr(signal, "setitimer")) -> None:
        self.seconds = seconds
        self._alarm = alarm
        self._more: float | None = None
        self._deadline = 0.0
        self._watch: threading.Thread | None = None

    def forgive_imports(self) -> None:
        """Count anew with each module that is loaded: on a busy machine, loading code takes longer than a record."""
        if self.seconds:
            sys.meta_path.insert(0, self)

    def find_spec(self, *_: object) -> None:
        """A module is looked for that has not been loaded; the finders after this one find it."""
        if self._more is not None:
            self.restart(self._more)

    def restart(self, more: float = 0) -> None:
        """Count from now, with ``more`` seconds than usual."""
        if not self.seconds:
            return
        self._more = more
        if self._alarm:
            signal.setitimer(signal.ITIMER_REAL, self.seconds + more)
            return
        self._deadline = time.monotonic() + self.seconds + more
        if self._watch is None:
            self._watch = threading.Thread(target=self._wait, daemon=True)
            self._watch.start()

    def stop(self) -> None:
        if not self.seconds:
            return
        self._more = None
        if self._alarm:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self._deadline = 0.0

    def _wait(self) -> None:
        while True:
            time.sleep(_LOOK)
            if 0 < self._deadline < time.monotonic():
                os._exit(EXIT_CODE)
