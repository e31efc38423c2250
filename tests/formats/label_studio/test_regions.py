"""What the regions of one asset say together: families, sizes, tools without labels, objects, classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from build.label_studio import SIZE, box, point, read, region, task, write
from harness import codes, lines
from to_labelbox.model.items import Attribute, Box, Object, Point


def instances(folder: Path, *result: dict[str, Any], **options: Any) -> dict[str, tuple[Attribute, ...]]:
    items, _ = read(write(folder, [task(result)]), **options)
    return {a.id: a.attributes for i in items for a in i.annotations if isinstance(a, Object)}


def instance(id: str) -> tuple[Attribute, ...]:
    return (Attribute("instance", id, free_text=True),)


# ----------------------------------------------------------------------------------------------------- families


def test_points_say_which_region_they_are_part_of(tmp_path: Path) -> None:
    found = instances(
        tmp_path, box("p"), point("a", "nose", parentID="p"), point("b", "eye"), point("c", "eye", parentID="q")
    )
    assert found == {"p": (), "a": instance("p"), "b": (), "c": instance("q")}


def test_a_family_is_one_instance_however_deep(tmp_path: Path) -> None:
    """The points of a chain are one instance, and so is the point at its root."""
    found = instances(tmp_path, point("a", "hip"), point("b", "knee", parentID="a"), point("c", "foot", parentID="b"))
    assert found == dict.fromkeys("abc", instance("a"))


def test_parents_in_a_circle_end(tmp_path: Path) -> None:
    found = instances(
        tmp_path, point("a", "x", parentID="b"), point("b", "x", parentID="a"), point("c", "x", parentID="c")
    )
    assert found["a"] == found["b"] != ()
    assert found["c"] == instance("c")


def test_what_is_no_point_has_no_place_for_its_parent_and_says_so(tmp_path: Path) -> None:
    file = write(tmp_path, [task([box("p"), box("q", parentID="p")])])
    report = to_labelbox.convert(file, tmp_path / "out")
    assert codes(report)["group-dropped"] == 1
    assert report.annotations.converted == 2


def test_ids_of_families_are_those_of_their_annotation(tmp_path: Path) -> None:
    """With all annotations on one asset, the same id in two of them is not the same instance."""
    one = task([box("p"), point("a", "nose", parentID="p")])
    other = {"id": 99, "result": one["annotations"][0]["result"], "created_at": "2024-01-02T00:00:00Z"}
    one["annotations"].append(other)
    items, _ = read(write(tmp_path, [one]), annotator="all")
    told = [
        a.attributes[0].value for a in items[0].annotations if isinstance(a, Object) and isinstance(a.geometry, Point)
    ]
    assert told == ["10:p", "99:p"]


# -------------------------------------------------------------------------------------------------------- sizes


@pytest.mark.parametrize("order", [1, -1])
def test_a_size_that_one_region_states_is_that_of_all(order: int, tmp_path: Path) -> None:
    bare = {k: v for k, v in box("b", x=50).items() if k not in SIZE}
    items, _ = read(write(tmp_path, [task([box("a"), bare][::order])]))
    assert {a.id: a.geometry for a in items[0].annotations if isinstance(a, Object)} == {
        "a": Box(20, 10, 20, 10),
        "b": Box(100, 10, 20, 10),
    }


def test_a_size_is_that_of_its_own_page(tmp_path: Path) -> None:
    bare = {k: v for k, v in box("b", item_index=1).items() if k not in SIZE}
    report = to_labelbox.convert(
        write(tmp_path, [task([box("a", item_index=0), bare], {"shown": ["a.jpg", "b.jpg"]})]), tmp_path / "out"
    )
    assert (report.annotations.converted, report.annotations.skipped) == (1, 1)


def test_a_size_that_another_annotator_states_counts_too(tmp_path: Path) -> None:
    one = task([{k: v for k, v in box("b").items() if k not in SIZE}])
    one["annotations"].append({"id": 1, "was_cancelled": True, "result": [box("a")]})
    items, _ = read(write(tmp_path, [one]))
    assert [a.geometry for a in items[0].annotations if isinstance(a, Object)] == [Box(20, 10, 20, 10)]


# ------------------------------------------------------------------------------------------ tools and objects

VIDEO = """<Video name="shown" value="$shown"/><VideoRectangle name="bbox" toName="shown"/>
<TimelineLabels name="range" toName="shown"><Label value="motion"/></TimelineLabels>"""


@pytest.mark.parametrize("config", ["", VIDEO])
def test_labels_of_a_timeline_are_not_those_of_a_track(config: str, tmp_path: Path) -> None:
    keys = [{"frame": f, "x": 10, "y": 20, "width": 30, "height": 40, "enabled": True} for f in (1, 11)]
    track = region("videorectangle", {"framesCount": 20, "sequence": keys}, "t", from_name="bbox")
    file = write(tmp_path / "in", [task([track], {"shown": "v.mp4"})], config)
    report = to_labelbox.convert(file, tmp_path / "out", options={"size": "200x100"})
    assert report.classes["bbox"].converted == 1


TWO = """<Image name="left" value="$left"/><Image name="right" value="$right"/>
<Choices name="a" toName="left"><Choice value="y"/></Choices><Choices name="b" toName="right"><Choice value="y"/></Choices>"""


def test_an_answer_that_names_its_control_as_object_is_about_the_objects_of_the_control(tmp_path: Path) -> None:
    given = [region("choices", {"choices": ["y"]}, n, from_name=n, to_name=n) for n in ("a", "b")]
    items, _ = read(write(tmp_path, [task(given, {"left": "l.jpg", "right": "r.jpg"})], TWO))
    assert [(i.asset.path, [a.id for a in i.annotations]) for i in items] == [("l.jpg", ["a"]), ("r.jpg", ["b"])]


# ------------------------------------------------------------------------------------------------------ the report


def test_answers_about_the_whole_are_counted_by_their_option(tmp_path: Path) -> None:
    tasks = [
        task([region("choices", {"choices": [option]}, "c", from_name="weather")], {"shown": f"{n}.jpg"}, n)
        for n, option in enumerate(("sun", "rain", "sun"), 1)
    ]
    report = to_labelbox.convert(write(tmp_path, tasks), tmp_path / "out")
    assert {name: tally.converted for name, tally in report.classes.items()} == {"weather: sun": 2, "weather: rain": 1}


def test_they_still_are_under_another_name(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text("questions:\n  weather:\n    name: sky\n")
    file = write(tmp_path, [task([region("choices", {"choices": ["sun"]}, "c", from_name="weather")])])
    report = to_labelbox.convert(file, tmp_path / "out", class_map=tmp_path / "map.yaml")
    assert {name: tally.converted for name, tally in report.classes.items()} == {"weather: sun": 1}


def heard(*stretches: tuple[float, float, str]) -> list[dict[str, Any]]:
    return [
        region("labels", {"start": start, "end": end, "labels": [label]}, str(n))
        for n, (start, end, label) in enumerate(stretches)
    ]


def test_stretches_that_touch_stay_apart_and_those_that_overlap_are_said_to_be_one(tmp_path: Path) -> None:
    given = heard(
        (0.5, 2, "Speech"), (2, 4, "Speech"), (3, 5, "Speech"), (3.5, 6, "Music"), (7, 8, "Speech"), (7, 8, "Speech")
    )
    report = to_labelbox.convert(write(tmp_path, [task(given, {"shown": "https://h/a.wav"})]), tmp_path / "out")
    (line,) = lines(tmp_path / "out")
    frames = {a["name"]: [(f["start"], f["end"]) for f in a["frames"]] for a in line["answer"]}
    assert frames == {"Speech": [(500, 1999), (2000, 5000), (7000, 8000)], "Music": [(3500, 6000)]}
    counted = {name: (tally.converted, tally.approximated) for name, tally in report.classes.items()}
    assert counted == {"labels: Speech": (3, 2), "labels: Music": (1, 0)}
    assert codes(report)["answer-joined"] == 2
    assert to_labelbox.validate(tmp_path / "out") == []


def test_ranges_of_frames_that_share_one_are_said_to_be_one(tmp_path: Path) -> None:
    given = [
        region("timelinelabels", {"ranges": [{"start": a, "end": b}], "timelinelabels": ["x"]}, str(a))
        for a, b in ((1, 5), (6, 9), (9, 12), (20, 22))
    ]
    report = to_labelbox.convert(write(tmp_path, [task(given, {"shown": "https://h/a.mp4"})]), tmp_path / "out")
    (line,) = lines(tmp_path / "out")
    assert [(f["start"], f["end"]) for f in line["answer"][0]["frames"]] == [(1, 5), (6, 12), (20, 22)]
    tally = report.classes["timelinelabels: x"]
    assert (tally.converted, tally.approximated) == (2, 2)
