"""Coverage-guided fuzzing by atheris: ``python tests/fuzz_guided.py SECONDS [TARGET]``.

Each target starts from the fixtures and learns which changes reach new code. What is no ToLabelboxError, takes more than
ten seconds or leaves a ledger unbalanced ends it, and the input is kept below out/fuzz-guided. A target runs in a
process of its own, so that one defect does not hide those of the others.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "out" / "fuzz-guided"
FILES = {
    "coco": "instances.json",
    "voc": "Annotations/a.xml",
    "yolo": "labels/a.txt",
    "cvat": "annotations.xml",
    "label-studio": "export.json",
}
YOLO_YAML, YOLO_SIZES = b"names: [a, b]\n", "a.jpg,100,80\n"
MOST_SEED = 20_000
"""Bytes of a seed: small ones are learned from faster."""


def seeds(target: str) -> Iterator[bytes]:
    from harness import cases

    if target in FILES:
        suffix = Path(FILES[target]).suffix
        folders = {"label-studio": "label_studio"}
        for case in [*cases(target), *cases(folders.get(target, target))]:
            yield from (f.read_bytes() for f in sorted(case.input.rglob(f"*{suffix}")) if f.is_file())
    elif target == "archive":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("instances.json", b'{"images": [], "annotations": [], "categories": []}')
        yield buffer.getvalue()
    elif target == "class_map":
        yield b"classes:\n  car: {name: vehicle, geometry: bbox, attributes: {color: {type: radio, options: {red: null}}}}\n"
        yield b"questions: {weather: sky}\nunknown: warn\n"
    elif target == "ontology":
        yield from (f.read_bytes() for f in sorted((ROOT / "fixtures").rglob("expected.ontology.json"))[:60])
    elif target == "state":
        yield b"\x93\x01\x02\x03"
    else:
        yield from (f.read_bytes() for f in sorted((ROOT / "fixtures").rglob("expected.ndjson"))[:60])


def _reader(format: str, scratch: Path) -> Callable[[bytes], None]:
    import to_labelbox

    source = scratch / "set"
    file = source / FILES[format]
    file.parent.mkdir(parents=True)
    given: dict[str, object] = {"format": format}
    if format == "yolo":
        (source / "data.yaml").write_bytes(YOLO_YAML)
        (scratch / "sizes.csv").write_text(YOLO_SIZES)
        given["sizes"] = scratch / "sizes.csv"

    def convert(data: bytes) -> None:
        file.write_bytes(data)
        report = to_labelbox.convert(source, None, **given)  # type: ignore[arg-type]
        assert report.annotations.balanced()

    return convert


def _other(target: str, scratch: Path) -> Callable[[bytes], None]:
    import to_labelbox
    from to_labelbox.conversion.checkpoint import DatasetCheckpoint, SavedChunk, load, save_sealed
    from to_labelbox.plugins.registry import writer
    from to_labelbox.rules.class_map_file import read_class_map
    from to_labelbox.source.files import Source

    file = scratch / {"archive": "a.zip", "class_map": "a.yaml"}.get(target, "a.json")

    def archive(_: bytes) -> None:
        source = Source(file)
        for name in source.names:
            source.head(name)
            source.read(name, 1 << 20)

    def state(data: bytes) -> None:
        save_sealed(str(file), data)
        load(str(file), DatasetCheckpoint)
        load(str(file), SavedChunk)

    def validate(_: bytes) -> None:
        ontology = scratch / "ontology.json"
        ontology.write_text('{"tools": [{"tool": "rectangle", "name": "car"}], "classifications": []}')
        list(to_labelbox.validate(file, ontology))

    doors: dict[str, Callable[[bytes], object]] = {
        "archive": archive,
        "class_map": lambda _: read_class_map(file),
        "ontology": lambda _: writer().ontology.load(str(file)),
        "state": state,
        "validate": validate,
    }

    def run(data: bytes) -> None:
        file.write_bytes(data)
        doors[target](data)

    return run


TARGETS = (*FILES, "validate", "class_map", "ontology", "state", "archive")


def fuzz(target: str, seconds: int) -> None:
    """Never returns: the fuzzer ends the process."""
    import atheris

    scratch = Path(tempfile.mkdtemp(prefix="to-labelbox-guided-"))
    corpus = scratch / "corpus"
    corpus.mkdir()
    # what is imported later, or has been before, teaches the fuzzer nothing: so everything is, here, by converting seeds
    with atheris.instrument_imports(include=["to_labelbox", "to_labelbox_formats"]):
        from to_labelbox import ToLabelboxError

        run = _reader(target, scratch) if target in FILES else _other(target, scratch)
        for n, data in enumerate(seeds(target)):
            if len(data) <= MOST_SEED:
                (corpus / f"{n:05}").write_bytes(data)
            with suppress(ToLabelboxError):
                run(data)

    def one(data: bytes) -> None:
        try:
            run(data)
        except ToLabelboxError as error:
            assert str(error)
            assert len(str(error)) < 200_000

    KEPT.mkdir(parents=True, exist_ok=True)
    options = [f"-max_total_time={seconds}", "-timeout=10", f"-artifact_prefix={KEPT / target}-", "-rss_limit_mb=4096"]
    atheris.Setup([sys.argv[0], *options, "-max_len=30000", "-print_final_stats=1", str(corpus)], one)
    try:
        atheris.Fuzz()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def main(seconds: int, targets: tuple[str, ...]) -> int:
    failed = 0
    for target in targets:
        command = [sys.executable, __file__, str(seconds), target]
        made = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, env={**os.environ, "GUIDED": "1"}
        )
        told = made.stderr.splitlines()
        runs = next((line.split()[-1] for line in told if "number_of_executed_units" in line), "?")
        failed += made.returncode != 0
        print(f"{target:<14}{runs:>10} inputs, {'no defect' if made.returncode == 0 else 'A DEFECT'}", flush=True)
        if made.returncode:
            print("\n".join([*made.stdout.splitlines()[-30:], *told[-15:]]), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or not sys.argv[1].isdecimal() or (sys.argv[2:] and sys.argv[2] not in TARGETS):
        sys.exit(__doc__)
    if os.environ.get("GUIDED"):
        fuzz(sys.argv[2], int(sys.argv[1]))
    sys.exit(main(int(sys.argv[1]), tuple(sys.argv[2:]) or TARGETS))
