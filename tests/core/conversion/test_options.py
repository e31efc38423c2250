"""One record says every option: the command line, Python and the plan of a batch all take it from there."""

from __future__ import annotations

import dataclasses
import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

import to_labelbox
from harness import annotation, coco, save
from to_labelbox import Policy, Settings, UsageError
from to_labelbox.batches.plan import Plan, decode_plan, encode_plan
from to_labelbox.cli.batch import batch as batch_command
from to_labelbox.cli.common import options_of
from to_labelbox.cli.convert import convert as convert_command
from to_labelbox.cli.import_ import import_ as import_command
from to_labelbox.cli.inspect import inspect as inspect_command
from to_labelbox.cli.ontology import ontology as ontology_command
from to_labelbox.conversion.job import job_of
from to_labelbox.conversion.options import ConversionOptions, OutputOptions, Reading, takes
from to_labelbox.rules.option import described, option
from to_labelbox.rules.record import record

OF_THE_RUN = {"workers", "file_timeout", "overwrite"}
"""What the output does not depend on."""
IN_PLANS = {"data_rows": "rows", "on_error": "fail"}

if TYPE_CHECKING:  # checked by mypy, which complains where one of these is no error
    to_labelbox.convert("a.json", "out", format="coco", geometry=Policy.BBOX, min_area=3, class_map=Path("m.yaml"))
    to_labelbox.convert(source=["a.json", "b.json"], out=None)
    to_labelbox.batch(root="exports", out="out", shard=(1, 2), resume=True, workers=2)
    len(to_labelbox.read("a.json", media_root="pictures").schema.labels)
    to_labelbox.convert("a.json", "out", min_area="3")  # type: ignore[arg-type]
    to_labelbox.convert("a.json", "out", resume=True)  # type: ignore[call-arg]
    to_labelbox.batch("exports", 3)  # type: ignore[arg-type]
    to_labelbox.read("a.json", workers=2)  # type: ignore[call-arg]


def said(record: type) -> set[str]:
    """The names of a record's options that the command line has too."""
    return {name for name, (_, about) in described(record).items() if about.help}


def on_the_command_line(command: click.Command) -> set[str]:
    return {p.name or "" for p in command.params}


def in_the_plan() -> set[str]:
    job = job_of(OutputOptions())
    plan = decode_plan(encode_plan(Plan(root="", datasets=(), job=job, sizes_file="")))["job"]
    return {*plan, *plan["settings"]}


def test_an_option_is_said_once_and_is_everywhere() -> None:
    names = said(OutputOptions)
    assert names <= on_the_command_line(convert_command)
    assert names <= on_the_command_line(batch_command)
    assert said(ConversionOptions) <= on_the_command_line(inspect_command) & on_the_command_line(ontology_command)
    for function in (to_labelbox.convert, to_labelbox.batch):
        assert names <= set(inspect.signature(function).parameters)
        assert all(about.help in (function.__doc__ or "") for _, about in described(OutputOptions).values())
    assert {f.name for f in dataclasses.fields(Reading)} <= set(inspect.signature(to_labelbox.read).parameters)
    assert {IN_PLANS.get(name, name) for name in names - OF_THE_RUN} <= in_the_plan()


@pytest.mark.parametrize("command", [convert_command, batch_command, import_command], ids=lambda c: c.name)
def test_each_word_of_an_option_is_taken_on_the_command_line(command: click.Command) -> None:
    for parameter in command.params:
        for word in getattr(parameter.type, "choices", ()):
            assert parameter.type.convert(str(word), parameter, None) == word, parameter.name


@record(frozen=True, kw_only=True)
class More(OutputOptions):
    shade: int = option(7, "How dark.", least=2)
    how: str = option("fast", "In which way.", choices=("fast", "slow"))
    tags: tuple[str, ...] = option((), "Words.")
    hidden: str = option("for Python alone")


def test_a_new_option_is_one_field() -> None:
    seen: list[Any] = []
    function = takes(More, lambda source, given: seen.append(given), "source")

    @click.command()
    @options_of(More)
    def command(**given: Any) -> None:
        function("a", **given)

    ran = CliRunner().invoke(command, ["--shade", "3", "--how", "slow", "--tags", "x", "--tags", "y"])
    assert ran.exit_code == 0, ran.output
    CliRunner().invoke(command, [])
    function(source="a", tags=("x", "y"), how="slow", shade=3)
    given = More(shade=3, how="slow", tags=("x", "y"))
    assert [dataclasses.replace(s, options=None) for s in seen] == [given, More(), given]
    assert CliRunner().invoke(command, ["--hidden", "x"]).exit_code == 2
    assert "--shade INTEGER RANGE" in (usage := CliRunner().invoke(command, ["--help"]).output)
    assert "[default: fast]" in usage


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"min_aera": 3}, r"convert\(\) has no option 'min_aera'; did you mean 'min_area'"),
        ({"zzz": 3}, r"convert\(\) has no option 'zzz'; there are: format, options, .*overwrite"),
        ({"resume": True}, r"convert\(\) has no option 'resume'"),
        ({"boxes": "xyxy"}, r"an option of a format goes into options=\{'boxes': …\}"),
    ],
)
def test_an_unknown_option_is_refused_by_name(given: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        to_labelbox.convert("a.json", None, **given)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"geometry": "box"}, "geometry 'box': auto, bbox, polygon or mask"),
        ({"on_error": "stop"}, "on_error 'stop': skip or fail"),
        ({"workers": 0}, "workers 0: a number of at least 1"),
        ({"min_area": float("nan")}, "min_area nan: a number of at least 0"),
        ({"min_area": float("inf")}, "min_area inf: a number of at least 0"),
        ({"shard_lines": -1}, "shard_lines -1: a number of at least 1"),
    ],
)
def test_a_value_that_there_is_not_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        to_labelbox.convert("a.json", None, **given)


def test_a_keyword_beats_the_settings(tmp_path: Path) -> None:
    drawn = annotation(segmentation=[[1, 1, 30, 1, 30, 30]], bbox=[1, 1, 29, 29])
    source = save(tmp_path / "a.json", coco([drawn]))

    def kinds(**given: Any) -> Any:
        report = to_labelbox.convert(source, None, settings=Settings(geometry=Policy.BBOX, min_area=1), **given)
        return json.loads(report.to_json())["lines"]["by_kind"]

    assert kinds() == {"bbox": 1}
    assert kinds(geometry=Policy.AUTO) == kinds(geometry="auto") == {"polygon": 1}
    assert kinds(min_area=10_000) == {}
