"""Which tests need processes that are forked."""

from __future__ import annotations

import pytest

from to_labelbox.conversion.process_pool import START_METHOD

forked = pytest.mark.skipif(
    START_METHOD != "fork",
    reason="what goes wrong is put in by the test itself, and reaches other processes by a fork only",
)
"""Marks a test whose dataset, or whose fault, is an object of this process. What a process that starts afresh does is tried
by sources in files."""
