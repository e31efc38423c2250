"""Media that a source holds in itself: written beside the output, where the data rows refer to them.

A reader only gives an asset its bytes (:attr:`~to_labelbox.model.items.Asset.content`). They are written while the chunk
is encoded, in the folder of its chunks, and moved to their final place when the output is published.
"""

from __future__ import annotations

import os
from contextlib import suppress

from to_labelbox.conversion.global_keys import MEDIA, cleaned
from to_labelbox.conversion.naming import sync_files
from to_labelbox.conversion.output_folder import remove_folder
from to_labelbox.model.items import Asset
from to_labelbox.report.codes import Code
from to_labelbox.report.log import Log
from to_labelbox.source.paths import is_safe


def keep_content(asset: Asset, folder: str, log: Log) -> None:
    """Write the bytes of an asset below a folder of chunks; the same bytes under the same name are written once."""
    assert asset.content is not None
    path = cleaned(asset).path
    if not is_safe(path):
        log.note(Code.FILE_IGNORED, "its name leads out of the output, so its bytes are not written", file=path)
        return
    log.note(
        Code.ROW_DATA_LOCAL,
        f"the source holds this file itself: it is written below {MEDIA}/ beside the output; import with that at hand, or "
        "put it on a server and give --url-prefix",
        file=path,
    )
    final = os.path.join(folder, MEDIA, path)
    if os.path.exists(final):
        return
    os.makedirs(os.path.dirname(final), exist_ok=True)
    temporary = f"{final}.{os.getpid()}"
    try:
        with open(temporary, "wb") as file:
            file.write(asset.content)
        os.replace(temporary, final)
    except BaseException:
        with suppress(OSError):
            os.remove(temporary)
        raise


def publish_media(parts: str, out: str) -> None:
    """Move what was written below a folder of chunks to its place in the output; other files there are left alone."""
    root = os.path.join(parts, MEDIA)
    for folder, _, names in os.walk(root):
        target = os.path.join(out, MEDIA, os.path.relpath(folder, root))
        os.makedirs(target, exist_ok=True)
        sync_files(os.path.join(folder, name) for name in names)
        for name in names:
            os.replace(os.path.join(folder, name), os.path.join(target, name))
    remove_folder(root)
