"""`to-labelbox preview`"""

from __future__ import annotations

import os
from typing import Any

import click

from to_labelbox.api.page import preview as run
from to_labelbox.cli import COMMANDS
from to_labelbox.cli.common import options_of
from to_labelbox.cli.speech import tell
from to_labelbox.model.text import n_of
from to_labelbox.plugins.writer import PreviewOptions


@click.command(
    short_help=COMMANDS["preview"],
    epilog="""\b
Examples:
  to-labelbox preview out --media-root images -o page.html
  to-labelbox preview out --media-root images -n 30 --sample 7 --only car --only 'person (mask)'
  to-labelbox preview out --problems
""",
)
@click.argument("out", type=click.Path(), metavar="OUT")
@click.option("-o", "--page", type=click.Path(), metavar="FILE", help="The page; OUT/preview.html by default.")
@options_of(PreviewOptions)
def preview(out: str, page: str | None, **given: Any) -> int:
    """Make a page to check a payload by eye: some data rows with what would be imported drawn on them, and the report.

    OUT is the output folder of convert, or of batch. The page is one file that opens in any browser without a network; an earlier
    preview of that name is replaced.
    """
    target = page or os.path.join(out, "preview.html")
    shown: list[tuple[int, int, int]] = []
    size = run(out, target, chosen=lambda *counts: shown.append(counts), **given)
    tell(f"wrote {target} ({size / 1e6:.1f} MB): open it in a browser")
    for number, rows, blank in shown:
        more = "; -n for more" if number == given["count"] < rows else ""
        tell(f"shown: {number:,} of {n_of(rows, 'data row')}{more}")
        if blank:
            media_root = given["media_root"]
            where = f"below {media_root}" if media_root else "at hand: give --media-root DIR"
            tell(f"no picture of {blank:,} of them is {where}")
    return 0
