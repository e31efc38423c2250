"""`to-labelbox preview`"""

from __future__ import annotations

import os

import click

from to_labelbox.api.page import preview as run
from to_labelbox.cli import COMMANDS
from to_labelbox.cli.speech import tell
from to_labelbox.model.text import n_of


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
@click.option("--media-root", type=click.Path(), metavar="DIR", help="Folder of the media, as for convert.")
@click.option(
    "-n", "--number", "count", type=click.IntRange(1, 10_000), default=10, show_default=True, help="Data rows."
)
@click.option("--sample", "seed", type=int, metavar="SEED", help="Draw them at random; evenly spread by default.")
@click.option("--only", multiple=True, metavar="CLASS", help="Only data rows with this tool or question; repeat it.")
@click.option("--problems", is_flag=True, help="Only data rows with losses, each with what it lost.")
@click.option("--overwrite", is_flag=True, help="Replace FILE although it is no preview.")
def preview(
    out: str,
    page: str | None,
    media_root: str | None,
    count: int,
    seed: int | None,
    only: tuple[str, ...],
    problems: bool,
    overwrite: bool,
) -> int:
    """Make a page to check a payload by eye: some data rows with what would be imported drawn on them, and the report.

    OUT is the output folder of convert, or of batch. The page is one file that opens in any browser without a network; an earlier
    preview of that name is replaced.
    """
    target = page or os.path.join(out, "preview.html")
    shown: list[tuple[int, int, int]] = []
    size = run(
        out,
        target,
        media_root=media_root,
        count=count,
        seed=seed,
        only=only,
        problems=problems,
        overwrite=overwrite,
        chosen=lambda *counts: shown.append(counts),
    )
    tell(f"wrote {target} ({size / 1e6:.1f} MB): open it in a browser")
    for number, rows, blank in shown:
        more = "; -n for more" if number == count < rows else ""
        tell(f"shown: {number:,} of {n_of(rows, 'data row')}{more}")
        if blank:
            where = f"below {media_root}" if media_root else "at hand: give --media-root DIR"
            tell(f"no picture of {blank:,} of them is {where}")
    return 0
