"""Fixtures of the tests in this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders.voc import (
    Files,
    Result,
    write,
)
from to_labelbox.plugins.reader import ReadContext
from to_labelbox_formats.voc.options import Options


@pytest.fixture
def voc(tmp_path: Path) -> Any:
    def read(files: Files | str, options: Options | None = None, **context: Any) -> Result:
        content = {"a.xml": files} if isinstance(files, str) else files
        return Result(write(tmp_path, content), options or Options(), ReadContext(**context))

    return read
