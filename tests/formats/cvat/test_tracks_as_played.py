"""Track records of backups and the server, frame by frame as CVAT itself plays and exports them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builders.cvat_json import backup, skeleton
from cvat_files import accounted, annotations_of, counts, export, items_of, label, open_path, task, track
from to_labelbox.model.items import Annotation, Attribute, Box, Choice, Keypoints, Object, Point, RotatedBox, Track
from to_labelbox.report.log import Log

CLIP = '{"version":"1.1"}\n{"type":"video"}\n{"properties":{"name":"t.mp4","resolution":[64,48],"length":10}}\n'
POSE = {"name": "pose", "mutable": True, "input_type": "radio", "values": ["up", "down"]}
LABELS: list[dict[str, Any]] = [
    {"name": "car", "type": "any", "attributes": [{**POSE, "name": "door"}]},
    {"name": "man", "type": "skeleton", "attributes": [POSE], "sublabels": [{"name": "head", "type": "points"}]},
]


def key(frame: int, points: list[float], **more: Any) -> dict[str, Any]:
    return {"type": "rectangle", "frame": frame, "points": points, "outside": False, "attributes": [], **more}


def answer(name: str, value: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value}]


def played(folder: Path, record: Any, deleted: tuple[int, ...] = (), **options: Any) -> tuple[list[Annotation], Log]:
    data = {"start_frame": 0, "stop_frame": 9, "frame_filter": "", "deleted_frames": list(deleted)}
    told = {"version": "1.0", "name": "yard", "labels": LABELS, "data": data}
    dataset, opening = open_path(
        backup(folder, [{"tags": [], "shapes": [], "tracks": [record]}], told, CLIP), **options
    )
    items, log = items_of(dataset)
    opening.absorb(log)
    return [a for item in items for a in item.annotations], opening


def states(found: Annotation, question: str) -> list[tuple[int, Any, object]]:
    assert isinstance(found, Track)
    return [
        (k.frame, k.geometry, next((a.value.value for a in k.attributes if a.name == question and isinstance(a.value, Choice)), None))
        for segment in found.segments
        for k in segment
    ]  # fmt: skip


def test_what_a_keyframe_does_not_answer_is_as_before(tmp_path: Path) -> None:
    shapes = [
        key(0, [0, 0, 9, 9], attributes=answer("door", "up")),
        key(4, [4, 0, 13, 9]),
        key(6, [6, 0, 15, 9], attributes=answer("door", "down")),
        key(8, [8, 0, 17, 9], outside=True),
    ]
    (found,), _ = played(tmp_path, {"label": "car", "attributes": [], "shapes": shapes, "elements": []})
    assert [(frame, said) for frame, _, said in states(found, "door")] == [
        (0, "up"),
        (4, "up"),
        (6, "down"),
        (7, "down"),
    ]


def test_a_keyframe_on_a_deleted_frame_does_not_count(tmp_path: Path) -> None:
    """Neither where it puts the object nor that it hides it: the way goes on from the keyframe before to the one behind."""
    shapes = [
        key(0, [0, 0, 8, 8]),
        key(2, [30, 30, 38, 38]),
        key(4, [4, 0, 12, 8]),
        key(6, [6, 0, 14, 8], outside=True),
    ]
    record = {"label": "car", "attributes": [], "shapes": shapes, "elements": []}
    (found,), _ = played(tmp_path, record, (2, 6))
    assert [(f, g) for f, g, _ in states(found, "")] == [(f, Box(f, 0, 8, 8)) for f in (0, 4)] + [(9, Box(4, 0, 8, 8))]
    gone, log = played(tmp_path, record, (0, 2, 4, 6))
    assert (gone, counts(log)["deleted"], accounted(gone, log)) == ([], 1, True)


def man(*shapes: dict[str, Any]) -> dict[str, Any]:
    return {**skeleton(head=[(0, 0), (8, 8)]), "shapes": [key(**{"points": [], **s}, type="skeleton") for s in shapes]}


def test_elements_are_hidden_with_their_skeleton(tmp_path: Path) -> None:
    record = man({"frame": 0}, {"frame": 3, "outside": True}, {"frame": 6})
    (found,), log = played(tmp_path, record)
    assert isinstance(found, Track)
    seen = [[(k.frame, k.geometry) for k in segment] for segment in found.segments]
    assert seen == [[(f, Point(f, 0)) for f in (0, 2)], [(6, Point(6, 0)), (8, Point(8, 0)), (9, Point(8, 0))]]
    assert accounted([found], log)


def test_elements_are_visible_from_the_first_keyframe_of_their_skeleton(tmp_path: Path) -> None:
    """Also where that says nothing: neither that it is visible nor an answer."""
    record = {**man(), "shapes": [{"type": "skeleton", "frame": 3, "points": []}]}
    (found,), _ = played(tmp_path, record)
    assert states(found, "") == [(3, Point(3, 0), None), (8, Point(8, 0), None), (9, Point(8, 0), None)]


def test_a_skeleton_with_keyframes_on_deleted_frames_alone_is_nowhere(tmp_path: Path) -> None:
    gone, log = played(tmp_path, man({"frame": 0}), (0,))
    assert (gone, counts(log)["deleted"], accounted(gone, log)) == ([], 1, True)


def test_a_box_turns_towards_the_keyframe_that_hides_it(tmp_path: Path) -> None:
    shapes = [key(0, [0, 0, 9, 9]), key(4, [0, 0, 9, 9], outside=True, rotation=40)]
    (found,), _ = played(tmp_path, {"label": "car", "attributes": [], "shapes": shapes, "elements": []})
    assert states(found, "") == [(0, Box(0, 0, 9, 9), None)] + [
        (f, RotatedBox(4.5, 4.5, 9, 9, 10 * f), None) for f in (1, 2, 3)
    ]


def test_answers_of_a_skeleton_change_with_its_keyframes(tmp_path: Path) -> None:
    record = man({"frame": 0, "attributes": answer("pose", "up")}, {"frame": 5, "attributes": answer("pose", "down")})
    (found,), _ = played(tmp_path, record)
    assert states(found, "pose") == [
        *((f, Point(f, 0), said) for f, said in ((0, "up"), (5, "down"), (8, "down"))),
        (9, Point(8, 0), "down"),
    ]
    shown, _ = played(tmp_path, record, video="frames")
    assert [o.attributes for o in shown if isinstance(o, Object) and isinstance(o.geometry, Keypoints)] == [
        (Attribute("pose", Choice("up" if frame < 5 else "down")),) for frame in range(10)
    ]


def test_frames_of_xml_have_the_answers_of_their_row(tmp_path: Path) -> None:
    pose = "<attribute><name>pose</name><mutable>True</mutable><input_type>radio</input_type><values>up\ndown</values></attribute>"
    labels = label("man", "skeleton", pose) + label("head", "points", more="<parent>man</parent>")
    rows = "".join(
        f'<skeleton frame="{f}" keyframe="{int(not f)}"><points label="head" keyframe="{int(not f)}" outside="0" points="{f},0"/>'
        f'<attribute name="pose">{"up" if f < 2 else "down"}</attribute></skeleton>'
        for f in range(4)
    )
    text = export(track(rows, "man"), task(labels, size=4, stop=3, video=(64, 48)))
    shown, _ = annotations_of(tmp_path, text, video="frames")
    said = [[a.value.value for a in o.attributes if isinstance(a.value, Choice)] for o in shown if isinstance(o, Object)]  # fmt: skip
    assert said == [["up"], ["up"], ["down"], ["down"]]
