"""Whatever goes wrong on the way: no label twice, none lost, and an exit code that says what to do."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

import to_labelbox
from formats.labelbox.importing.payloads import output
from formats.labelbox.importing.stand_in import KEY, Fault, StandIn
from formats.labelbox.importing.test_steps import run
from to_labelbox import NotAllowedError, RefusedError, ToLabelboxError, UnavailableError

pytestmark = pytest.mark.filterwarnings("ignore")

CREATING = """CreateDatasetPyApi UploadFile UpsertDataRowsPyApi upsertRootSchemaNodePyApi CreateProjectPyApi
    ConnectProjectAndLabelingFrontendPyApi CreateLabelingFrontendOptionsPyApi ConnectOntologyPyApi createBatchesPyApi
    createLabelImportByFilePyApi""".split()
READING = """GetUserPyApi GetOrganizationPyApi GetProjectsPyApi getOntologiesPyApi getDataRowsForGlobalKeysPyApi
    getDataRowsForGlobalKeysResultPyApi GetDatasetsPyApi GetUserCreatedTasksPyApi
    FailedDataRowImportsPyApi GetProjectOntologyPyApi LabelCountPyApi
    GetProjectLabelingFrontendPyApi GetLabelingFrontendsPyApi GetProjectBatchesPyApi
    CheckAllDataRowsHaveBeenProcessedPyApi getLabelImportPyApi""".split()
ROWS, EACH = 20, 3


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return output(tmp_path_factory.mktemp("faults") / "out", rows=ROWS, each=EACH)


@pytest.fixture(scope="module")
def expected(out: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an import without a fault makes."""
    with pytest.MonkeyPatch.context() as patch, StandIn() as service:
        patch.setenv("LABELBOX_API_KEY", KEY)
        run(service, copied(out, tmp_path_factory.mktemp("plain")), lines_per_job=25)
        assert set(service.service.counts) == {*CREATING, *READING}
        return service.final()


def copied(out: Path, to: Path) -> Path:
    """The output without what an import has left in it."""
    to.mkdir(exist_ok=True)
    for file in out.iterdir():
        if file.is_file() and file.name != "import.json":
            (to / file.name).write_bytes(file.read_bytes())
    return to


def until_done(service: StandIn, out: Path, times: int = 3, **options: Any) -> to_labelbox.ImportReport:
    """The same command, as often as it says that it should be run again."""
    for _ in range(times):
        try:
            return run(service, out, lines_per_job=25, **options)
        except UnavailableError:
            continue
    raise AssertionError("it does not come to an end")


@pytest.mark.parametrize(
    ("operation", "how"),
    [(o, how) for n, o in enumerate(CREATING) for how in (("502-after", "drop"), ("drop-after", "502"))[n % 2]],
)
def test_a_lost_answer_makes_nothing_twice(
    service: StandIn, out: Path, expected: dict[str, Any], tmp_path: Path, operation: str, how: str
) -> None:
    fault = Fault(operation, how)
    service.faults.append(fault)
    report = until_done(service, copied(out, tmp_path / "out"))
    assert fault.hits == 1
    assert service.final() == expected
    assert report.lines.imported == ROWS * EACH
    assert report.left_over == []


@pytest.mark.parametrize(("operation", "how"), list(zip(READING, cycle(["502", "drop", "429"]))))
def test_a_question_is_asked_again(
    service: StandIn, out: Path, expected: dict[str, Any], tmp_path: Path, operation: str, how: str
) -> None:
    fault = Fault(operation, how, times=2)
    service.faults.append(fault)
    assert until_done(service, copied(out, tmp_path / "out")).exit_code() == 0
    assert fault.hits == 2
    assert service.final() == expected


@pytest.mark.parametrize("operation", ["CreateDatasetPyApi", "UploadFile", "createLabelImportByFilePyApi"])
def test_a_limit_of_requests_is_waited_for(
    service: StandIn, out: Path, expected: dict[str, Any], tmp_path: Path, waits: list[float], operation: str
) -> None:
    service.faults.append(Fault(operation, "429", times=3))
    told: list[str] = []
    until_done(service, copied(out, tmp_path / "out"), tell=told.append)
    assert service.final() == expected
    assert told.count("Labelbox asks to wait 1 s") == 3


@pytest.mark.parametrize(
    ("how", "kind"), [("401", NotAllowedError), ("forbidden", NotAllowedError), ("413", RefusedError)]
)
@pytest.mark.parametrize("operation", ["GetUserPyApi", "CreateProjectPyApi", "createLabelImportByFilePyApi"])
def test_a_refusal_ends_with_the_services_words(
    service: StandIn, out: Path, tmp_path: Path, operation: str, how: str, kind: type[ToLabelboxError]
) -> None:
    service.faults.append(Fault(operation, how, times=100))
    with pytest.raises(kind) as raised:
        run(service, copied(out, tmp_path / "out"))
    assert raised.value.exit_code == (4 if kind is NotAllowedError else 1)
    assert KEY not in str(raised.value)
    assert "<" not in str(raised.value)


@pytest.mark.parametrize(("operation", "how"), list(zip([*CREATING, *READING], cycle(["null", "odd"]))))
def test_an_answer_of_another_form_is_no_traceback(
    service: StandIn, out: Path, expected: dict[str, Any], tmp_path: Path, operation: str, how: str
) -> None:
    service.faults.append(Fault(operation, how, times=1000))
    try:
        run(service, copied(out, tmp_path / "out"), lines_per_job=25)
    except ToLabelboxError as error:
        assert error.exit_code in (1, 5)
    else:  # an answer that decides nothing
        assert service.final() == expected


def test_a_service_that_is_down_is_told_and_gone_on_with(
    service: StandIn, out: Path, expected: dict[str, Any], tmp_path: Path
) -> None:
    folder = copied(out, tmp_path / "out")
    fault = Fault("createBatches", "502", times=1000)
    service.faults.append(fault)
    with pytest.raises(UnavailableError) as raised:
        run(service, folder, lines_per_job=25)
    assert raised.value.exit_code == 5
    assert (folder / "import.json").exists()
    service.faults.clear()
    assert run(service, folder, lines_per_job=25).state == "finished"
    assert service.final() == expected


@pytest.mark.parametrize("duplicates", ["row", "chunk", "task"])
def test_a_duplicate_key_costs_no_other_row(
    service: StandIn, out: Path, expected: dict[str, Any], tmp_path: Path, duplicates: str
) -> None:
    """The first call takes effect, its answer is lost, and the rows come to be seen only after the second."""
    service.service.duplicates = duplicates
    service.service.polls = 2
    service.faults.append(Fault("UpsertDataRows", "drop-after"))
    assert until_done(service, copied(out, tmp_path / "out")).rows.new == ROWS
    assert service.final()["rows"] == expected["rows"]
    assert service.final()["labels"] == expected["labels"]
