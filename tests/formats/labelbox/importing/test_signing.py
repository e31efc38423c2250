"""Who signs the URLs of a private bucket: the dataset gets its integration whatever was lost on the way."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from formats.labelbox.importing.effects import NOW
from formats.labelbox.importing.payloads import output
from formats.labelbox.importing.stand_in import Fault, StandIn
from formats.labelbox.importing.test_steps import run
from to_labelbox import RefusedError, UnavailableError, UsageError

pytestmark = pytest.mark.filterwarnings("ignore")


def integration(id: str, default: bool = False, valid: bool = True) -> dict[str, Any]:
    times = {"createdAt": NOW.format(0), "updatedAt": NOW.format(0), "lastValidAt": NOW.format(0)}
    return {"id": id, "name": f"bucket {id}", "provider": "AWS", "valid": valid, "isOrgDefault": default, **times}


@pytest.fixture
def signing(service: StandIn) -> StandIn:
    service.service.integrations = [integration("good1", default=True), integration("good2"), integration("bad")]
    return service


def signers(service: StandIn) -> list[str]:
    return [d.get("signer", "") for d in service.service.tables["dataset"].values()]


@pytest.mark.parametrize(("iam", "signer"), [("none", ""), ("default", "good1"), ("good2", "good2")])
def test_the_dataset_is_signed_by_whom_the_user_says(signing: StandIn, tmp_path: Path, iam: str, signer: str) -> None:
    told: list[str] = []
    assert run(signing, output(tmp_path / "out"), iam=iam, tell=told.append).lines.imported == 6
    assert signers(signing) == [signer]
    assert ("signed by bucket" in told[0]) == bool(signer)


@pytest.mark.parametrize("operation", ["CreateDatasetPyApi", "setSignerForDatasetPyApi", "validateDatasetPyApi"])
@pytest.mark.parametrize("how", ["502-after", "drop", "drop-after"])
def test_a_dataset_found_again_gets_its_signer(signing: StandIn, tmp_path: Path, operation: str, how: str) -> None:
    out = output(tmp_path / "out")
    signing.faults.append(Fault(operation, how, times=9))
    with suppress(UnavailableError):
        run(signing, out, iam="default")
    assert signing.faults[0].hits
    signing.faults.clear()
    assert run(signing, out, iam="default").lines.imported == 6
    assert signers(signing) == ["good1"]
    assert [d["rowCount"] for d in signing.service.tables["dataset"].values()] == [3]


@pytest.mark.parametrize(
    ("integrations", "iam", "message"),
    [
        ([], "default", "0 default integrations; there are: none"),
        ([integration("good2")], "good1", r"no such integration; there are: good2 \(bucket good2\)"),
        ([integration("good1", default=True), integration("good2", default=True)], "default", "2 default integrations"),
    ],
)
def test_an_integration_that_is_none_is_told_before_anything_is_sent(
    service: StandIn, tmp_path: Path, integrations: list[Any], iam: str, message: str
) -> None:
    service.service.integrations = integrations
    with pytest.raises(UsageError, match=message):
        run(service, output(tmp_path / "out"), iam=iam)
    assert not service.service.tables["dataset"]


def test_an_integration_that_is_not_valid_or_does_not_reach_the_dataset_is_told(
    signing: StandIn, tmp_path: Path
) -> None:
    out = output(tmp_path / "out")
    with pytest.raises(RefusedError, match=r"'bucket bad' does not sign the dataset's URLs: CORS"):
        run(signing, out, iam="bad")
    assert not signing.service.tables["row"]
    signing.service.integrations.append(integration("off", valid=False))
    with pytest.raises(RefusedError, match="'bucket off' is not valid"):
        run(signing, output(tmp_path / "other"), iam="off")


def test_another_signer_does_not_go_on(signing: StandIn, tmp_path: Path) -> None:
    out = output(tmp_path / "out")
    signing.faults.append(Fault("UpsertDataRows", "forbidden"))
    with pytest.raises(Exception, match="limit of your plan"):
        run(signing, out, iam="good2")
    with pytest.raises(UsageError, match="was begun with --iam good2, not default"):
        run(signing, out, iam="default")
    with pytest.raises(UsageError, match="--dataset-id keeps what signs its URLs"):
        run(signing, output(tmp_path / "other"), iam="default", dataset_id="da1")
