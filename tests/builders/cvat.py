"""What the tests of cvat share."""

from __future__ import annotations

from cvat_files import (
    attribute,
    label,
    task,
)

BOX = '<box label="car" occluded="0" xtl="10.10" ytl="20.20" xbr="30.20" ybr="40.40" z_order="0"/>'


LABELS = (
    label(
        "car",
        "rectangle",
        attribute("brand", "select", "vw\nbmw")
        + attribute("side", "radio", "left\nright")
        + attribute("parked", "checkbox", "false")
        + attribute("doors", "number", "1\n5\n1")
        + attribute("plate", "text"),
        "<color>#ff0000</color>",
    )
    + label("unused", "polygon")
    + label("night", "tag", attribute("moon", "checkbox", "false"))
    + label("man", "skeleton", attribute("pose", "select", "up\ndown"))
    + label("head", "points", attribute("hat", "text"), "<parent>man</parent>")
    + label("open", "any")
)


def project(tasks: int, subset: str = "") -> str:
    listed = "".join(task(id=i, name=f"day {i}", subset=subset) for i in range(1, tasks + 1))
    return f"<project><id>1</id><name>p</name><tasks>{listed}</tasks><labels>{label('car')}</labels></project>"
