"""Kinds of hostile inputs of what comes after a conversion, or goes before: outputs, exports, plans, rules, the cloud."""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from builders.labelbox_export import exported, saved
from cloud import web_server
from fuzz import break_one, mutated, ways
from harness import Case, annotation, check_output, coco, codes, image, save
from hostile_kinds import HARD, NASTY, Kind
from to_labelbox import Settings
from to_labelbox.rules.settings import SplitWords

ADDRESSES = (
    "https://[::1", "http://a]b/x", "s3://", "s3:///", "http://", "gs://bucket/a", "http://127.0.0.1:1/set.json", "HTTP://127.0.0.1:99999/a",
    "http://\x1b[31m/a", "http://127.0.0.1:1/%00/\u202e.json", "s3://bucket/../../etc", "az://x@y/z", "http://u:p@127.0.0.1:1/?secret=1",
)  # fmt: skip
"""Where nothing is, or no address can be."""
PAGES = (
    b"",
    b"<html><a href='../../x'>x</a><a href='/a\x1b.json'>y</a></html>",
    b"\x1f\x8b",
    b"PK\3\4",
    b"{" * 5000,
    b"[]",
    b"\0" * 9,
)


def _output(chance: random.Random, scratch: Path) -> Path:
    """A healthy output folder, of one set or of several."""
    shapes = [
        annotation(k, image_id=k % 3, category_id=k % 2, bbox=[1, 2, 30, 40], attributes={"color": "red"})
        for k in range(6)
    ]
    document = coco(shapes, [image(k) for k in range(3)], [{"id": k, "name": f"class {k}"} for k in range(2)])
    out, settings = scratch / "out", Settings(url_prefix="https://media.example.org")
    if chance.random() < 0.7:
        to_labelbox.convert(save(scratch / "set" / "a.json", document), out, settings=settings)
    else:
        for name in "ab":
            document["annotations"][0]["bbox"][3] = ord(name)  # an equal set would be a copy
            save(scratch / "sets" / name / "a.json", document)
        to_labelbox.batch(scratch / "sets", out, settings=settings)
    return out


def _spoil(file: Path, chance: random.Random) -> None:
    file.write_bytes(
        chance.choice(HARD)(chance) if chance.random() < 0.15 else mutated(file.read_bytes(), file.name, chance)
    )


def _spoilt_output(chance: random.Random, scratch: Path) -> Path:
    out = _output(chance, scratch)
    for _n in range(chance.choice((1, 1, 2))):
        file = chance.choice(sorted(f for f in out.rglob("*") if f.is_file()))
        if chance.random() < 0.05:
            file.unlink()
            os.mkfifo(file)
            break
        _spoil(file, chance)
    return out


def of_rules(chance: random.Random, found: list[Case], scratch: Path) -> None:
    """A broken fixture where classes get one tool, words of splits are taken or not, rules come from a file."""
    case = chance.choice(found)
    folder = scratch / chance.choice(("val", "train2017", "input"))
    shutil.copytree(case.input, folder, symlinks=True)
    if chance.random() < 0.7:
        break_one(folder, chance)
    given = ways(case, folder, chance)
    names: dict[str, Any] = {}
    if chance.random() < 0.3:
        names["url_prefix"] = chance.choice(("https://h/{split}/{relpath}", "https://h/{relpath}", "https://h"))
        names["global_key"] = chance.choice(("{dataset}/{split}/{relpath}", "{stem}{ext}", "{source_id}"))
    one_tool, words = chance.random() < 0.7, chance.choice(list(SplitWords))
    given["settings"] = replace(given["settings"], one_tool=one_tool, split_words=words, **names)
    if chance.random() < 0.3 and given["settings"].class_map is None:
        rule = {"name": chance.choice(("x", "y")), "geometry": chance.choice(("bbox", "polygon", "mask", "one tool"))}
        rules = {
            "classes": {chance.choice(("car", "*", "cat")): rule},
            "unknown": chance.choice(("keep", "drop", "warn")),
        }
        given["class_map"] = save(scratch / "map.yaml", rules)
    check_output(scratch / "out", case.convert(scratch / "out", folder, **given))


def of_page(chance: random.Random, _: list[Case], scratch: Path) -> None:
    """A page of an output that is broken, or whose names nobody gives."""
    out = _spoilt_output(chance, scratch)
    only = (chance.choice((*NASTY[:2], "class 1")),) if chance.random() < 0.2 else ()
    page = scratch / chance.choice(("page.html", "a\x1b.html"))
    root = chance.choice((None, scratch, "/nowhere"))
    try:
        to_labelbox.preview(out, page, media_root=root, only=only, problems=chance.random() < 0.2)
    except to_labelbox.ToLabelboxError:
        assert not page.exists()
        raise
    text = page.read_text(encoding="utf-8")
    assert text.endswith("</html>\n")
    assert [c for c in ("\x1b", "\u202e", "\u2066", "\0") if c in text] == []


def of_check(chance: random.Random, _: list[Case], scratch: Path) -> None:
    """What ``validate`` says of an output that is broken."""
    for fault in to_labelbox.validate(_spoilt_output(chance, scratch)):
        assert len(str(fault)) < 20_000
        assert all(c.isprintable() for c in str(fault)), repr(str(fault))[:500]


def of_export(chance: random.Random, _: list[Case], scratch: Path) -> None:
    """What ``compare`` says of an export that is broken, or of an output that is."""
    out = _output(chance, scratch)
    sent = next(f.parent for f in sorted(out.rglob("data_rows.ndjson")))
    export = saved(scratch / "export.ndjson", exported(sent, chance.random() < 0.5))
    for _n in range(chance.choice((0, 1, 1, 3))):
        _spoil(export, chance)
    if chance.random() < 0.2:
        _spoil(chance.choice(sorted(f for f in out.rglob("*") if f.is_file())), chance)
    if chance.random() < 0.05:
        export.unlink()
        os.mkfifo(export)
    projects = (chance.choice(NASTY[:3]),) if chance.random() < 0.1 else ()
    report = to_labelbox.compare(out, export, projects=projects)
    assert report.exit_code() in (0, 1)
    assert all(c.isprintable() or c == "\n" for c in report.text), repr(report.text)[:2000]
    assert len(report.text) < 200_000


def of_plan(chance: random.Random, _: list[Case], scratch: Path) -> None:
    """The plan of an import of an output that is broken; nothing is sent, there is no key."""
    told: list[str] = []
    out = _spoilt_output(chance, scratch)
    to_labelbox.import_(
        out, project=chance.choice((*["yard"] * 9, *NASTY[:4])), dry_run=True, tell=told.append, media_root=scratch
    )
    said = "\n".join(told)
    assert len(said) < 200_000
    assert all(c.isprintable() or c == "\n" for c in said), repr(said)[:2000]


def of_shares(chance: random.Random, _: list[Case], scratch: Path) -> None:
    """Shares of a batch, of which one has been damaged, published together."""
    for name in "abc":
        save(scratch / "sets" / name / "a.json", coco([annotation(1, bbox=[1, 2, 30, ord(name)])]))
    outs = [scratch / f"out-{n}" for n in (1, 2)]
    for n, out in enumerate(outs, 1):
        to_labelbox.batch(scratch / "sets", out, shard=(n, 2))
    for _n in range(chance.choice((1, 1, 3))):
        _spoil(chance.choice(sorted(f for out in outs for f in out.rglob("*") if f.is_file())), chance)
    try:
        report = to_labelbox.merge(outs, scratch / "all")
    except to_labelbox.UsageError as error:
        assert any(word in str(error) for word in ("--resume", "run its shard again", "no shard", "another batch")), (
            error
        )
        for n, out in enumerate(outs, 1):
            to_labelbox.batch(scratch / "sets", out, shard=(n, 2), resume=True)
        report = to_labelbox.merge(outs, scratch / "all")
    assert [row.problem for row in report.datasets] == [""] * 3
    assert [str(fault) for fault in to_labelbox.validate(scratch / "all")] == []


def of_cloud(chance: random.Random, found: list[Case], scratch: Path) -> None:
    """Addresses that are none, servers that are not there, or that give what nobody asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TO_LABELBOX_CACHE", str(scratch / "cache"))
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        patch.setenv("AWS_MAX_ATTEMPTS", "1")
        if chance.random() < 0.4:
            address = chance.choice(ADDRESSES)
            try:
                if chance.random() < 0.7:
                    to_labelbox.convert(address, scratch / "out")
                else:
                    source = save(scratch / "set.json", coco([annotation(1, bbox=[1, 2, 30, 40])]))
                    to_labelbox.convert(source, scratch / "out", media_root=address)
            except to_labelbox.ToLabelboxError as error:
                assert "://" in str(error), f"names no address: {error}"
                assert "secret" not in str(error)
                raise
            return
        case = chance.choice(found)
        folder = scratch / "input"
        shutil.copytree(case.input, folder, symlinks=True)
        break_one(folder, chance)
        if chance.random() < 0.5:
            (folder / "index.html").write_bytes(chance.choice(PAGES))
        file = chance.choice(sorted(f for f in folder.rglob("*") if f.is_file()))
        with web_server(folder) as server:
            wanted = chance.choice(("", file.relative_to(folder).as_posix(), "nowhere", "%00", "..", "?x=1", "#y"))
            made = to_labelbox.convert(
                f"{server.address}/{wanted}", scratch / "out", format=chance.choice((None, case.format))
            )
            check_output(scratch / "out", made)
            assert sum(codes(made).values()) < 10**6


COMMANDS: dict[str, Kind] = {
    "rules": (5, of_rules),
    "page": (3, of_page),
    "check": (2, of_check),
    "export": (4, of_export),
    "plan": (2, of_plan),
    "shares": (1, of_shares),
    "cloud": (2, of_cloud),
}
