"""What calls of the SDK have as their effect at the stand-in: batches and import jobs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from formats.labelbox.importing.effects import Effects, Refused, page

KINDS = (
    "bbox",
    "polygon",
    "mask",
    "point",
    "line",
    "segments",
    "masks",
    "answer",
    "location",
    "textSelections",
    "relationship",
)


class JobEffects(Effects):
    """Batches, and jobs whose lines are checked as a server would."""

    # ------------------------------------------------------------------------------------------------------- batches

    def _CheckAllDataRowsHaveBeenProcessedPyApi(self, given: Any, query: str) -> Any:
        return {"queryAllDataRowsHaveBeenProcessed": {"allDataRowsHaveBeenProcessed": True}}

    def _createBatchesPyApi(self, given: Any, query: str) -> Any:
        project, asked = self._one("project", given["projectId"]), given["input"]
        name = asked["batchNamePrefix"] + "0000"
        if any(b["name"] == name and b["project"] == project["id"] for b in self._table("batch").values()):
            raise Refused("RESOURCE_CONFLICT", "a batch of that name exists")
        batch = self._new(
            "batch", name=name, project=project["id"], size=0, consensusSettingsJson="{}",
            rows=[], priority=asked["priority"],
        )  # fmt: skip
        task = self._new("task", type="add-data-rows-to-batch", name="batch", status="IN_PROGRESS", batch=batch["id"])
        task.update(completionPercentage=0, result=None, errors=None, metadata={}, polls=self.service.polls, failed=[])
        task["ids"] = [
            *(asked["dataRowIds"] or []),
            *(self._keys[k] for k in asked["globalKeys"] or [] if k in self._keys),
        ]
        if not task["polls"]:
            self._do_batch(task)
        return {"project": {"createBatches": {"tasks": [{"batchUuid": batch["id"], "taskId": task["id"]}]}}}

    def _do_batch(self, task: dict[str, Any]) -> None:
        batch = self._table("batch").get(task["batch"])
        task["status"] = "COMPLETE"
        if batch is not None:
            taken = {r for b in self._table("batch").values() if b["project"] == batch["project"] for r in b["rows"]}
            batch["rows"] = [r for r in task["ids"] if r not in taken]
            batch["size"] = len(batch["rows"])

    def _GetProjectBatchesPyApi(self, given: Any, query: str) -> Any:
        nodes = [b for b in self._table("batch").values() if b["project"] == given["projectId"]]
        return {"project": {"id": given["projectId"], "batches": {"nodes": nodes, "pageInfo": {"endCursor": None}}}}

    def _DeleteBatchPyApi(self, given: Any, query: str) -> Any:
        if self._one("project", given["projectId"])["labels"]:
            raise Refused("OPERATION_NOT_ALLOWED", "the batch has labels")
        del self._table("batch")[given["batchId"]]
        return {"project": {"deleteBatch": {"deletedBatchId": given["batchId"]}}}

    # ----------------------------------------------------------------------------------------------------- import jobs

    def _getLabelImportsPyApi(self, given: Any, query: str) -> Any:
        return {"labelImports": page(self._jobs(given["projectId"], "label"), query)}

    def _getModelAssistedLabelingPredictionImportsPyApi(self, given: Any, query: str) -> Any:
        return {"modelAssistedLabelingPredictionImports": page(self._jobs(given["projectId"], "mal"), query)}

    def _jobs(self, project: str, kind: str) -> list[dict[str, Any]]:
        return [self._shown(j) for j in self._table("job").values() if j["parent"] == project and j["kind"] == kind]

    def _getLabelImportPyApi(self, given: Any, query: str) -> Any:
        return {"labelImport": self._job(given, "label")}

    def _getModelAssistedLabelingPredictionImportPyApi(self, given: Any, query: str) -> Any:
        return {"modelAssistedLabelingPredictionImport": self._job(given, "mal")}

    def _job(self, given: Any, kind: str) -> Any:
        job = next(
            (
                j
                for j in self._table("job").values()
                if (j["parent"], j["name"], j["kind"]) == (given["projectId"], given["name"], kind)
            ),
            None,
        )
        if job is None:
            raise Refused("RESOURCE_NOT_FOUND", "no such import")
        if job["state"] == "RUNNING":
            job["polls"] -= 1
            if job["polls"] <= 0:
                self._do_job(job)
        return self._shown(job)

    def _shown(self, job: dict[str, Any]) -> dict[str, Any]:
        return {
            **{k: v for k, v in job.items() if k not in ("lines", "polls")},
            "project": self._table("project")[job["parent"]],
        }

    def _createLabelImportByFilePyApi(self, given: Any, query: str) -> Any:
        return {"createLabelImport": self._create_job(given, "label")}

    def _createMALPredictionImportByFilePyApi(self, given: Any, query: str) -> Any:
        return {"createModelAssistedLabelingPredictionImport": self._create_job(given, "mal")}

    def _create_job(self, given: Any, kind: str) -> Any:
        if self.service.lose_files:
            self.service.lose_files -= 1
            given = {**given, "file": b""}
        if self.service.strict and given["contentLength"] != len(given["file"]):
            raise Refused("BAD_USER_INPUT", f"{given['contentLength']} bytes were told, {len(given['file'])} came")
        taken = any(
            j["name"] == given["name"] and j["parent"] == given["projectId"] for j in self._table("job").values()
        )
        if self.service.strict and taken:
            raise Refused("RESOURCE_CONFLICT", "an import of that name exists")
        job = self._new(
            "job", name=given["name"], parent=given["projectId"], kind=kind, state="RUNNING", progress="0%",
            inputFileUrl=self._file(given["file"]), errorFileUrl=None, statusFileUrl=None,
            lines=given["file"].splitlines(), polls=self.service.polls,
        )  # fmt: skip
        if not job["polls"]:
            self._do_job(job)
        return self._shown(job)

    def _do_job(self, job: dict[str, Any]) -> None:
        lines = [json.loads(line) for line in job["lines"]]
        job["progress"] = "100%"
        if any(line["dataRow"].get("globalKey") in self.service.spoil for line in lines):
            job["state"] = "FAILED"
            job["lines"] = []
            return
        project = self._table("project")[job["parent"]]
        in_project = {r for b in self._table("batch").values() if b["project"] == job["parent"] for r in b["rows"]}
        ontology = self._table("ontology").get(project["ontologyId"] or "", {"normalized": {}})["normalized"]
        names = {f["name"] for k in ("tools", "classifications") for f in ontology.get(k) or []}
        statuses, good = [], []
        for raw, line in zip(job["lines"], lines):
            why = self.service.refuse_lines(line) or self._line_fault(line, in_project, names)
            row = line["dataRow"].get("id") or self._keys.get(line["dataRow"].get("globalKey"), "")
            errors = [{"name": "ValidationError", "message": why}] if why else []
            statuses.append(
                {
                    "uuid": line.get("uuid"),
                    "dataRow": {"id": row},
                    "status": "FAILURE" if why else "SUCCESS",
                    "errors": errors,
                }
            )
            if not why:
                good.append(raw)
        if self.service.keep:
            project["lines"] += [raw.decode() for raw in good]
        project["labels"] += len(good)
        project["hash"] = hashlib.sha256(project["hash"].encode() + b"".join(good)).hexdigest()
        text = "\n".join(map(json.dumps, statuses[self.service.drop_statuses :]))
        job["statusFileUrl"] = self._file(text.encode())
        job["state"], job["lines"] = "FINISHED", []

    def _line_fault(self, line: dict[str, Any], in_project: set[str], names: set[str]) -> str:
        row = line["dataRow"].get("id") or self._keys.get(line["dataRow"].get("globalKey", ""), "")
        if row not in in_project:
            return f"data row {line['dataRow']} is not in the project"
        if sum(kind in line for kind in KINDS) != 1:
            return "a line holds one annotation"
        used = [line["name"]] if "name" in line else [i["name"] for i in line["masks"]["instances"]]
        lost = [name for name in used if name not in names]
        return f"feature {lost[0]!r} not in ontology" if lost else ""
