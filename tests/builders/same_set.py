"""One set of pictures with boxes and outlines, told in each of the formats by the same verbs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from PIL import Image

WIDTH, HEIGHT = 200, 100


class SameSet:
    """``picture``, ``box`` and ``outline`` describe; ``save`` writes a source. Numbers are pixels, edges counted from 0.

    ``width`` and ``height`` are what the source states of each picture.
    """

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.width, self.height = width, height
        self.pictures: list[str] = []
        self.shapes: list[tuple[str, bool, str, list[float]]] = []

    def picture(self, name: str) -> None:
        self.pictures.append(name)

    def box(self, label: str, left: float, top: float, right: float, bottom: float) -> None:
        self.shapes.append((self.pictures[-1], True, label, [left, top, right, bottom]))

    def outline(self, label: str, *numbers: float) -> None:
        self.shapes.append((self.pictures[-1], False, label, list(numbers)))

    def save(self, folder: Path) -> Path:
        raise NotImplementedError

    def _of(self, picture: str) -> list[tuple[bool, str, list[float]]]:
        return [shape for name, *shape in self.shapes if name == picture]  # type: ignore[misc]

    def _labels(self, *kinds: bool) -> list[str]:
        return list(dict.fromkeys(label for _, is_box, label, _ in self.shapes if is_box in (kinds or (True, False))))

    def paint(self, folder: Path) -> None:
        for name in self.pictures:
            _write(folder / name, "")
            Image.new("L", (self.width, self.height)).save(folder / name)


class Coco(SameSet):
    def save(self, folder: Path) -> Path:
        labels = self._labels()
        annotations = []
        for n, (picture, is_box, label, v) in enumerate(self.shapes, 1):
            place = {"bbox": [v[0], v[1], v[2] - v[0], v[3] - v[1]]} if is_box else {"segmentation": [v]}
            image, category = self.pictures.index(picture) + 1, labels.index(label) + 1
            annotations.append({"id": n, "image_id": image, "category_id": category, "iscrowd": 0, **place})
        sides = {"width": self.width, "height": self.height}
        images = [{"id": n, "file_name": name, **sides} for n, name in enumerate(self.pictures, 1)]
        categories = [{"id": n, "name": label} for n, label in enumerate(labels, 1)]
        given = {"images": images, "annotations": annotations, "categories": categories}
        return _write(folder / "set.json", json.dumps(given)).parent


class Voc(SameSet):
    def save(self, folder: Path) -> Path:
        self.paint(folder / "JPEGImages")
        size = f"<size><width>{self.width}</width><height>{self.height}</height><depth>3</depth></size>"
        for name in self.pictures:
            objects = ""
            for is_box, label, v in self._of(name):
                tags = (
                    ("xmin", "ymin", "xmax", "ymax")
                    if is_box
                    else [f"{'xy'[n % 2]}{n // 2 + 1}" for n in range(len(v))]
                )
                place = "".join(f"<{tag}>{number}</{tag}>" for tag, number in zip(tags, v))
                kind = "bndbox" if is_box else "polygon"
                objects += f"<object><name>{escape(label)}</name><{kind}>{place}</{kind}></object>"
            text = f"<annotation><filename>{escape(name)}</filename>{size}{objects}</annotation>"
            _write((folder / "Annotations" / name).with_suffix(".xml"), text)
        return folder


class Yolo(SameSet):
    def save(self, folder: Path) -> Path:
        self.paint(folder / "images")
        labels = self._labels()
        _write(folder / "data.yaml", f"train: images\nnames: {json.dumps(labels, ensure_ascii=False)}\n")
        for name in self.pictures:
            rows = ""
            for is_box, label, v in self._of(name):
                if is_box:
                    v = [(v[0] + v[2]) / 2, (v[1] + v[3]) / 2, v[2] - v[0], v[3] - v[1]]
                shares = [number / (self.height if n % 2 else self.width) for n, number in enumerate(v)]
                rows += " ".join(map(str, [labels.index(label), *shares])) + "\n"
            _write((folder / "labels" / name).with_suffix(".txt"), rows)
        return folder


class Cvat(SameSet):
    def save(self, folder: Path) -> Path:
        images = ""
        for n, name in enumerate(self.pictures):
            shapes = ""
            for is_box, label, v in self._of(name):
                corners = " ".join(f'{key}="{number}"' for key, number in zip(("xtl", "ytl", "xbr", "ybr"), v))
                points = ";".join(f"{x},{y}" for x, y in zip(v[::2], v[1::2]))
                kind, place = ("box", corners) if is_box else ("polygon", f'points="{points}"')
                shapes += f'<{kind} label={quoteattr(label)} occluded="0" {place} z_order="0"/>'
            sides = f'width="{self.width}" height="{self.height}"'
            images += f'<image id="{n}" name={quoteattr(name)} {sides}>{shapes}</image>'
        labels = "".join(f"<label><name>{escape(label)}</name></label>" for label in self._labels())
        meta = f"<meta><task><labels>{labels}</labels></task></meta>"
        text = f"<annotations><version>1.1</version>{meta}{images}</annotations>"
        return _write(folder / "annotations.xml", text).parent


class LabelStudio(SameSet):
    def save(self, folder: Path) -> Path:
        tasks = []
        for n, name in enumerate(self.pictures, 1):
            regions = [self._region(f"{n}-{m}", *shape) for m, shape in enumerate(self._of(name))]
            tasks.append({"id": n, "data": {"image": name}, "annotations": [{"id": n, "result": regions}]})
        controls = ""
        for tag, control, is_box in (("RectangleLabels", "box", True), ("PolygonLabels", "outline", False)):
            labels = "".join(f"<Label value={quoteattr(label)}/>" for label in self._labels(is_box))
            controls += f'<{tag} name="{control}" toName="image">{labels}</{tag}>'
        _write(folder / "config.xml", f'<View><Image name="image" value="$image"/>{controls}</View>')
        return _write(folder / "tasks.json", json.dumps(tasks)).parent

    def _region(self, id: str, is_box: bool, label: str, v: list[float]) -> dict[str, Any]:
        shares = [number * 100 / (self.height if n % 2 else self.width) for n, number in enumerate(v)]
        sides = {"original_width": self.width, "original_height": self.height, "image_rotation": 0}
        if is_box:
            left, top, right, bottom = shares
            place: dict[str, Any] = {"x": left, "y": top, "width": right - left, "height": bottom - top, "rotation": 0}
        else:
            place = {"points": list(zip(shares[::2], shares[1::2]))}
        kind, control = ("rectanglelabels", "box") if is_box else ("polygonlabels", "outline")
        value = {**place, kind: [label]}
        return {"id": id, "type": kind, "from_name": control, "to_name": "image", **sides, "value": value}


SAME_SETS: dict[str, type[SameSet]] = {
    "coco": Coco,
    "voc": Voc,
    "yolo": Yolo,
    "cvat": Cvat,
    "label-studio": LabelStudio,
}


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
