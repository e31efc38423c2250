"""What calls of the SDK have as their effect at the stand-in: datasets, rows, ontologies, projects."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

NOW = "2026-01-01T00:00:{:02}.000Z"
TABLES: tuple[str, ...] = ("dataset", "row", "ontology", "project", "batch", "task", "job", "lookup")
_SKIP = re.compile(r"skip:\s*(\d+)")


@dataclass
class Service:
    """What is at the service, and how it behaves."""

    name: str = "Yard Ltd"
    strict: bool = True
    """Refuses a file whose length is not the one told, and a second job of one name."""
    polls: int = 0
    """Polls that a task or a job takes."""
    duplicates: str = "row"
    """What a duplicate key costs: the ``row``, its ``chunk``, or the ``task``."""
    refuse_lines: Callable[[dict[str, Any]], str] = lambda line: ""
    spoil: frozenset[str] = frozenset()
    """Global keys whose lines fail their whole job."""
    drop_statuses: int = 0
    refuse_rows: Callable[[dict[str, Any]], str] = lambda row: ""
    keep: bool = True
    """Whether requests and lines are kept, not only counted."""
    expired: bool = False
    aliases: bool = True
    """Whether one request may ask for many data rows."""
    lose_files: int = 0
    """So many files of jobs arrive without a byte."""
    metadata: list[dict[str, Any]] = field(default_factory=list)
    integrations: list[dict[str, Any]] = field(default_factory=list)
    tables: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {k: {} for k in TABLES})
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    count: int = 0


class Refused(Exception):
    """An error answer: its code and message, in the order of the constructor."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(code, message)
        self.more = more


class Effects:
    """The service's objects; each operation of the SDK is a method of its name."""

    service: Service
    base: str

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._ids = 0
        self._keys: dict[str, str] = {}
        self.organisation = "or" + "0" * 23

    def _do_batch(self, task: dict[str, Any]) -> None:
        raise NotImplementedError

    # ---------------------------------------------------------------------------------------------------- helpers

    def _table(self, name: str) -> dict[str, dict[str, Any]]:
        return self.service.tables[name]

    def _new(self, table: str, **values: Any) -> dict[str, Any]:
        self._ids += 1
        now = NOW.format(self._ids % 60)
        one = {"id": f"{table[:2]}{self._ids:023}", "createdAt": now, "updatedAt": now, "deleted": False, **values}
        self._table(table)[one["id"]] = one
        return one

    def _one(self, table: str, id: str) -> dict[str, Any]:
        try:
            return self._table(table)[id]
        except KeyError:
            raise Refused("RESOURCE_NOT_FOUND", f"no {table} {id}") from None

    def _file(self, content: bytes) -> str:
        self._ids += 1
        self.service.files[f"f{self._ids}"] = content
        return f"{self.base}/files/f{self._ids}"

    def add_row(self, key: str, data: str = "https://example.org/other.jpg", external: str = "other.jpg") -> str:
        """A row that somebody else has made."""
        row = self._new("row", globalKey=key, rowData=data, externalId=external, dataset="theirs")
        self._keys[key] = row["id"]
        return str(row["id"])

    # ----------------------------------------------------------------------------------------------- user, organisation

    def _GetUserPyApi(self, given: Any, query: str) -> Any:
        return {"user": _USER}

    def _GetOrganizationPyApi(self, given: Any, query: str) -> Any:
        organisation = {
            "id": self.organisation,
            "name": self.service.name,
            "createdAt": NOW.format(0),
            "updatedAt": NOW.format(0),
        }
        return {"organization": {**organisation, "deleted": False}}

    def _getAllIntegrationsPyApi(self, given: Any, query: str) -> Any:
        return {"iamIntegrations": self.service.integrations}

    def _setSignerForDatasetPyApi(self, given: Any, query: str) -> Any:
        self._one("dataset", given["datasetId"])["signer"] = given["signerId"]
        return {"setSignerForDataset": {"id": given["datasetId"]}}

    def _validateDatasetPyApi(self, given: Any, query: str) -> Any:
        valid = self._one("dataset", given["id"]).get("signer", "").startswith("good")
        return {"validateDataset": {"valid": valid, "checks": [{"name": "CORS", "success": valid}]}}

    # --------------------------------------------------------------------------------------------------- dataset, rows

    def _GetDatasetsPyApi(self, given: Any, query: str) -> Any:
        return {"datasets": page(self._named("dataset", given), query)}

    def _named(self, table: str, given: dict[str, Any]) -> list[dict[str, Any]]:
        names = [v for v in given.values() if isinstance(v, str)]
        return [one for one in self._table(table).values() if not names or one["name"] in names]

    def _CreateDatasetPyApi(self, given: Any, query: str) -> Any:
        made = self._new("dataset", name=given["name"], description=given.get("description"), rowCount=0)
        return {"createDataset": made}

    def _GetDatasetPyApi(self, given: Any, query: str) -> Any:
        return {"dataset": self._one("dataset", _id(given))}

    def _deleteDatasetPyApi(self, given: Any, query: str) -> Any:
        del self._table("dataset")[_id(given)]
        return {"updateDataset": {"id": _id(given)}}

    def _UploadFile(self, given: Any, query: str) -> Any:
        if self.service.strict and given["contentLength"] != len(given["file"]):
            raise Refused("BAD_USER_INPUT", "the length is another")
        return {"uploadFile": {"url": self._file(given["file"]), "filename": given["filename"]}}

    def _getDataRowsForGlobalKeysPyApi(self, given: Any, query: str) -> Any:
        return {"dataRowsForGlobalKeys": {"jobId": self._new("lookup", keys=given["globalKeys"])["id"]}}

    def _getDataRowsForGlobalKeysResultPyApi(self, given: Any, query: str) -> Any:
        keys = self._table("lookup")[given["jobId"]]["keys"]
        found = [{"id": self._keys.get(k, "")} for k in keys]
        missing = [k for k in keys if k not in self._keys]
        data = {"fetchedDataRows": found, "notFoundGlobalKeys": missing, "accessDeniedGlobalKeys": []}
        return {"dataRowsForGlobalKeysResult": {"data": data, "jobStatus": "COMPLETE"}}

    def _UpsertDataRowsPyApi(self, given: Any, query: str) -> Any:
        manifest = json.loads(self.service.files[given["manifestUri"].rpartition("/")[2]])
        chunks = [json.loads(self.service.files[u.rpartition("/")[2]]) for u in manifest["chunk_uris"]]
        task = self._new("task", type="adv-upsert-data-rows", name="upsert", status="IN_PROGRESS", chunks=chunks)
        task.update(completionPercentage=0, result=None, errors=None, metadata={}, failed=[], polls=self.service.polls)
        if not task["polls"]:
            self._do_rows(task)
        return {"upsertDataRows": task_of(task)}

    def _do_rows(self, task: dict[str, Any]) -> None:
        task["status"] = "COMPLETE"
        payloads = [[item["payload"] for item in chunk] for chunk in task["chunks"]]
        again = {p["global_key"] for c in payloads for p in c if p["global_key"] in self._keys}
        for chunk in payloads:
            spoiled = self.service.duplicates == "chunk" and any(p["global_key"] in again for p in chunk)
            if self.service.duplicates == "task" and again:
                task["status"], spoiled = "FAILED", True
            for p in chunk:
                why = self.service.refuse_rows(p)
                if p["global_key"] in again or spoiled or why:
                    task["failed"].append({"message": why or "Duplicate global key", "spec": _spec(p)})
                    continue
                row = self._new(
                    "row", globalKey=p["global_key"], rowData=p["row_data"], externalId=p["external_id"],
                    dataset=p["dataset_id"], mediaType=p.get("media_type"), metadata=p.get("metadata_fields"),
                )  # fmt: skip
                self._keys[p["global_key"]] = row["id"]
                self._table("dataset")[p["dataset_id"]]["rowCount"] += 1
        task["chunks"] = []

    def _GetUserCreatedTasksPyApi(self, given: Any, query: str) -> Any:
        id = next(v for k, v in given.items() if v in self._table("task"))
        task = self._one("task", id)
        if task["status"] == "IN_PROGRESS":
            task["polls"] -= 1
            if task["polls"] <= 0:
                self._do_rows(task) if "chunks" in task else self._do_batch(task)
        return {"user": {**_USER, "createdTasks": [task_of(task)]}}

    def _FailedDataRowImportsPyApi(self, given: Any, query: str) -> Any:
        failed = self._one("task", given["taskId"])["failed"]
        return {"failedDataRowImports": {"after": None, "total": len(failed), "results": failed}}

    def _GetDataRowPyApi(self, given: Any, query: str) -> Any:
        row = self._one("row", _id(given))
        return {"dataRow": {**row, "mediaAttributes": {}, "metadataFields": [], "customMetadata": []}}

    def _DataRowsPyApi(self, given: Any, query: str) -> Any:
        if not self.service.aliases:
            raise Refused("BAD_USER_INPUT", "no aliases here")
        asked = re.findall(r'(\w+): dataRow\(where: \{id: "([^"]*)"\}\)', query)
        return {name: self._table("row").get(id) for name, id in asked}

    def _GetMetadataOntologyBetaPyApi(self, given: Any, query: str) -> Any:
        return {"customMetadataOntology": [*_RESERVED, *self.service.metadata]}

    def _UpsertCustomMetadataSchemaPyApi(self, given: Any, query: str) -> Any:
        self._ids += 1
        made = {"id": f"me{self._ids:023}", "reserved": False, "options": [], **given["data"]}
        self.service.metadata.append(made)
        return {"upsertCustomMetadataSchema": made}

    # ---------------------------------------------------------------------------------------------- ontology, project

    def _getOntologiesPyApi(self, given: Any, query: str) -> Any:
        nodes = [o for o in self._table("ontology").values() if given["search"] in o["name"]]
        return {"ontologies": {"nodes": nodes, "nextCursor": None}}

    def _GetOntologyPyApi(self, given: Any, query: str) -> Any:
        return {"ontology": self._one("ontology", _id(given))}

    def add_ontology(self, name: str, content: Any, media_type: str | None) -> dict[str, Any]:
        return self._new(
            "ontology", name=name, description=None, normalized=self._with_ids(content), mediaType=media_type,
            objectSchemaCount=0, classificationSchemaCount=0,
        )  # fmt: skip

    def _with_ids(self, value: Any) -> Any:
        """As the service gives it back: ids at every depth."""
        if isinstance(value, list):
            return [self._with_ids(v) for v in value]
        if not isinstance(value, dict):
            return value
        self._ids += 1
        ids = {"schemaNodeId": f"sn{self._ids:023}", "featureSchemaId": f"fs{self._ids:023}"}
        return {k: self._with_ids(v) for k, v in value.items()} | ({} if "tools" in value else ids)

    def _upsertRootSchemaNodePyApi(self, given: Any, query: str) -> Any:
        data = given["data"]
        return {"upsertOntology": self.add_ontology(data["name"], json.loads(data["normalized"]), data["mediaType"])}

    def _GetProjectsPyApi(self, given: Any, query: str) -> Any:
        return {"projects": page(self._named("project", given), query)}

    def _GetProjectPyApi(self, given: Any, query: str) -> Any:
        return {"project": self._one("project", _id(given))}

    def add_project(self, name: str, media_type: str, description: str | None = None) -> dict[str, Any]:
        return self._new(
            "project", name=name, description=description, allowedMediaType=media_type, setupComplete=None,
            lastActivityTime=None, autoAuditNumberOfLabels=1, autoAuditPercentage=1, editorTaskType=None, dataRowCount=0,
            modelSetupComplete=None, uploadType="Auto", isBenchmarkEnabled=True, isConsensusEnabled=False, frontend=None,
            ontologyId=None, labels=0, lines=[], hash="",
        )  # fmt: skip

    def _CreateProjectPyApi(self, given: Any, query: str) -> Any:
        media = next(v for k, v in given.items() if "ediaType" in k or "media" in k)
        return {"createProject": self.add_project(given["name"], media, given.get("description"))}

    def _GetProjectOntologyPyApi(self, given: Any, query: str) -> Any:
        project = self._one("project", _id(given))
        return {"project": {"ontology": project["ontologyId"] and self._table("ontology")[project["ontologyId"]]}}

    def _LabelCountPyApi(self, given: Any, query: str) -> Any:
        return {"project": {"labelCount": self._one("project", given["projectId"])["labels"]}}

    def _GetProjectLabelingFrontendPyApi(self, given: Any, query: str) -> Any:
        return {"project": {"labelingFrontend": self._one("project", _id(given))["frontend"]}}

    def _GetLabelingFrontendsPyApi(self, given: Any, query: str) -> Any:
        return {"labelingFrontends": page([_FRONTEND], query)}

    def _ConnectProjectAndLabelingFrontendPyApi(self, given: Any, query: str) -> Any:
        self._one("project", given["projectId"])["frontend"] = _FRONTEND
        return {"updateProject": {"id": given["projectId"]}}

    def _CreateLabelingFrontendOptionsPyApi(self, given: Any, query: str) -> Any:
        return {
            "createLabelingFrontendOptions": {"id": "lo" + "0" * 23, "customizationOptions": "{}", "deleted": False}
        }

    def _ConnectOntologyPyApi(self, given: Any, query: str) -> Any:
        self._one("project", given["projectId"])["ontologyId"] = self._one("ontology", given["ontologyId"])["id"]
        return {"project": {"connectOntology": {"id": given["ontologyId"]}}}


def _id(given: dict[str, Any]) -> str:
    return next(str(v) for v in given.values() if isinstance(v, str))


def page(found: list[dict[str, Any]], query: str) -> list[dict[str, Any]]:
    skip = _SKIP.search(query)
    start = int(skip.group(1)) if skip else 0
    return found[start : start + 100]


def task_of(task: dict[str, Any]) -> dict[str, Any]:
    kept = (
        "id",
        "createdAt",
        "updatedAt",
        "name",
        "status",
        "completionPercentage",
        "result",
        "errors",
        "type",
        "metadata",
        "deleted",
    )
    return {k: task[k] for k in kept}


def _spec(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "externalId": row["external_id"],
        "globalKey": row["global_key"],
        "rowData": row["row_data"],
        "metadata": [],
        "attachments": [],
    }


_USER = {
    "id": "us" + "0" * 23, "email": "a@example.org", "name": "a", "nickname": "a", "picture": "", "isViewer": False,
    "isExternalUser": False, "createdAt": NOW.format(0), "updatedAt": NOW.format(0), "lastLoginAt": None, "deleted": False,
}  # fmt: skip
_FRONTEND = {"id": "lf" + "0" * 23, "name": "Editor", "description": "", "iframeUrlPath": "", "deleted": False}


def _reserved(id: str, name: str, kind: str, options: tuple[str, ...] = ()) -> dict[str, Any]:
    listed = [
        {"id": f"op{n:02}{id[4:]}", "name": o, "kind": "CustomMetadataEnumOption", "reserved": True}
        for n, o in enumerate(options)
    ]
    return {"id": id, "name": name, "kind": kind, "reserved": True, "options": listed}


_RESERVED = [
    _reserved("sp" + "0" * 23, "split", "CustomMetadataEnum", ("train", "valid", "test")),
    _reserved("ta" + "0" * 23, "tag", "CustomMetadataString"),
    _reserved("ca" + "0" * 23, "captureDateTime", "CustomMetadataDateTime"),
]
