"""The script anyone would write: a COCO file to Labelbox's import, boxes or polygons, with the quickest JSON library.

    python benchmarks/naive.py INSTANCES.json LINES.ndjson [--boxes]

It loads the file whole and writes a line an outline, a crowd as its box. It checks nothing, clips nothing, tells no
repeated ids apart and writes no ontology, no data rows and no report.
"""

from __future__ import annotations

import sys
import uuid

import orjson


def main() -> None:
    with open(sys.argv[1], "rb") as file:
        coco = orjson.loads(file.read())
    names = {image["id"]: image["file_name"] for image in coco["images"]}
    classes = {category["id"]: category["name"] for category in coco["categories"]}
    boxes = "--boxes" in sys.argv
    with open(sys.argv[2], "wb") as file:
        for annotation in coco["annotations"]:
            row = {"globalKey": names[annotation["image_id"]]}
            name = classes[annotation["category_id"]]
            segmentation = annotation["segmentation"]
            if boxes or isinstance(segmentation, dict):
                x, y, w, h = annotation["bbox"]
                box = {"top": y, "left": x, "height": h, "width": w}
                line = {"uuid": str(uuid.uuid4()), "dataRow": row, "name": name, "bbox": box}
                file.write(orjson.dumps(line) + b"\n")
                continue
            for ring in segmentation:
                points = [{"x": x, "y": y} for x, y in zip(ring[::2], ring[1::2])]
                line = {"uuid": str(uuid.uuid4()), "dataRow": row, "name": name, "polygon": points}
                file.write(orjson.dumps(line) + b"\n")


if __name__ == "__main__":
    main()
