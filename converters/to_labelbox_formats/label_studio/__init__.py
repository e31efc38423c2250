"""Label Studio: exports (JSON, JSON-MIN, CSV, TSV, JSON lines), storage folders, and the labelling config.

Format facts [label-studio-sdk ``converter``, the editor's ``serialize`` functions, labelstud.io/guide/export]:

- A task holds ``data`` (references to assets, texts) and ``annotations`` of several annotators, each with a ``result``.
- Entries of a result with one ``id`` are one region: its shape, its labels, answers about it. An entry whose ``value``
  has no shape answers a question about the asset. The keys of ``value`` tell what it is; ``type`` is unreliable.
- Image coordinates are per cent of the picture as displayed. A rectangle turns about its top-left corner.
- Text offsets are half-open, in code points (in UTF-16 units in old exports); frames of videos count from 1.
- The export holds no labelling config. Without one the classes are those that occur.

| module | holds |
|---|---|
| ``options``, ``detect`` | what the user decides; which files are Label Studio's |
| ``dataset`` | opening, in six steps |
| ``config`` | the labelling config and its schema |
| ``task_index``, ``asset_index`` | made once: where each task is, which records are of one task, which tasks share an asset |
| ``census`` | looked at on the way: what no rule knows, what speaks for a reading, what stands in for a missing config |
| ``conventions`` | which reading is taken |
| ``files`` | the files cut into pieces, pieces decoded to tasks, the annotation of a task that counts |
| ``items`` | the items of a range of tasks |
| ``assets`` | what a task's data shows: names, addresses and sizes |
| ``regions`` | a task, its regions, their shapes and answers |

The way of a value: ``dataset`` → ``task_index`` once, then ``items`` → ``files.task_files`` → ``regions.task`` →
``regions.region`` → ``regions.shapes``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from to_labelbox.plugins.dataset import Dataset
from to_labelbox.plugins.reader import ReadContext, Reader
from to_labelbox.source.files import Source
from to_labelbox_formats.label_studio.detect import sniff

if TYPE_CHECKING:
    from to_labelbox_formats.label_studio.options import Options


def read(source: Source, options: Options, context: ReadContext) -> Dataset:
    """Open an export: find its files and its labelling config, and index its tasks."""
    from to_labelbox_formats.label_studio.dataset import open_dataset

    return open_dataset(source, options, context)


FORMAT = Reader(
    "label-studio",
    sniff,
    read,
    title="Label Studio",
    docs="docs/formats/label-studio.md",
    options="to_labelbox_formats.label_studio.options:Options",
    trusted=True,
)
