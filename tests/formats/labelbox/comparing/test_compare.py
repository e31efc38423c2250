"""What a comparison tells: of moved, lost, doubled and added annotations, of rows, projects and files that are none."""

from __future__ import annotations

import copy
import gzip
import json
import math
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

import to_labelbox
from builders.labelbox_export import PROJECT, exported, saved
from formats.labelbox.comparing.test_laws import compared, label_of
from formats.labelbox.importing.payloads import output
from harness import item, lines
from to_labelbox import UsageError
from to_labelbox.cli import main
from to_labelbox.model.items import Box, Keyframe, Media, Object, Point, Polygon, Track


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return output(tmp_path / "out", rows=3, each=2)


def written(tmp_path: Path, *annotations: Any) -> Path:
    to_labelbox.write([item(*annotations)], tmp_path / "out")
    return tmp_path / "out"


def findings(out: Path) -> list[Any]:
    return lines(out, "compare.ndjson")


def test_a_difference_leads_to_its_source(out: Path) -> None:
    rows = exported(out)
    box = label_of(rows[1])["objects"][1]["bounding_box"]
    box["left"] += 2
    report = compared(out, rows)
    (found,) = findings(out)
    assert found["message"] == "is off by up to 2 (IoU 0.667)"
    assert (found["state"], found["file"], found["id"], found["line"]) == ("different", "a.json", "1", 4)
    assert (found["offset"], found["iou"]) == (2.0, 0.666667)
    truck = report.classes["truck"]
    assert (truck.annotations, truck.same, truck.different, truck.offset) == (3, 2, 1, 2.0)
    assert json.loads((out / "compare.json").read_text())["annotations"]["different"] == 1
    assert "1 × different: is off by up to 2 (IoU 0.667)" in report.text
    assert report.exit_code() == 1
    assert compared(out, exported(out)).exit_code() == 0
    assert not (out / "compare.ndjson").exists()


def test_the_tolerance_is_the_users(out: Path) -> None:
    rows = exported(out)
    label_of(rows[0])["objects"][0]["bounding_box"]["top"] += 0.3
    assert compared(out, rows).annotations.different == 1
    assert compared(out, rows, tolerance=0.31).annotations.different == 0


def test_a_row_that_is_not_there_and_one_without_a_label(out: Path) -> None:
    rows = exported(out)
    rows[2]["projects"][PROJECT]["labels"] = []
    report = compared(out, rows[1:])
    assert (report.rows.missing, report.rows.without_label, report.rows.compared) == (1, 1, 1)
    assert report.annotations.missing == 4
    assert {f["message"] for f in findings(out)} == {
        "the data row is not in the export",
        "the data row has no label in the export",
    }


def test_extra_and_doubled_ones(out: Path) -> None:
    rows = exported(out)
    objects = label_of(rows[0])["objects"]
    objects.append({**copy.deepcopy(objects[0]), "feature_id": "cl" + "x" * 23})
    report = compared(out, rows)
    assert (report.annotations.doubled, report.annotations.extra, report.exit_code()) == (1, 0, 1)
    objects[-1]["bounding_box"]["left"] = 70
    report = compared(out, rows)
    assert (report.annotations.doubled, report.annotations.extra, report.exit_code()) == (0, 1, 0)
    assert findings(out)[0]["feature_id"] == "cl" + "x" * 23


def test_of_several_labels_the_one_that_agrees_most(out: Path) -> None:
    rows = exported(out)
    labels = rows[0]["projects"][PROJECT]["labels"]
    labels.insert(0, copy.deepcopy(labels[0]))
    label_of(rows[0])["objects"].pop()
    report = compared(out, rows)
    assert (report.annotations.same, report.rows.several_labels) == (6, 1)
    assert any("1 data row has several labels" in note for note in report.notes)


def test_several_projects_are_asked_for(out: Path) -> None:
    rows = exported(out)
    for row in rows:
        row["projects"]["other"] = {"name": "trial", "labels": []}
    with pytest.raises(
        UsageError, match=rf"say which by(?s:.*)--project {PROJECT}   yard \(3 rows\)(?s:.*)--project other"
    ):
        compared(out, rows)
    assert not list(out.glob("compare*"))
    for project in (PROJECT, "yard"):
        assert compared(out, rows, projects=[project]).exit_code() == 0
    assert compared(out, rows, projects="trial").rows.without_label == 3
    with pytest.raises(UsageError, match="no row of the export is in nowhere; there are"):
        compared(out, rows, projects=["nowhere"])


@pytest.mark.parametrize("form", ["array", "wrapped", "bom", "utf-16"])
def test_the_forms_in_which_rows_are_saved(out: Path, form: str) -> None:
    rows, path = exported(out), out / "export.json"
    if form == "array":
        path.write_text(json.dumps(rows, indent=1))
    elif form == "wrapped":
        saved(path, [{"json": row} for row in rows])
    else:
        text = "".join(json.dumps(row) + "\r\n\r\n" for row in rows)
        path.write_text(text, encoding="utf-8-sig" if form == "bom" else form)
    if form == "utf-16":
        path.write_bytes(json.dumps(rows).encode("utf-16"))
    assert to_labelbox.compare(out, path).annotations.same == 6


def test_broken_rows_are_named_and_the_rest_is_compared(out: Path) -> None:
    path = saved(out / "export.ndjson", exported(out))
    path.write_bytes(path.read_bytes() + b'{"data_row":\n[]\n')
    report = to_labelbox.compare(out, path)
    assert (report.annotations.same, report.rows.unreadable, report.exit_code()) == (6, 2, 1)
    assert "export.ndjson:4: not JSON" in report.notes[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"DataRow ID": "x", "Label": {}}]', "form of 2022"),
        (b'{"a": 1}\n', "no data_row with projects"),
        (b"a,b\n1,2\n" * 2000, "is no export of a Labelbox project"),
        (gzip.compress(b"{}", mtime=0), "is no export"),
        (b'[{"data_row": {}, "projects": {}}', "the end of the file"),
    ],
    ids=["2022", "other-json", "csv", "gzip", "cut"],
)
def test_what_is_no_export_is_told(out: Path, content: bytes, message: str) -> None:
    (out / "x.json").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        to_labelbox.compare(out, out / "x.json")
    with pytest.raises(UsageError, match="No such file"):
        to_labelbox.compare(out, out / "y.json")


def test_odd_values_never_end_a_comparison(out: Path) -> None:
    """Each value of an export by something else, one at a time."""
    rows = exported(out)
    tried = 0
    for path in _paths(rows[0]):
        for odd in (None, 7, "x", [], {}, [None], {"x": None}, -1e300):
            other = copy.deepcopy(rows)
            holder: Any = other[0]
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = odd
            try:
                report = compared(out, other)
            except UsageError as error:
                assert "several projects" in str(error) or "is no export" in str(error)
                continue
            counts = report.annotations
            assert counts.annotations == counts.same + counts.different + counts.missing == 6
            tried += 1
    assert tried > 300


def _paths(value: Any, before: tuple[Any, ...] = ()) -> Any:
    for key, one in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*before, key)
        yield from _paths(one, (*before, key))


def test_the_best_pairs_together_not_each_for_itself(tmp_path: Path) -> None:
    """What overlaps most would leave the other two with little: the pairs are those with the largest sum."""
    out = written(tmp_path, *(Object(label="car", geometry=Box(x, 0, 20, 20), id=str(x)) for x in (5, 13.5)))
    rows = exported(out, keep_ids=False)
    first, second = (o["bounding_box"] for o in label_of(rows[0])["objects"])
    first["left"], second["left"] = 0, 8.5
    report = compared(out, rows)
    assert (report.annotations.different, report.annotations.missing, report.annotations.offset) == (2, 0, 5.0)


def test_many_of_one_class_cost_no_square(tmp_path: Path) -> None:
    count = 4000
    boxes = [Object(label="car", geometry=Box(n % 90, n // 90 * 0.7, 5, 5), id=str(n)) for n in range(count)]
    out = written(tmp_path, *boxes)
    rows = exported(out, keep_ids=False)
    objects = label_of(rows[0])["objects"]
    for one in objects:
        one["bounding_box"]["top"] += 0.05
    report = compared(out, rows)
    assert report.annotations.annotations == count
    assert report.annotations.different > 0.9 * count
    assert report.annotations.same == 0


def test_a_renamed_class_is_told_as_one(tmp_path: Path) -> None:
    out = written(
        tmp_path, Object(label="car", geometry=Point(5, 5), id="1"), Object(label="van", geometry=Point(50, 5), id="2")
    )
    rows = exported(out, keep_ids=False)
    label_of(rows[0])["objects"][0].update(name="Car", value="Car")
    compared(out, rows)
    assert [f["message"] for f in findings(out)] == ["is 'Car', was 'car'"]


def test_an_outline_may_begin_elsewhere_and_lose_points(tmp_path: Path) -> None:
    shape = Polygon((((1, 1, 40, 1, 40, 30, 20, 35, 1, 30),),))
    out = written(tmp_path, Object(label="car", geometry=shape, id="1"))
    rows = exported(out)
    ring = label_of(rows[0])["objects"][0]["polygon"]
    open_ring = ring[:-1]
    ring[:] = [*open_ring[2:], *open_ring[:2]][::-1]
    assert compared(out, rows).exit_code() == 0
    ring[:] = [p for p in open_ring if p != {"x": 20, "y": 35}]
    compared(out, rows)
    assert findings(out)[0]["message"] == "is off by up to 5 (IoU 0.853), has 4 points instead of 5"


def test_a_video_one_frame_later_is_told_as_that(tmp_path: Path) -> None:
    out = output(tmp_path / "out", Media.VIDEO, rows=2)
    rows = exported(out)
    for row in rows:
        held = label_of(row)
        held["segments"] = {id: [[a + 1, b + 1] for a, b in s] for id, s in held["segments"].items()}
        held["frames"] = {str(int(f) + 1): v for f, v in held["frames"].items()}
        held["key_frame_feature_map"] = {id: [f + 1 for f in k] for id, k in held["key_frame_feature_map"].items()}
    report = compared(out, rows)
    assert report.annotations.different == 4
    assert "4 tracks are the same 1 frame later: see convert -O first_frame" in report.notes


def test_frames_between_keyframes_are_no_difference(tmp_path: Path) -> None:
    """An export may hold the frames that were computed, and lack keyframes on a straight way."""
    keys = tuple(Keyframe(f, Box(f, 2, 10, 20)) for f in (0, 4, 8))
    video = to_labelbox.write
    from formats.labelbox.importing.payloads import asset
    from to_labelbox.model.items import Item

    track = Track(label="car", segments=(keys,), id="1")
    video([Item(asset=asset(Media.VIDEO, "a"), annotations=[track])], tmp_path / "out")
    rows = exported(tmp_path / "out")
    held = label_of(rows[0])
    (id,) = held["segments"]
    frames: dict[int, Any] = {
        n: {"objects": {id: copy.deepcopy(held["frames"]["1"]["objects"][id])}, "classifications": []}
        for n in range(1, 10)
    }
    for n, frame in frames.items():
        frame["objects"][id]["bounding_box"]["left"] = n - 1
    held["frames"] = {str(n): frame for n, frame in frames.items()}
    held["key_frame_feature_map"] = {}
    assert compared(tmp_path / "out", rows).exit_code() == 0
    held["key_frame_feature_map"] = {id: {"1": True, "9": True}}
    assert compared(tmp_path / "out", rows).exit_code() == 0
    held["frames"]["9"]["objects"][id]["bounding_box"]["left"] = 10
    assert compared(tmp_path / "out", rows).annotations.different == 1


def test_the_command(out: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["to-labelbox", "compare", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    path = saved(out / "export.ndjson", exported(out))
    code, told = run(out, path)
    assert (code, "3 data rows: 3 compared" in told) == (0, True)
    rows = exported(out)
    label_of(rows[0])["objects"].pop()
    saved(path, rows)
    code, told = run(out, path, "--json")
    assert (code, json.loads(told)["annotations"]["missing"]) == (1, 1)
    assert run(out, path, "--first", 1)[0] == 1
    for wrong in ((out,), (out, path, "--tolerance", -1), (path, path), (out, path, "--project", "x"), (out, out)):
        assert run(*wrong)[0] == 2


def test_a_trial_is_compared_by_its_rows(out: Path) -> None:
    rows = exported(out)
    assert compared(out, rows[:1]).rows.missing == 2
    report = compared(out, rows[:1], first=1)
    assert (report.rows.total, report.annotations.same, report.exit_code()) == (1, 2, 0)


def test_a_batch_is_compared_with_an_export_a_project(tmp_path: Path) -> None:
    out = tmp_path / "out"
    source = tmp_path / "sets"
    for name in ("a", "b"):
        (source / name).mkdir(parents=True)
        document = {
            "images": [{"id": 1, "file_name": f"{name}.jpg", "width": 50, "height": 40}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0}],
            "categories": [{"id": 1, "name": "car"}],
        }
        (source / name / "instances.json").write_text(json.dumps(document))
    to_labelbox.batch(source, out)
    exports = [saved(tmp_path / f"{n}.ndjson", exported(out / n)) for n in ("a", "b")]
    assert to_labelbox.compare(out, *exports).annotations.same == 2
    report = to_labelbox.compare(out, exports[0])
    assert (report.annotations.missing, report.rows.missing) == (1, 1)
    assert findings(out)[0]["file"].startswith("b: ")


def test_answers_of_a_track_hold_until_the_next(tmp_path: Path) -> None:
    out = output(tmp_path / "out", Media.VIDEO, rows=1, each=1)
    (line,) = lines(out)
    keys = line["segments"][0]["keyframes"]
    keys[0]["classifications"] = [{"name": "wear", "answer": {"name": "worn"}}]
    (out / "annotations.ndjson").write_text(json.dumps(line) + "\n")
    rows = exported(out)
    assert compared(out, rows).exit_code() == 0
    last = next(iter(label_of(rows[0])["frames"]["10"]["objects"].values()))
    first = next(iter(label_of(rows[0])["frames"]["1"]["objects"].values()))
    last["classifications"] = copy.deepcopy(first["classifications"])  # told again, which is no difference
    assert compared(out, rows).exit_code() == 0
    last["classifications"][0]["radio_answer"].update(name="fine", value="fine")
    compared(out, rows)
    assert "frame 10: lacks the answer wear: worn" in findings(out)[0]["message"]


def test_a_long_track_costs_no_square(tmp_path: Path) -> None:
    """10,000 frames that were computed, against two keyframes in each second one."""
    from formats.labelbox.importing.payloads import asset
    from to_labelbox.model.items import Item

    keys = tuple(Keyframe(f, Box(f / 1000, 2, 10, 20)) for f in range(0, 10_000, 2))
    video = msgspec.structs.replace(asset(Media.VIDEO, "a"), frames=20_000)
    to_labelbox.write([Item(asset=video, annotations=[Track(label="car", segments=(keys,), id="1")])], tmp_path / "out")
    rows = exported(tmp_path / "out")
    held = label_of(rows[0])
    (id,) = held["segments"]
    one = held["frames"]["1"]["objects"][id]
    for f in range(1, 9_999):
        held["frames"][str(f)] = {
            "objects": {id: {**one, "bounding_box": {**one["bounding_box"], "left": (f - 1) / 1000}}}
        }
    held["key_frame_feature_map"] = {}
    started = time.process_time()
    assert compared(tmp_path / "out", rows).exit_code() == 0
    assert time.process_time() - started < 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_is_told_and_leaves_nothing(out: Path) -> None:
    rows = exported(out)
    label_of(rows[0])["objects"].pop()
    (out / "compare.ndjson.partial").symlink_to("/dev/full")
    with pytest.raises(to_labelbox.ToLabelboxError, match=r"compare\.json cannot be written: No space left.*make room"):
        compared(out, rows)
    assert not list(out.glob("compare*"))


@pytest.mark.parametrize("lost", [0, 1])
def test_a_long_outline_costs_no_square(tmp_path: Path, lost: int) -> None:
    ring = [c for n in range(20_000) for c in (50 + 40 * math.cos(n / 3183.1), 40 + 35 * math.sin(n / 3183.1))]
    out = written(tmp_path, Object(label="car", geometry=Polygon(((tuple(ring),),)), id="1"))
    rows = exported(out)
    label_of(rows[0])["objects"][0]["polygon"] = [
        {"x": p["x"] + 1, "y": p["y"]} for p in label_of(rows[0])["objects"][0]["polygon"][lost:-1]
    ]
    started = time.process_time()
    report = compared(out, rows)
    assert time.process_time() - started < 5
    assert report.annotations.different == 1
    assert report.annotations.offset == pytest.approx(1, abs=0.01)
