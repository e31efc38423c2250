"""The YOLO family: pixels computed by hand, every dialect, every row of the format's table of malformed input: recognition."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import to_labelbox
from builders.yolo import GOOD, YAML, Sandbox
from to_labelbox.plugins.reader import CERTAIN, LIKELY, Match, ReadContext, Refusal
from to_labelbox.report.codes import Code
from to_labelbox.report.errors import SourceError, ToLabelboxError
from to_labelbox_formats.yolo import task as evidence
from to_labelbox_formats.yolo.rows import Frame, Task


def test_descriptors_are_certain(box: Sandbox) -> None:
    box.write({"data.yaml": YAML, "labels/train/a.txt": GOOD})
    assert box.sniff() == Match(CERTAIN, "data.yaml describes splits and classes")
    assert isinstance(box.sniff("data.yaml"), Match)
    assert isinstance(box.sniff("labels/train/a.txt"), Refusal)


def test_rows_beside_pictures_are_likely_and_names_make_them_certain(box: Sandbox) -> None:
    box.write({"labels/a.txt": GOOD}).picture("images/a.png")
    assert box.sniff() == Match(LIKELY, "labels/a.txt has rows of numbers")
    box.write({"classes.txt": "car\n"})
    assert box.sniff() == Match(CERTAIN, "classes.txt names classes and labels/a.txt has rows of numbers")


@pytest.mark.parametrize(
    "files",
    [
        {"a.txt": "Car 0.00 0 -1.57 614.24 181.78 727.31 284.77 1.57 1.73 4.15 1.00 1.75 13.22 1.62\n"},
        {"gt/gt.txt": "1,1,912,484,97,109,0,7,1\n2,1,912,484,97,109,0,7,1\n"},
        {"a.txt": "684,8,273,116,0,0,0,0\n"},
        {"gt_img_1.txt": "377,117,463,117,465,130,378,130,Genaxis Theatre\n493,115,519,115,519,131,493,131,[06]\n"},
        {"a.txt": "some words about the weather today\n"},
        {"train.txt": "images/a.jpg\nimages/b.jpg\n"},
        {"annotations.xml": "<annotations><version>1.1</version></annotations>", "images/a.jpg": "", "other/b.jpg": ""},
        {"annotations/instances.json": "{}", "images/a.jpg": "", "train/b.jpg": ""},
        {"JPEGImages/a.jpg": "", "SegmentationClass/a.png": ""},
        {"a/data.yaml": YAML, "b/data.yaml": YAML},
        {"a.yaml": "openapi: 3\nnames: [x]\n"},
        {"a.jpg": "", "b.jpg": ""},
        {"labelbox.ndjson": '{"data_row": {"global_key": "a"}}\n'},
        {},
    ],
)
def test_other_things_are_refused_with_a_reason(box: Sandbox, files: dict[str, str]) -> None:
    verdict = box.write(files).sniff()
    assert isinstance(verdict, Refusal)
    assert verdict.reason


def test_a_doubtful_sample_makes_it_look_at_every_file(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("to_labelbox_formats.yolo.dataset.SAMPLE", 2)
    pose = "1 0.5 0.5 0.2 0.4 0.1 0.2 2 0.3 0.4 1\n"
    files = {f"labels/train/{n}.txt": pose for n in range(6)}
    box.write({"data.yaml": YAML, **files, "labels/train/5.txt": "1 0.1 0.1 0.2 0.2 0.3 0.1\n"})
    box.picture(*(f"images/train/{n}.png" for n in range(6)))
    assert len(box.objects()) == 6
    assert "from all of 6 label files" in box.opening.diagnostics[Code.DECISION].examples[-1].message
    box.write({f"labels/train/{n}.txt": GOOD for n in range(6)})
    box.write({"labels/train/1.txt": "1 0.1 0.1 0.2 0.2 0.3 0.1 0.4 0.4\n"})
    assert len(box.objects()) == 6
    assert "from 2, spread evenly, of 6 label files" in box.opening.diagnostics[Code.DECISION].examples[-1].message
    assert box.codes()[Code.ROWS_MIXED] == 1


def test_a_thousand_damaged_rows_and_files(tmp_path: Path) -> None:
    """Bytes changed, removed and added in label files, names and descriptors: messages, never a traceback."""
    generator = random.Random(5)
    good = "0 0.5 0.5 0.2 0.4\n1 0.1 0.1 0.4 0.1 0.4 0.5 0.2 0.9\n2 0.3 0.3 0.1 0.1 0.9\n"
    alphabet = b"0123456789.-+eE \t\r\n,_nainfx\xff\x00#:[]{}"
    for n in range(40):
        box = Sandbox(tmp_path / str(n))
        files: dict[str, str | bytes] = {"data.yaml": YAML}
        for m in range(25):
            data = bytearray(good.encode())
            for _ in range(generator.randint(1, 6)):
                at = generator.randrange(len(data))
                match generator.randrange(3):
                    case 0:
                        data[at] = generator.choice(alphabet)
                    case 1:
                        del data[at : at + generator.randint(1, 9)]
                    case _:
                        data[at:at] = bytes([generator.choice(alphabet)])
                data = data or bytearray(b" ")
            files[f"labels/train/{m}.txt"] = bytes(data)
        if n % 2:
            yaml = bytearray((YAML + "kpt_shape: [2, 2]\n").encode())
            yaml[generator.randrange(len(yaml))] = generator.choice(alphabet)
            files["data.yaml"] = bytes(yaml)
        box.write(files)
        context = ReadContext(sizes={f"{m}": (200, 100) for m in range(25)})
        try:
            items = box.items(context=context)
        except ToLabelboxError:
            continue
        for code, diagnostic in box.log.diagnostics.items():
            assert all(e.file for e in diagnostic.examples), code
        assert sum(len(i.annotations) for i in items) > 0


def test_every_reason_for_a_task_is_reported() -> None:
    finding = evidence.decide(evidence.Evidence(), None, lambda unit: Frame())
    assert finding.task is Task.DETECT


def test_a_file_that_stands_for_no_set_is_not_taken_for_its_folder(tmp_path: Path) -> None:
    """Asked for by name, it was: and the labels of other sets around it were converted."""
    (tmp_path / "yolo" / "labels").mkdir(parents=True)
    (tmp_path / "yolo" / "labels" / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (tmp_path / "coco.json").write_text('{"images": []}')
    with pytest.raises(SourceError, match=r"coco\.json: is no data\.yaml, obj\.data, NDJSON or text file"):
        to_labelbox.convert(tmp_path / "coco.json", None, format="yolo")
