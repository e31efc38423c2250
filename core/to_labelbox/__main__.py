"""The command ``to-labelbox``, also as ``python -m to_labelbox``."""

from __future__ import annotations

# `signal` itself takes longer to load than everything before this: it makes enumerations
import _signal as signal  # type: ignore[import-not-found]
import gc


def main() -> None:
    """Entry point. A Ctrl-C while the program is still being loaded, or has done its work, ends it without a word."""
    gc.set_threshold(100_000)  # what is loaded stays: to look for cycles in it so often takes a twentieth of a start
    heard = signal.getsignal(signal.SIGINT)
    if heard is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from to_labelbox.cli import main as run

    signal.signal(signal.SIGINT, heard)
    try:
        run()
    finally:
        if heard is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    main()
