"""A stand-in for Labelbox's service on loopback: what the unmodified SDK 7.17 sends is understood, kept, and answered.

It does in memory what the calls of an import do: unique global keys, tasks and jobs that take some polls, statuses one a
line. ``Fault`` makes any request go wrong, before or after its effect. Nothing of it stems from the importer.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

KEY = "lb-test-key-3f9c1d77a2"
NOW = "2026-01-01T00:00:{:02}.000Z"
_OPERATION = re.compile(r"\b(query|mutation)\s+(\w+)")
_SKIP = re.compile(r"skip:\s*(\d+)")
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


TABLES: tuple[str, ...] = ("dataset", "row", "ontology", "project", "batch", "task", "job", "lookup")


@dataclass
class Fault:
    """The ``nth`` request of an operation (a part of its name) goes wrong in one way, ``times`` in a row.

    ``how``: ``502``, ``502-after``, ``drop``, ``drop-after``, ``429``, ``401``, ``413``, ``null``, ``odd``, ``forbidden``.
    """

    operation: str
    how: str
    nth: int = 1
    times: int = 1
    seen: int = 0
    hits: int = 0

    def meets(self, operation: str) -> bool:
        if self.operation not in operation:
            return False
        self.seen += 1
        if self.nth <= self.seen < self.nth + self.times:
            self.hits += 1
            return True
        return False


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
    empty_links: bool = False
    metadata: list[dict[str, Any]] = field(default_factory=list)
    tables: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {k: {} for k in TABLES})
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    count: int = 0


class StandIn:
    """Runs while it is entered.

    ``on_request(number, operation, phase)`` hears ``before`` and ``after`` each effect; True drops the connection there.
    """

    def __init__(self, service: Service | None = None) -> None:
        self.service = service or Service()
        self.faults: list[Fault] = []
        self.on_request: Callable[[int, str, str], bool] = lambda number, operation, phase: False
        self._lock = threading.RLock()
        self._ids = 0
        self._keys: dict[str, str] = {}
        self.organisation = "or" + "0" * 23
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 1 << 16

            def log_message(self, *arguments: Any) -> None:
                pass

            def do_POST(self) -> None:
                stand_in._post(self)

            def do_GET(self) -> None:
                stand_in._get(self)

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                if not isinstance(sys.exc_info()[1], OSError):  # a client that was killed
                    super().handle_error(request, client_address)

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.endpoint = f"{self.base}/graphql"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *arguments: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    # ------------------------------------------------------------------------------------------------------- wire

    def _get(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.headers.get("Authorization"):
            self.service.counts["key sent with a file"] += 1
        content = self.service.files.get(handler.path.rpartition("/")[2])
        self._send(handler, 404 if content is None or self.service.expired else 200, content or b"")

    def _post(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        if len(body) < int(handler.headers["Content-Length"]):
            return  # the client was killed while it sent
        kind = handler.headers.get("Content-Type", "")
        if kind.startswith("multipart/"):
            parts = _multipart(body, kind)
            asked = json.loads(parts["operations"][1])
            name, _, content_type = next((n, c, t) for k, (n, c, t) in _files(parts).items() if k != "operations")
            file = next(c for k, (n, c, t) in _files(parts).items())
            given = {**asked["variables"], "file": file, "filename": name, "type": content_type}
        else:
            asked = json.loads(body)
            given = asked["variables"] or {}
        match = _OPERATION.search(asked["query"])
        assert match, asked["query"]
        operation = match.group(2)
        with self._lock:
            self.service.count += 1
            number = self.service.count
            self.service.counts[operation] += 1
            if self.service.keep:
                self.service.requests.append((operation, body))
            faults = [fault.how for fault in self.faults if fault.meets(operation)]
        if self.on_request(number, operation, "before"):
            self._fail(handler, "drop")
            return
        if handler.headers.get("Authorization") != f"Bearer {KEY}":
            faults = ["401"]
        how = faults[0] if faults else ""
        if how and not how.endswith("-after"):
            self._fail(handler, how)
            return
        with self._lock:
            try:
                answer = {"data": getattr(self, f"_{operation}")(given, asked["query"])}
            except Refused as refusal:
                answer = {
                    "errors": [{"message": refusal.args[1], "extensions": {"code": refusal.args[0], **refusal.more}}]
                }
        self.on_request(number, operation, "after")
        if how:
            self._fail(handler, how.removesuffix("-after"))
            return
        self._send(handler, 200, json.dumps(answer).encode())

    def _fail(self, handler: BaseHTTPRequestHandler, how: str) -> None:
        if how == "drop":
            handler.close_connection = True
            handler.connection.close()
        elif how == "502":
            self._send(handler, 502, b"<html><body>502 Bad Gateway</body></html>")
        elif how == "429":
            self._send(handler, 429, b'{"message": "You have exceeded the limit"}', {"Retry-After": "1"})
        elif how == "401":
            error = {"message": f"key {KEY} is bad", "extensions": {"code": "AUTHENTICATION_ERROR"}}
            self._send(handler, 200, json.dumps({"errors": [error]}).encode())
        elif how == "forbidden":
            error = {"message": "limit of your plan", "extensions": {"code": "AUTHORIZATION_ERROR"}}
            self._send(handler, 200, json.dumps({"errors": [error]}).encode())
        elif how == "413":
            self._send(handler, 413, b"<html><h1>413</h1> Request Entity Too Large " + KEY.encode() + b"</html>")
        elif how == "null":
            self._send(handler, 200, b'{"data": null}')
        elif how == "odd":
            self._send(handler, 200, b'{"errors": [{"message": "odd"}]}')
        else:
            raise AssertionError(how)

    def _send(self, handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: Any = {}) -> None:  # noqa: B006
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)
            handler.wfile.flush()
        except OSError:  # the client was killed
            handler.close_connection = True

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
        return {"iamIntegrations": []}

    # --------------------------------------------------------------------------------------------------- dataset, rows

    def _GetDatasetsPyApi(self, given: Any, query: str) -> Any:
        return {"datasets": _page(self._named("dataset", given), query)}

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
        return {"upsertDataRows": _task(task)}

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
        return {"user": {**_USER, "createdTasks": [_task(task)]}}

    def _FailedDataRowImportsPyApi(self, given: Any, query: str) -> Any:
        failed = self._one("task", given["taskId"])["failed"]
        return {"failedDataRowImports": {"after": None, "total": len(failed), "results": failed}}

    def _GetDataRowPyApi(self, given: Any, query: str) -> Any:
        row = self._one("row", _id(given))
        return {"dataRow": {**row, "mediaAttributes": {}, "metadataFields": [], "customMetadata": []}}

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
        return {"projects": _page(self._named("project", given), query)}

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
        return {"labelingFrontends": _page([_FRONTEND], query)}

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
        return {"labelImports": _page(self._jobs(given["projectId"], "label"), query)}

    def _getModelAssistedLabelingPredictionImportsPyApi(self, given: Any, query: str) -> Any:
        return {"modelAssistedLabelingPredictionImports": _page(self._jobs(given["projectId"], "mal"), query)}

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

    # --------------------------------------------------------------------------------------------------------- result

    def final(self) -> dict[str, Any]:
        """What is there, without ids, times and the run: equal for equal imports."""

        def plain(text: Any) -> Any:
            return re.sub(r"\b[0-9a-f]{12}\b", "RUN", text) if isinstance(text, str) else text

        rows = self._table("row")
        datasets, projects = self._table("dataset"), self._table("project")
        return {
            "datasets": sorted((d["name"], plain(d["description"]), d["rowCount"]) for d in datasets.values()),
            "rows": sorted(
                (r["globalKey"], r["externalId"], datasets.get(r["dataset"], {}).get("name", "theirs"))
                for r in rows.values()
            ),
            "ontologies": sorted(o["name"] for o in self._table("ontology").values()),
            "projects": sorted(
                (p["name"], plain(p["description"]), p["allowedMediaType"], bool(p["ontologyId"]), p["labels"])
                for p in projects.values()
            ),
            "batches": sorted(
                (plain(b["name"]), projects[b["project"]]["name"], b["size"]) for b in self._table("batch").values()
            ),
            "jobs": sorted(
                (plain(j["name"]), projects[j["parent"]]["name"], j["state"], j["kind"])
                for j in self._table("job").values()
            ),
            "labels": sorted(line for p in projects.values() for line in p["lines"]),
        }

    def received(self) -> bytes:
        """All bytes that came in."""
        return b"\n".join(body for _, body in self.service.requests)


class Refused(Exception):
    """An error answer: its code and message, in the order of the constructor."""

    def __init__(self, code: str, message: str, **more: Any) -> None:
        super().__init__(code, message)
        self.more = more


def _id(given: dict[str, Any]) -> str:
    return next(str(v) for v in given.values() if isinstance(v, str))


def _page(found: list[dict[str, Any]], query: str) -> list[dict[str, Any]]:
    skip = _SKIP.search(query)
    start = int(skip.group(1)) if skip else 0
    return found[start : start + 100]


def _task(task: dict[str, Any]) -> dict[str, Any]:
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


def _multipart(body: bytes, kind: str) -> dict[str, tuple[str, bytes, str]]:
    """Name → file name, content, type."""
    boundary = b"--" + kind.partition("boundary=")[2].strip('"').encode()
    parts = {}
    for piece in body.split(boundary)[1:-1]:
        head, _, content = piece[2:].partition(b"\r\n\r\n")
        text = head.decode("utf-8", "replace")
        name = re.search(r'name="([^"]*)"', text)
        filename = re.search(r'filename="([^"]*)"', text)
        type_ = re.search(r"Content-Type: (\S+)", text)
        assert name
        parts[name.group(1)] = (filename.group(1) if filename else "", content[:-2], type_.group(1) if type_ else "")
    return parts


def _files(parts: dict[str, tuple[str, bytes, str]]) -> dict[str, tuple[str, bytes, str]]:
    return {k: v for k, v in parts.items() if k not in ("operations", "map")}


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
