"""Many datasets with one ontology: found, joined, converted by workers, interrupted and resumed: one ontology."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

import to_labelbox
from builders.batch import BOX, COMMAND, OPTIONS, box_set, check, tree
from harness import ROOT, annotation, coco, contents, image, lines, ontology, save
from to_labelbox import UsageError
from to_labelbox.model.schema import Input, Option, Question, Schema
from to_labelbox.model.survey import Answers, Survey
from to_labelbox.ontology.merge import DatasetSurvey, common_ontology
from to_labelbox.rules.settings import Settings

KILLS = int(os.environ.get("TO_LABELBOX_KILLS", "10"))


SAMPLES = Path(os.environ.get("TO_LABELBOX_SAMPLES") or ROOT.parent / "shared" / "samples")


def uuids(out: Path, *names: str) -> list[str]:
    return [line["uuid"] for name in names for line in lines(out / name)]


KEY = "{dataset}/{relpath}"
"""Fixtures have pictures of one name and other sizes."""


def test_the_fixtures_have_one_ontology_for_any_number_of_workers(tmp_path: Path) -> None:
    root = tree(tmp_path / "in")
    made = to_labelbox.batch(root, tmp_path / "one", options=OPTIONS, global_key=KEY)
    check(tmp_path / "one", made)
    assert not [
        row
        for row in made.datasets
        if row.problem and not any(word in row.problem for word in ("converted", "read", "-O root="))
    ]
    to_labelbox.batch(root, tmp_path / "two", options=OPTIONS, global_key=KEY, workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_what_differs_between_datasets_is_settled_before_anything_is_written(tmp_path: Path) -> None:
    """Boxes here and outlines there, two colours here and thirty there, one answer here and several there."""
    box_set(tmp_path / "in" / "a" / "a.json", attributes={"color": "red", "mood": "calm"})
    ring = {"segmentation": [[1, 2, 30, 2, 30, 40]], "bbox": [1, 2, 29, 38]}
    pictures = [image(n, f"{n}.jpg") for n in range(1, 31)]
    outlines = [
        annotation(n, image_id=n, **ring, attributes={"color": f"c{n}", "mood": ["calm", "glad"]}) for n in range(1, 31)
    ]
    save(tmp_path / "in" / "b" / "b.json", coco(outlines, pictures))
    check(tmp_path / "out", to_labelbox.batch(tmp_path / "in", tmp_path / "out"))
    tools = {t["name"]: t for t in ontology(tmp_path / "out")["tools"]}
    assert list(tools) == ["car (box)", "car (polygon)"]
    for tool in tools.values():
        assert {q["name"]: q["type"] for q in tool["classifications"]} == {"color": "text", "mood": "checklist"}
    first = lines(tmp_path / "out" / "a")[0]
    assert first["name"] == "car (box)"
    assert {c["name"]: c["answer"] for c in first["classifications"]} == {"color": "red", "mood": [{"name": "calm"}]}


def seen(input: Input | None, *values: str, many: bool = False) -> DatasetSurvey:
    declared = Question("q", input, tuple(Option(v) for v in values)) if input else None
    answers = Answers(options={} if input else {v: {} for v in values}, many=many, whole=True)
    return DatasetSurvey(
        Schema(questions=(declared,) if declared else ()), Survey(questions={} if input else {"q": answers})
    )


@pytest.mark.parametrize(
    ("first", "second", "input"),
    [
        (seen(Input.RADIO, "a"), seen(Input.TEXT), Input.TEXT),
        (seen(Input.RADIO, "a"), seen(Input.CHECKLIST, "b"), Input.CHECKLIST),
        (seen(Input.CHECKLIST, "a"), seen(None, "b"), Input.CHECKLIST),
        (seen(Input.RADIO, "a"), seen(None, "b"), Input.RADIO),
        (seen(Input.RADIO, "a"), seen(None, *"bcdefghijklmnopqrstuv", many=True), Input.TEXT),
        (seen(None, *"abcdefghijklm"), seen(None, *"nopqrstuvwxyz"), Input.TEXT),
        (seen(Input.RADIO), seen(None, "a"), Input.RADIO),
    ],
)
def test_the_type_of_a_question_is_the_same_in_either_order(
    first: DatasetSurvey, second: DatasetSurvey, input: Input
) -> None:
    for pair in ((first, second), (second, first)):
        (question,) = common_ontology(pair, Settings()).classifications
        assert question.question.input is input


def test_types_that_differ_between_datasets_are_told() -> None:
    made = common_ontology((seen(Input.RADIO, "a"), seen(Input.TEXT), seen(Input.TEXT)), Settings())
    assert made.decisions == ("'q' of whole assets is radio in 1 dataset and text in 2 datasets: text",)
    assert not common_ontology((seen(Input.TEXT), seen(Input.TEXT)), Settings()).decisions


def test_all_conform_to_an_existing_ontology(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json")
    box_set(tmp_path / "in" / "b" / "b.json", label="bus")
    to_labelbox.convert(tmp_path / "in" / "a", tmp_path / "existing")
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out", ontology=tmp_path / "existing" / "ontology.json")
    check(tmp_path / "out", made)
    assert [(row.annotations.converted, row.annotations.skipped) for row in made.datasets] == [(3, 0), (0, 3)]
    assert list(ontology(tmp_path / "out")["tools"]) == ontology(tmp_path / "existing")["tools"]


def test_equal_keys_of_datasets_are_noticed_and_can_be_told_apart(tmp_path: Path) -> None:
    root = tmp_path / "in"
    for name, images in (("a/export", 3), ("b/export", 4), ("c/other", 5)):
        box_set(root / name / "set.json", images=images)
    made = to_labelbox.batch(root, tmp_path / "out")
    (shared,) = (d for d in made.diagnostics if d.code == "key-shared")
    assert shared.count == 7
    assert [(e.file, e.message[:40]) for e in shared.examples] == [
        ("b/export", "3 of its global keys are those of 'a/exp"),
        ("c/other", "4 of its global keys are those of 'a/exp"),
    ]
    with pytest.raises(UsageError, match="b/export: 3 of its global keys"):
        to_labelbox.batch(root, tmp_path / "strict", on_error="fail")
    assert not (tmp_path / "strict" / "ontology.json").exists()
    apart = to_labelbox.batch(root, tmp_path / "apart", settings=Settings(global_key="{dataset}/{relpath}"))
    assert "key-shared" not in {d.code for d in apart.diagnostics}
    rows = (tmp_path / "apart" / "b" / "export" / "data_rows.ndjson").read_text().splitlines()
    assert json.loads(rows[0])["global_key"] == "b/export/1.jpg"


def test_datasets_about_the_same_pictures_do_not_share_uuids(tmp_path: Path) -> None:
    """Each of them counts its annotations from 1; the first has the uuids that it has by itself."""
    for name in ("a", "b", "c"):
        box_set(tmp_path / "in" / name / "set.json", label=name)
    out = tmp_path / "out"
    to_labelbox.batch(tmp_path / "in", out)
    made = uuids(out, "a", "b", "c")
    assert len(set(made)) == len(made) == 9
    to_labelbox.convert(tmp_path / "in" / "a", tmp_path / "alone")
    assert uuids(tmp_path, "alone") == made[:3]
    to_labelbox.batch(tmp_path / "in", tmp_path / "again", workers=2)
    assert contents(tmp_path / "again") == contents(out)


def test_a_further_dataset_about_the_same_pictures(tmp_path: Path) -> None:
    """What is published already gets other uuids when an earlier dataset comes that has its pictures."""
    box_set(tmp_path / "in" / "b" / "set.json")
    out = tmp_path / "out"
    to_labelbox.batch(tmp_path / "in", out)
    box_set(tmp_path / "in" / "a" / "set.json", label="bus")
    check(out, to_labelbox.batch(tmp_path / "in", out, resume=True))
    made = uuids(out, "a", "b")
    assert len(set(made)) == 6
    to_labelbox.batch(tmp_path / "in", tmp_path / "whole")
    assert uuids(tmp_path / "whole", "a", "b") == made
    shutil.rmtree(tmp_path / "in" / "a")
    alone = to_labelbox.batch(tmp_path / "in", out, resume=True)
    assert [row.path for row in alone.datasets] == ["b"]
    assert uuids(out, "b") == made[:3]


def test_ends_of_links_in_datasets_about_the_same_pictures(tmp_path: Path) -> None:
    for name in ("a", "b"):
        shutil.copytree(ROOT / "fixtures" / "label-studio" / "relations" / "input", tmp_path / "in" / name)
    (changed,) = (tmp_path / "in" / "b").rglob("*.json")
    changed.write_text(changed.read_text().replace('"x": ', '"x": 1'))
    to_labelbox.batch(tmp_path / "in", tmp_path / "out", settings=Settings(relationships=True))
    found = [lines(tmp_path / "out" / name) for name in ("a", "b")]
    ends = [[line["relationship"]["source"] for line in part if "relationship" in line] for part in found]
    assert ends[0]
    for part, sources in zip(found, ends):
        assert set(sources) <= {line["uuid"] for line in part}
    assert not {line["uuid"] for line in found[0]} & {line["uuid"] for line in found[1]}


def test_a_dataset_that_fails_costs_itself(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a" / "a.json")
    save(
        tmp_path / "in" / "b" / "b.json",
        coco([annotation(**BOX), annotation(2, image_id=2, **BOX)], [image(1, "x/1.jpg"), image(2, "y/1.jpg")]),
    )
    box_set(tmp_path / "in" / "c" / "c.json", label="bus")
    made = to_labelbox.batch(tmp_path / "in", tmp_path / "out", settings=Settings(global_key="{name}"))
    check(tmp_path / "out", made)
    assert [bool(row.problem) for row in made.datasets] == [False, True, False]
    assert "global key" in made.datasets[1].problem
    assert made.exit_code() == 1
    assert made.annotations.read == 6


def test_options_go_to_the_formats_that_have_them(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a.json")
    with pytest.raises(UsageError, match="no option 'colour'"):
        to_labelbox.batch(tmp_path / "in", tmp_path / "out", options={"colour": "red"})
    with pytest.raises(UsageError, match="no datasets found"):
        to_labelbox.batch(tmp_path / "in", tmp_path / "out", datasets=["nothing"])


def test_an_earlier_result_is_not_overwritten_unasked(tmp_path: Path) -> None:
    box_set(tmp_path / "in" / "a.json")
    to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(UsageError, match="--overwrite"):
        to_labelbox.batch(tmp_path / "in", tmp_path / "out")
    to_labelbox.batch(tmp_path / "in", tmp_path / "out", overwrite=True)
    assert contents(tmp_path / "out") == before


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample data at {SAMPLES} (say where with TO_LABELBOX_SAMPLES)")
def test_all_real_exports_at_once(tmp_path: Path) -> None:
    made = to_labelbox.batch(SAMPLES, tmp_path / "out", options=OPTIONS, workers=2)
    check(tmp_path / "out", made)
    assert len(made.datasets) > 60
    left_out = [row for row in made.datasets if row.problem]
    # texts without a name of their own are called by their task, and each of the examples has a task 1
    # and some say the same in another form
    told = re.compile("ha(s|ve) other texts|it says the same as")
    alone = [row.path.split("/")[-1] for row in left_out if not told.search(row.problem)]
    assert alone in ([], ["required"])
    assert len(left_out) < 14


def started(root: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, str(root), "-o", str(out), "--workers", "2", "--quiet", "--resume", *more],
        start_new_session=True,
        stderr=subprocess.PIPE,
    )


def test_killed_at_any_moment_and_resumed_it_ends_with_the_same_bytes(sources: Path, tmp_path: Path) -> None:
    begun = time.monotonic()
    run = started(sources, tmp_path / "whole")
    assert run.communicate()[0] is None
    assert run.returncode == 0
    seconds = time.monotonic() - begun
    expected = contents(tmp_path / "whole")
    rng = random.Random(7)
    out = tmp_path / "out"
    killed = 0
    while killed < KILLS:
        run = started(sources, out)
        try:
            run.communicate(timeout=rng.uniform(0.05, seconds))
            shutil.rmtree(out)  # it has finished: begin a new one
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.communicate()
            killed += 1
            for path, data in contents(out).items():
                final = not Path(path).suffix[1:].isdecimal()  # the number of the process that was writing it
                if final and not path.startswith(".to-labelbox-partial") and "/.to-labelbox-partial" not in path:
                    assert data == expected[path], path
    run = started(sources, out)
    assert run.communicate()[1] == b""
    assert run.returncode == 0
    assert contents(out) == expected


def test_ended_by_a_signal_it_stops_at_once_and_can_be_resumed(sources: Path, tmp_path: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        out = tmp_path / number.name
        run = started(sources, out)
        while not list(out.glob(".to-labelbox-partial/*/*.done")):
            time.sleep(0.01)
            assert run.poll() is None
        begun = time.monotonic()
        run.send_signal(number)
        said = run.communicate()[1]
        assert time.monotonic() - begun < 2
        assert run.returncode == 128 + number
        assert b"Traceback" not in said
        assert list(out.glob(".to-labelbox-partial/*/*.done"))
        assert to_labelbox.batch(sources, out, workers=2, resume=True).exit_code() == 0
    assert contents(tmp_path / "SIGTERM") == contents(tmp_path / "SIGINT")


def test_what_is_finished_is_not_done_again(sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = started(sources, out)
    while len(list(out.glob(".to-labelbox-partial/*/*.done"))) < 8:
        time.sleep(0.01)
        assert run.poll() is None
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    done = {f: f.stat().st_mtime_ns for f in out.glob(".to-labelbox-partial/*/*.done")}
    kept: dict[Path, int] = {}

    def watch(_: object) -> None:
        if not kept:
            kept.update({f: f.stat().st_mtime_ns for f in done})

    to_labelbox.batch(sources, out, workers=2, resume=True, progress=watch)
    assert kept == done


def test_other_options_and_other_inputs_are_noticed(sources: Path, tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(sources, root)
    run = started(root, out)
    while len(list(out.glob(".to-labelbox-partial/*/head"))) < 5:
        time.sleep(0.01)
        assert run.poll() is None
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    with pytest.raises(UsageError, match=r"made with other options \(min_area\)"):
        to_labelbox.batch(root, out, resume=True, settings=Settings(min_area=9.0))
    with pytest.raises(UsageError, match="--resume to go on"):
        to_labelbox.batch(root, out)
    for n in range(12):
        box_set(root / f"small {n}" / "set.json", label="other", images=39)
    os.utime(root / "large" / "large.json")  # touched, not changed
    made = to_labelbox.batch(root, out, resume=True)
    check(out, made)
    assert made.annotations.read == 6000 + 12 * 39
    assert sorted(made.classes) == ["car", "other"]
