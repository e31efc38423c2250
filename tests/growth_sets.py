"""Sources that grow in one dimension: for each format and dimension, the files of a set of ``n``."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness import annotation, coco, image

Files = Mapping[str, bytes]
Make = Callable[[int], Files]


def write(folder: Path, files: Files) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def circle(n: int) -> list[float]:
    return [
        round(v, 2) for k in range(n) for v in (50 + 30 * math.cos(k / n * 6.283), 40 + 30 * math.sin(k / n * 6.283))
    ]


def zigzag(n: int) -> list[float]:
    """Crosses itself and the border of the picture again and again."""
    return [v for k in range(n) for v in ((k * 37 % 140) - 20.0, (k * 53 % 120) - 20.0)]


# ------------------------------------------------------------------------------------------------------------- COCO


def _coco(*annotations: Any, images: Any = None, categories: Any = ({"id": 1, "name": "car"},)) -> Files:
    return {"instances.json": json.dumps(coco(annotations, images, categories)).encode()}


def _outlines(outline: list[float]) -> Files:
    return _coco(annotation(1, segmentation=[outline]))


def _keypoints(n: int) -> Files:
    category = {"id": 1, "name": "body", "keypoints": [f"point {k}" for k in range(n)], "skeleton": []}
    points = [v for k in range(n) for v in (k % 90 + 1, k % 70 + 1, 2)]
    return _coco(annotation(1, bbox=[1, 2, 30, 40], keypoints=points, num_keypoints=n), categories=[category])


def _one_name(n: int) -> Files:
    points = [v for k in range(n) for v in (k % 90 + 1, k % 70 + 1, 2)]
    return _coco(annotation(1, keypoints=points), categories=[{"id": 1, "name": "body", "keypoints": ["x"] * n}])


def _tags(n: int) -> Files:
    names = [{"id": k, "name": f"tag {k}"} for k in range(n)]
    document = coco([], [image(1, tag_ids=list(range(n)))])
    return {"instances.json": json.dumps({**document, "tag_categories": names}).encode()}


def _runs(n: int) -> list[dict[str, Any]]:
    return [{"size": [80, 100], "counts": [k % 7000, 9, 7991 - k % 7000]} for k in range(n)]


def _deep(n: int, inside: str = "1") -> str:
    return '{"a":' * n + inside + "}" * n


def _nested(files: Files, n: int) -> Files:
    """With the word "deep" of each JSON file replaced by objects in objects."""
    return {name: data.replace(b'"deep"', _deep(n).encode()) for name, data in files.items()}


COCO: dict[str, Make] = {
    "annotations an asset": lambda n: _coco(*(annotation(k, bbox=[k % 50, 2, 30, 40]) for k in range(n))),
    "assets": lambda n: _coco(
        *(annotation(k, image_id=k, bbox=[1, 2, 30, 40]) for k in range(n)), images=[image(k) for k in range(n)]
    ),
    "vertices": lambda n: _outlines(circle(n)),
    "vertices that cross": lambda n: _outlines(zigzag(n)),
    "outlines of one": lambda n: _coco(
        annotation(1, segmentation=[[k % 90, 1, k % 90 + 5, 1, k % 90 + 5, 9] for k in range(n)])
    ),
    "classes": lambda n: _coco(
        *(annotation(k, category_id=k, bbox=[1, 2, 30, 40]) for k in range(n)),
        categories=[{"id": k, "name": f"class {k}"} for k in range(n)],
    ),
    "attributes": lambda n: _coco(annotation(1, bbox=[1, 2, 30, 40], attributes={f"a{k}": f"v{k}" for k in range(n)})),
    "values": lambda n: _coco(*(annotation(k, bbox=[1, 2, 30, 40], attributes={"a": f"v{k}"}) for k in range(n))),
    "key points": _keypoints,
    "captions": lambda n: _coco(*({"id": k, "image_id": 1, "caption": f"text {k}"} for k in range(n)), categories=None),
    "one id for all": lambda n: _coco(*(annotation(7, bbox=[k % 50, k % 40, 30, 40]) for k in range(n))),
    "one name for all": lambda n: _coco(images=[image(k, "a.jpg") for k in range(n)]),
    "one id for all images": lambda n: _coco(
        *(annotation(k, bbox=[1, 2, 30, 40]) for k in range(n)), images=[image(1, f"{k}.jpg") for k in range(n)]
    ),
    "addresses": lambda n: _coco(
        *(annotation(k, image_id=k, bbox=[1, 2, 30, 40]) for k in range(n)),
        images=[image(k, f"https://b.example.org/get?id={k}") for k in range(n)],
    ),
    "fields that nothing reads": lambda n: _coco(annotation(1, bbox=[1, 2, 30, 40], **{f"f{k}": 1 for k in range(n)})),
    "key points of one name": _one_name,
    "tags": _tags,
    "masks of one": lambda n: _coco(annotation(1, segmentation=_runs(n))),
    "depth": lambda n: _nested(_coco(annotation(1, bbox=[1, 2, 30, 40], attributes={"a": "deep"})), n),
    "files": lambda n: {
        f"instances_{k:06}.json": json.dumps(coco([annotation(k, image_id=k, bbox=[1, 2, 3, 4])], [image(k)])).encode()
        for k in range(n)
    },
}

# -------------------------------------------------------------------------------------------------------- Pascal VOC

_SIZE = "<size><width>100</width><height>80</height></size>"
_BOX = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax></bndbox>"


def _voc(inside: str, name: str = "a") -> Files:
    text = f"<annotation><filename>{name}.jpg</filename>{_SIZE}{inside}</annotation>"
    return {f"Annotations/{name}.xml": text.encode()}


def _object(name: str = "car", more: str = "") -> str:
    return f"<object><name>{name}</name>{more}{_BOX}</object>"


def _polygon(n: int) -> str:
    points = circle(n)
    pairs = "".join(f"<x{k + 1}>{points[2 * k]}</x{k + 1}><y{k + 1}>{points[2 * k + 1]}</y{k + 1}>" for k in range(n))
    return _object(more=f"<polygon>{pairs}</polygon>")


VOC: dict[str, Make] = {
    "annotations an asset": lambda n: _voc(_object() * n),
    "files": lambda n: {name: data for k in range(n) for name, data in _voc(_object(), f"{k:06}").items()},
    "vertices": lambda n: _voc(_polygon(n)),
    "classes": lambda n: _voc("".join(_object(f"class {k}") for k in range(n))),
    "attributes": lambda n: _voc(
        _object(
            more="<attributes>"
            + "".join(f"<attribute><name>a{k}</name><value>v{k}</value></attribute>" for k in range(n))
            + "</attributes>"
        )
    ),
    "parts": lambda n: _voc(_object(more=f"<part><name>wheel</name>{_BOX}</part>" * n)),
    "depth": lambda n: _voc(_object() + "<x>" * n + "</x>" * n),
}

# -------------------------------------------------------------------------------------------------------------- YOLO


def _yolo(rows: str, names: int = 1, more: str = "") -> Files:
    yaml = "names: [" + ", ".join(f"class {k}" for k in range(names)) + "]\n" + more
    return {"data.yaml": yaml.encode(), "sizes.csv": b"a.jpg,100,80\nb.jpg,100,80\n", "labels/a.txt": rows.encode()}


YOLO: dict[str, Make] = {
    "annotations an asset": lambda n: _yolo("0 0.5 0.5 0.2 0.2\n" * n),
    "files": lambda n: {
        **_yolo("0 0.5 0.5 0.2 0.2\n"),
        **{f"labels/{k:06}.txt": b"0 0.5 0.5 0.2 0.2\n" for k in range(n)},
        "sizes.csv": "".join(f"{k:06}.jpg,100,80\n" for k in range(n)).encode(),
    },
    "vertices": lambda n: _yolo("0 " + " ".join(str(round(v / 100, 5)) for v in circle(n)) + "\n"),
    "classes": lambda n: _yolo("".join(f"{k} 0.5 0.5 0.2 0.2\n" for k in range(n)), n),
    "key points": lambda n: _yolo("0 0.5 0.5 0.2 0.2" + " 0.5 0.5 2" * n + "\n", 1, f"kpt_shape: [{n}, 3]\n"),
}

# -------------------------------------------------------------------------------------------------------------- CVAT


def _cvat(inside: str, labels: str = "") -> Files:
    meta = f"<meta><task><name>t</name><labels>{labels}</labels></task></meta>" if labels else ""
    return {"annotations.xml": f"<annotations><version>1.1</version>{meta}{inside}</annotations>".encode()}


def _image(inside: str, n: int = 0) -> str:
    return f'<image id="{n}" name="{n}.jpg" width="100" height="80">{inside}</image>'


def _shape(label: str = "car", inside: str = "") -> str:
    return f'<box label="{label}" xtl="1" ytl="2" xbr="30" ybr="40" occluded="0">{inside}</box>'


def _skeleton(n: int) -> str:
    points = "".join(f'<points label="p{k}" outside="0" occluded="0" points="{k % 90},{k % 70}"/>' for k in range(n))
    return f'<skeleton label="body">{points}</skeleton>'


def _track(n: int, id: int = 0) -> str:
    rows = "".join(
        f'<box frame="{k}" keyframe="1" outside="0" occluded="0" xtl="{k % 50}" ytl="2" xbr="{k % 50 + 9}" ybr="40"/>'
        for k in range(n)
    )
    return f'<track id="{id}" label="car">{rows}</track>'


def _video(inside: str, size: int) -> Files:
    meta = f"<task><name>t</name><size>{size}</size><mode>interpolation</mode><start_frame>0</start_frame><stop_frame>{size - 1}</stop_frame>"
    meta += "<original_size><width>100</width><height>80</height></original_size><source>v.mp4</source></task>"
    return {"annotations.xml": f"<annotations><version>1.1</version><meta>{meta}</meta>{inside}</annotations>".encode()}


def _label(name: str, attributes: str = "") -> str:
    return f"<label><name>{name}</name><type>any</type><attributes>{attributes}</attributes></label>"


def _attributes(n: int) -> Files:
    declared = "".join(
        f"<attribute><name>a{k}</name><mutable>False</mutable><input_type>text</input_type><values></values></attribute>"
        for k in range(n)
    )
    said = "".join(f'<attribute name="a{k}">v{k}</attribute>' for k in range(n))
    return _cvat(_image(_shape(inside=said)), _label("car", declared))


def _polygons(n: int) -> Files:
    points = circle(n)
    text = ";".join(f"{points[2 * k]},{points[2 * k + 1]}" for k in range(n))
    return _cvat(_image(f'<polygon label="car" points="{text}" occluded="0"></polygon>'))


CVAT: dict[str, Make] = {
    "annotations an asset": lambda n: _cvat(_image(_shape() * n)),
    "assets": lambda n: _cvat("".join(_image(_shape(), k) for k in range(n))),
    "vertices": _polygons,
    "classes": lambda n: _cvat(
        _image("".join(_shape(f"c{k}") for k in range(n))), "".join(_label(f"c{k}") for k in range(n))
    ),
    "attributes": _attributes,
    "keyframes": lambda n: _video(_track(n), n),
    "tracks": lambda n: _video("".join(_track(2, k) for k in range(n)), 4),
    "key points": lambda n: _cvat(_image(_skeleton(n))),
    "depth": lambda n: _cvat(_image(_shape()) + "<x>" * n + "</x>" * n),
    "files": lambda n: {f"{k:06}.xml": data for k in range(n) for data in _cvat(_image(_shape(), k)).values()},
}

# ------------------------------------------------------------------------------------------------------ Label Studio


def _region(id: Any, type: str, value: Any, **more: Any) -> dict[str, Any]:
    frame = {"original_width": 100, "original_height": 80}
    return {"id": str(id), "type": type, "from_name": "l", "to_name": "i", "value": value, **frame, **more}


def _rectangle(id: Any, label: str = "car", **more: Any) -> dict[str, Any]:
    value = {"x": 1, "y": 2, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": [label]}
    return _region(id, "rectanglelabels", value, **more)


def _tasks(*results: list[Any], data: Any = None) -> Files:
    tasks = [
        {"id": n + 1, "data": data or {"image": f"{n}.jpg"}, "annotations": [{"id": n + 1, "result": result}]}
        for n, result in enumerate(results)
    ]
    return {"export.json": json.dumps(tasks).encode()}


def _sequence(n: int) -> Files:
    frames = [
        {"frame": k + 1, "time": k / 25, "enabled": True, "x": k % 50, "y": 2, "width": 9, "height": 9, "rotation": 0}
        for k in range(n)
    ]
    value = {"framesCount": n, "duration": n / 25, "sequence": frames, "labels": ["car"]}
    return _tasks([_region(1, "videorectangle", value)], data={"video": "v.mp4"})


def _spans(n: int) -> Files:
    text = "some words " * n
    spans = [
        {
            "id": str(k),
            "type": "labels",
            "from_name": "l",
            "to_name": "t",
            "value": {"start": k * 11, "end": k * 11 + 4, "text": "some", "labels": ["word"]},
        }
        for k in range(n)
    ]
    return _tasks(spans, data={"text": text})


LABEL_STUDIO: dict[str, Make] = {
    "annotations an asset": lambda n: _tasks([_rectangle(k) for k in range(n)]),
    "assets": lambda n: _tasks(*([_rectangle(k)] for k in range(n))),
    "vertices": lambda n: _tasks(
        [
            _region(
                1, "polygonlabels", {"points": [list(p) for p in zip(*[iter(circle(n))] * 2)], "polygonlabels": ["car"]}
            )
        ]
    ),
    "classes": lambda n: _tasks([_rectangle(k, f"class {k}") for k in range(n)]),
    "labels of one region": lambda n: _tasks(
        [
            _region(
                1,
                "rectanglelabels",
                {"x": 1, "y": 2, "width": 3, "height": 4, "rectanglelabels": [f"c{k}" for k in range(n)]},
            )
        ]
    ),
    "parents": lambda n: _tasks([_rectangle(k, **({"parentID": str(k - 1)} if k else {})) for k in range(n)]),
    "nested answers": lambda n: _tasks(
        [
            one
            for k in range(n)
            for one in (_rectangle(k), _region(k, "choices", {"choices": [f"v{k % 9}"]}, from_name="c"))
        ]
    ),
    "keyframes": _sequence,
    "text spans": _spans,
    "key points": lambda n: _tasks(
        [
            _region(k, "keypointlabels", {"x": k % 90, "y": k % 70, "width": 1, "keypointlabels": [f"p{k}"]})
            for k in range(n)
        ]
    ),
    "attributes": lambda n: _tasks(
        [
            _rectangle(1),
            *(_region(1, "choices", {"choices": [f"v{k}"]}, from_name=f"question {k}") for k in range(n)),
        ]
    ),
    "depth": lambda n: _nested(_tasks([_rectangle(1, meta={"text": "deep"})]), n),
    "files": lambda n: {f"{k:06}.json": data for k in range(n) for data in _tasks([_rectangle(k)]).values()},
}

SETS: dict[str, dict[str, Make]] = {
    "coco": COCO,
    "voc": VOC,
    "yolo": YOLO,
    "cvat": CVAT,
    "label-studio": LABEL_STUDIO,
}


def arguments(format: str, folder: Path) -> dict[str, Any]:
    """What converts such a set, beside its folder."""
    given: dict[str, Any] = {"format": format}
    if format == "yolo":
        given["sizes"] = folder / "sizes.csv"
    return given
