"""The output of a batch: one project a media type, rows of several datasets made once, one journal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import to_labelbox
from formats.labelbox.importing.stand_in import StandIn
from formats.labelbox.importing.test_steps import run
from harness import annotation, coco, image, save
from to_labelbox import RefusedError, Settings

pytestmark = pytest.mark.filterwarnings("ignore")

XML = """<annotations><version>1.1</version><meta><task><name>t</name><size>20</size><mode>interpolation</mode><labels>
<label><name>car</name><attributes/></label></labels><source>clip.mp4</source><original_size><width>100</width>
<height>80</height></original_size></task></meta><track id="0" label="car"><box frame="0" outside="0" occluded="0"
keyframe="1" xtl="1" ytl="2" xbr="9" ybr="9"/></track></annotations>"""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Two COCO datasets about the same picture and one of their own each, and a video of CVAT."""
    for n, own in enumerate(("b.jpg", "c.jpg")):
        document = coco(
            images=[image(1, "a.jpg"), image(2, own)],
            annotations=[annotation(k + 10 * n, image_id=k, category_id=k) for k in (1, 2)],
            categories=[{"id": 1, "name": "car"}, {"id": 2, "name": "truck"}],
        )
        save(tmp_path / "sets" / f"set{n}" / "instances.json", document)
    (tmp_path / "sets/video").mkdir()
    (tmp_path / "sets/video/annotations.xml").write_text(XML)
    to_labelbox.batch(
        tmp_path / "sets", tmp_path / "out", settings=Settings(url_prefix="https://e.org", global_key="{relpath}")
    )
    return tmp_path / "out"


def test_one_project_a_media_type(service: StandIn, out: Path) -> None:
    report = run(service, out)
    assert [(p.name, p.rows.new, p.lines.imported) for p in report.projects] == [
        ("yard (image)", 3, 4),
        ("yard (video)", 1, 1),
    ]
    assert [row[0] for row in service.final()["rows"]] == ["a.jpg", "b.jpg", "c.jpg", "clip.mp4"]
    assert {p[0]: p[2] for p in service.final()["projects"]} == {"yard (image)": "IMAGE", "yard (video)": "VIDEO"}
    assert report.lines.balanced()
    before = service.service.count
    assert run(service, out).lines == report.lines
    assert service.service.count - before <= 5


def test_the_shared_row_goes_into_one_job(service: StandIn, out: Path) -> None:
    report = run(service, out, lines_per_job=2)
    assert [job.lines for job in report.projects[0].jobs] == [2, 2]


def test_failed_lines_name_their_dataset(service: StandIn, out: Path) -> None:
    service.service.refuse_lines = lambda line: "no" if line["dataRow"]["globalKey"] == "a.jpg" else ""
    report = run(service, out)
    assert report.lines.failed == 2
    files = [json.loads(line)["file"] for line in (out / "import/failed.ndjson").read_text().splitlines()]
    assert files == ["set0: instances.json", "set1: instances.json"]


def test_an_existing_project_takes_one_media_type(service: StandIn, out: Path) -> None:
    id = service.add_project("theirs", "IMAGE")["id"]
    with pytest.raises(RefusedError, match=r"several: IMAGE \(3 rows\), VIDEO \(1 row\)"):
        run(service, out, project="", project_id=id)
