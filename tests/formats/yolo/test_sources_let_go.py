"""A search for datasets looks at many sources, and keeps none of them."""

from __future__ import annotations

import gc
import weakref
import zipfile
from pathlib import Path

from to_labelbox.plugins.detect import detect
from to_labelbox.source.files import Source


def test_sources_that_were_looked_at_are_let_go(tmp_path: Path) -> None:
    looked_at = []
    for n in range(8):
        with zipfile.ZipFile(path := tmp_path / f"{n}.zip", "w") as packed:
            packed.writestr("annotations.xml", "<annotations><version>1.1</version></annotations>")
        source = Source(path)
        assert detect(source).reader.name == "cvat"
        looked_at.append(weakref.ref(source))
        del source
    gc.collect()
    assert sum(one() is not None for one in looked_at) <= 2
