"""CVAT files in a line, and what a dataset says of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from to_labelbox.model.items import Annotation, Item, Object, Track
from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import ReadContext
from to_labelbox.report.log import Log
from to_labelbox.source.files import Source
from to_labelbox_formats.cvat import FORMAT
from to_labelbox_formats.cvat.options import Options


def label(name: str, type: str = "any", attributes: str = "", more: str = "") -> str:
    return f"<label><name>{name}</name><type>{type}</type>{more}<attributes>{attributes}</attributes></label>"


def attribute(name: str, input_type: str, values: str = "", mutable: bool = False) -> str:
    return (
        f"<attribute><name>{name}</name><mutable>{mutable}</mutable><input_type>{input_type}</input_type>"
        f"<default_value></default_value><values>{values}</values></attribute>"
    )


def task(
    labels: str = "",
    *,
    id: int = 1,
    name: str = "task",
    size: int | None = None,
    start: int = 0,
    stop: int | None = None,
    step: int = 1,
    video: tuple[int, int] | None = None,
    source: str = "clip.mp4",
    subset: str = "",
) -> str:
    fields = f"<id>{id}</id><name>{name}</name><subset>{subset}</subset><start_frame>{start}</start_frame>"
    fields += f"<size>{size}</size>" if size is not None else ""
    fields += f"<stop_frame>{stop}</stop_frame>" if stop is not None else ""
    fields += f"<frame_filter>{f'step={step}' if step > 1 else ''}</frame_filter>"
    if video:
        fields += f"<mode>interpolation</mode><original_size><width>{video[0]}</width><height>{video[1]}</height>"
        fields += f"</original_size><source>{source}</source>"
    return f"<task>{fields}<labels>{labels}</labels></task>"


def export(body: str, meta: str = "") -> str:
    inside = f"<meta>{meta}<dumped>2024-01-02</dumped></meta>" if meta else ""
    return f'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>{inside}\n{body}\n</annotations>\n'


def image(shapes: str, name: str = "a.jpg", width: int = 100, height: int = 80, more: str = "") -> str:
    return f'<image id="0" name="{name}" width="{width}" height="{height}"{more}>\n{shapes}\n</image>'


def row(
    frame: int,
    corners: Sequence[float],
    *,
    key: bool = True,
    outside: bool = False,
    occluded: bool = False,
    more: str = "",
    inside: str = "",
) -> str:
    x0, y0, x1, y1 = corners
    return (
        f'<box frame="{frame}" keyframe="{int(key)}" outside="{int(outside)}" occluded="{int(occluded)}" '
        f'xtl="{x0:.2f}" ytl="{y0:.2f}" xbr="{x1:.2f}" ybr="{y1:.2f}" z_order="0"{more}>\n{inside}</box>\n'
    )


def track(rows: str, name: str = "car", id: int = 0, more: str = "") -> str:
    return f'<track id="{id}" label="{name}" source="manual"{more}>\n{rows}</track>\n'


def open_text(folder: Path, text: str | bytes, name: str = "annotations.xml", **options: Any) -> tuple[Dataset, Log]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return open_path(path, **options)


def open_path(path: Path, **options: Any) -> tuple[Dataset, Log]:
    context = ReadContext()
    return FORMAT.read(Source(path), Options(**options), context), context.log


def items_of(dataset: Dataset) -> tuple[list[Item], Log]:
    log = Log()
    return [Item(asset=i.asset, annotations=list(i.annotations), split=i.split, origin=i.origin) for i in dataset.items(log)], log  # fmt: skip


def annotations_of(folder: Path, text: str | bytes, **options: Any) -> tuple[list[Annotation], Log]:
    """All annotations of a text, and the log of reading them."""
    dataset, opening = open_text(folder, text, **options)
    items, log = items_of(dataset)
    opening.absorb(log)
    return [a for item in items for a in item.annotations], opening


def objects_of(folder: Path, shapes: str, meta: str = "", **options: Any) -> tuple[list[Object], Log]:
    """Objects of a picture of 100 × 80."""
    found, log = annotations_of(folder, export(image(shapes), meta), **options)
    return [a for a in found if isinstance(a, Object)], log


def tracks_of(folder: Path, tracks: str, meta: str = "", **options: Any) -> tuple[list[Track], Log]:
    found, log = annotations_of(folder, export(tracks, meta), **options)
    return [a for a in found if isinstance(a, Track)], log


def counts(log: Log) -> dict[str, int]:
    return {str(d.code): d.count for d in log.diagnostics.values()}


def accounted(annotations: Sequence[Annotation], log: Log) -> bool:
    """Whether every source annotation that was read is yielded, merged or skipped."""
    total = log.ledger.total()
    return total.read == total.skipped + total.merged + sum(a.source_count for a in annotations)
