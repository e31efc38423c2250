"""An export of a project, as Labelbox would write it when it has taken a payload without a loss.

Made from the lines of the payload alone, by the forms that the SDK's integration tests expect of an export: rows with
projects, labels, objects, classifications, frames and segments. ``keep_ids`` decides whether a feature keeps the uuid of
its line, which nobody outside of Labelbox knows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import lines, pixels

PROJECT = "cl" + "p" * 23


class Exporter:
    """Features get ids in order, in place of uuids where these are not kept."""

    def __init__(self, keep_ids: bool) -> None:
        self._keep, self._count, self._ids = keep_ids, 0, dict[str, str]()

    def id(self, uuid: str | None) -> str:
        if uuid and self._keep:
            return uuid.upper()
        if uuid and uuid in self._ids:
            return self._ids[uuid]
        self._count += 1
        made = f"cl{self._count:023}"
        if uuid:
            self._ids[uuid] = made
        return made

    def rows(self, out: Path) -> list[dict[str, Any]]:
        media = {row["global_key"]: row["media_type"] for row in lines(out, "data_rows.ndjson")}
        by_key: dict[str, list[Any]] = {key: [] for key in media}
        for line in lines(out):
            about = line["dataRow"]
            by_key.setdefault(about.get("globalKey") or about["id"], []).append(line)
        return [self._row(n, key, media.get(key, "IMAGE"), given) for n, (key, given) in enumerate(by_key.items())]

    def _row(self, number: int, key: str, media: str, given: list[Any]) -> dict[str, Any]:
        label = {
            "label_kind": "Default",
            "version": "1.0.0",
            "id": f"cl{number:023}",
            "annotations": self._all(media, given),
        }
        return {
            "data_row": {
                "id": f"cr{number:023}",
                "global_key": key,
                "external_id": key,
                "row_data": f"https://h/{number}",
            },
            "media_attributes": {"asset_type": media.lower()},
            "projects": {PROJECT: {"name": "yard", "labels": [label] if given else [], "project_details": {}}},
        }

    def _all(self, media: str, given: list[Any]) -> dict[str, Any]:
        annotations: dict[str, Any] = {"objects": [], "classifications": [], "relationships": []}
        for line in given:
            if "segments" in line or "masks" in line or _timed(line):
                annotations |= {n: annotations.get(n, {}) for n in ("frames", "segments", "key_frame_feature_map")}
            for target, made in self._line(media, line, annotations):
                annotations[target].append(made)
        if "DICOM" in media:
            _in_planes(annotations, given)
        return annotations

    def _line(self, media: str, line: Any, annotations: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if "masks" in line:
            self._masks(line, annotations)
        elif "segments" in line:
            self._track(line, annotations)
        elif _timed(line):
            self._over_time(line, annotations)
        elif "answer" in line:
            yield "classifications", self._question(line, line.get("messageId"))
        elif "relationship" in line:
            ends = {side: self.id(line["relationship"][side]) for side in ("source", "target")}
            yield "relationships", {**self._feature(line), f"{line['relationship']['type']}_relationship": ends}
        else:
            yield "objects", {**self._feature(line), **self._shape(media, line)}

    def _feature(self, line: Any) -> dict[str, Any]:
        nested = [self._question(c) for c in line.get("classifications") or []]
        value = line["name"].lower().replace(" ", "_")
        return {
            "feature_id": self.id(line.get("uuid")),
            "name": line["name"],
            "value": value,
            "classifications": nested,
        }

    def _shape(self, media: str, line: Any) -> dict[str, Any]:
        if "bbox" in line:
            page = {"page_number": line["page"]} if "page" in line else {}
            return {
                "bounding_box": _geojson([_corners(line["bbox"])], "Polygon") if "TMS" in media else line["bbox"],
                **page,
            }
        if "polygon" in line:
            ring = [*line["polygon"], line["polygon"][0]]
            return {"polygon": _geojson([ring], "Polygon") if "TMS" in media else ring}
        if "point" in line or "line" in line:
            return {k: line[k] for k in ("point", "line") if k in line}
        if "mask" in line:
            return {
                "mask": {"url": "https://api/mask"},
                "composite_mask": {"url": "https://api/c", "color_rgb": [1, 2, 3]},
            }
        if "textSelections" in line:
            groups = [
                {"id": s["groupId"], "page_number": s["page"], "tokens": s["tokenIds"]} for s in line["textSelections"]
            ]
            return {"location": {"groups": groups}}
        if "messageId" in line:
            return {"conversational_location": {"message_id": line["messageId"], "location": line["location"]}}
        return {"location": {**line["location"], "token": "…"}}

    def _question(self, line: Any, message: str | None = None) -> dict[str, Any]:
        made: dict[str, Any] = {"feature_id": self.id(line.get("uuid")), "name": line["name"], "value": line["name"]}
        before = "conversational_" if message else ""
        made |= {"message_id": message} if message else {}
        answer = line["answer"]
        if isinstance(answer, str):
            made[f"{before}text_answer"] = {"content": answer}
        elif isinstance(answer, dict):
            made[f"{before}radio_answer"] = self._option(answer)
        else:
            made[f"{before}checklist_answers"] = [self._option(o) for o in answer]
        return made

    def _option(self, given: Any) -> dict[str, Any]:
        nested = [self._question(c) for c in given.get("classifications") or []]
        return {"feature_id": self.id(None), "name": given["name"], "value": given["name"], "classifications": nested}

    # -------------------------------------------------------------------------------------------------------- frames

    def _track(self, line: Any, annotations: Any) -> None:
        feature = self._feature({**line, "classifications": []})
        id, keys = feature["feature_id"], []
        for segment in line["segments"]:
            for key in segment["keyframes"]:
                shape = {"bounding_box" if k == "bbox" else k: key[k] for k in ("bbox", "point", "line") if k in key}
                nested = [self._question(c) for c in key.get("classifications") or []]
                frame = annotations["frames"].setdefault(str(key["frame"]), {"objects": {}, "classifications": []})
                frame["objects"][id] = {**feature, **shape, "classifications": nested}
                keys.append(key["frame"])
        annotations["segments"][id] = [
            [s["keyframes"][0]["frame"], s["keyframes"][-1]["frame"]] for s in line["segments"]
        ]
        annotations["key_frame_feature_map"][id] = keys

    def _masks(self, line: Any, annotations: Any) -> None:
        for instance in line["masks"]["instances"]:
            feature, seen = self._feature({**instance, "uuid": None}), []
            for frame in line["masks"]["frames"]:
                if (pixels(frame["imBytes"])[:, :, :3] == instance["colorRGB"]).all(axis=2).any():
                    seen.append(frame["index"])
                    shown = annotations["frames"].setdefault(
                        str(frame["index"]), {"objects": {}, "classifications": []}
                    )
                    shown["objects"][feature["feature_id"]] = {**feature, "mask": {"url": "https://api/mask"}}
            annotations["segments"][feature["feature_id"]] = [[f, f] for f in seen]
            annotations["key_frame_feature_map"][feature["feature_id"]] = {str(f): True for f in seen}

    def _over_time(self, line: Any, annotations: Any) -> None:
        """Each option by itself, with the time of the innermost answer."""
        for choice in line["answer"] if isinstance(line["answer"], list) else [line["answer"]]:
            for bare, held in _moments(choice):
                value = bare.get("value", [bare])
                made = self._question({"name": line["name"], "answer": value})
                start = str(held[0]["start"])
                annotations["frames"].setdefault(start, {"objects": {}, "classifications": []})[
                    "classifications"
                ].append(made)
                annotations["segments"][made["feature_id"]] = [[f["start"], f["end"]] for f in held]
                for f in held[1:]:
                    frame = annotations["frames"].setdefault(str(f["start"]), {"objects": {}, "classifications": []})
                    frame["classifications"].append(made)


def _timed(line: Any) -> bool:
    answer = line.get("answer")
    return any("frames" in o for o in (answer if isinstance(answer, list) else [answer]) if isinstance(o, dict))


def _moments(choice: Any) -> Iterator[tuple[Any, Any]]:
    """An option with one way down to an innermost answer at a time."""
    nested = choice.get("classifications") or []
    if not nested:
        yield {k: v for k, v in choice.items() if k != "frames"}, choice["frames"]
        return
    inner_ones = [(q, i) for q in nested for i in q["answer"]]
    if all(i.get("frames", choice["frames"]) != choice["frames"] for _, i in inner_ones):
        yield {"name": choice["name"]}, choice["frames"]
    for question, inner in inner_ones:
        for bare, held in _moments({"frames": choice["frames"], **inner}):
            answer = bare.get("value", [bare])
            yield {"name": choice["name"], "classifications": [{"name": question["name"], "answer": answer}]}, held


def _corners(box: Any) -> list[Any]:
    left, top, right, bottom = box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]
    return [{"x": x, "y": y} for x, y in ((left, bottom), (right, bottom), (right, top), (left, top), (left, bottom))]


def _geojson(rings: list[Any], kind: str) -> dict[str, Any]:
    return {"type": kind, "coordinates": [[[p["x"], p["y"]] for p in ring] for ring in rings]}


def _in_planes(annotations: Any, given: list[Any]) -> None:
    """A series has its frames in planes."""
    plane = given[0]["groupKey"].capitalize()
    annotations["groups"] = {plane: {"name": plane, "classifications": [], "frames": annotations.pop("frames")}}
    annotations["segments"] = {plane: annotations["segments"]}
    keyed = annotations["key_frame_feature_map"]
    listed = {id: v if isinstance(v, dict) else {str(f): True for f in v} for id, v in keyed.items()}
    annotations["key_frame_feature_map"] = {id: {plane: frames} for id, frames in listed.items()}


def exported(out: Path, keep_ids: bool = True) -> list[dict[str, Any]]:
    return Exporter(keep_ids).rows(out)


def saved(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
