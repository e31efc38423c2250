"""Sources at addresses of the cloud."""

from __future__ import annotations

from collections.abc import Callable

Told = Callable[[int, int, int], None]
"""Called with files fetched, files in all, and bytes fetched."""
