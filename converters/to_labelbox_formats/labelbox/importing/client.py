"""What is asked of Labelbox, question by question, through the official SDK; plain data goes in and comes out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from to_labelbox.model.text import display
from to_labelbox.report.errors import RefusedError, UsageError
from to_labelbox_formats.labelbox.importing.calls import Calls, Found, NotFound, looks

APP = "https://app.labelbox.com"
KEYS_A_LOOKUP = 20_000
"""Global keys of one question [what Labelbox's own labelbase asks at once]."""
LOOKUP_SECONDS = 600


class TaskState(Struct, frozen=True):
    """``status``: IN_PROGRESS, COMPLETE, FAILED or CANCELED. ``failed``: rows by global key, with the reason."""

    status: str
    failed: tuple[tuple[str, str], ...] = ()
    reason: str = ""


class JobState(Struct, frozen=True):
    """``state``: RUNNING, FINISHED or FAILED; ``progress`` in per cent."""

    id: str
    state: str
    progress: int
    statuses: str = ""
    input: str = ""


class Labelbox(Calls):
    """The questions and orders of an import. Raises :class:`~to_labelbox.ToLabelboxError` where the user must act."""

    def __init__(self, key: str, endpoint: str, threads: int, tell: Callable[[str], None]) -> None:
        super().__init__(key, endpoint, threads, tell)
        self._known: dict[str, Any] = {}

    def user(self) -> str:
        """The user's id; the cheapest check of the key."""
        return str(self.read("checking the key", self._client.get_user).uid)

    def organisation(self) -> Found:
        found = self.read("asking for the organisation", self._client.get_organization)
        return Found(str(found.uid), self.clean(found.name))

    def datasets(self, name: str) -> list[Found]:
        """Datasets of exactly that name."""
        kind = self._sdk.Dataset
        found = self.read("looking for the dataset", lambda: list(self._client.get_datasets(where=kind.name == name)))
        return [_found(self._keep(d), size=int(d.row_count or 0)) for d in found if d.name == name]

    def projects(self, name: str) -> list[Found]:
        """Projects of exactly that name."""
        kind = self._sdk.Project
        found = self.read("looking for the project", lambda: list(self._client.get_projects(where=kind.name == name)))
        return [_found(self._keep(p), media_type=p.media_type.value) for p in found if p.name == name]

    def ontologies(self, name: str) -> list[Found]:
        """Ontologies of exactly that name, with their content."""
        found = self.read("looking for the ontology", lambda: list(self._client.get_ontologies(name)))
        return [_found(o, media_type=o.media_type.value, content=_json(o.normalized)) for o in found if o.name == name]

    def dataset(self, id: str) -> Found:
        return _found(self._dataset(id))

    def ontology(self, id: str) -> Found:
        found = self._ontology(id)
        return _found(found, media_type=found.media_type.value, content=_json(found.normalized))

    def project(self, id: str) -> Found:
        found = self._project(id)
        return _found(found, media_type=found.media_type.value)

    def ontology_of(self, project: str) -> Found | None:
        found = self.read("reading the project's ontology", self._project(project).ontology)
        return None if found is None else _found(found, content=_json(found.normalized))

    def label_count(self, project: str) -> int:
        return int(self.read("counting the project's labels", self._project(project).get_label_count))

    def running_imports(self, project: str) -> list[str]:
        """Names of label imports that are at work in a project."""
        step = "looking for imports at work"
        found = self.read(step, lambda: list(self._project(project).get_label_imports()))
        return [self.clean(job.name) for job in found if job.state.value == "RUNNING"]

    def prelabel_imports(self, project: str) -> int:
        step = "looking for imports of pre-labels"
        return len(self.read(step, lambda: list(self._project(project).get_mal_prediction_imports())))

    def _keep(self, one: Any) -> Any:
        """Keep an object of the SDK: what is asked of it later is asked by its id."""
        self._known[str(one.uid)] = one
        return one

    def _dataset(self, id: str) -> Any:
        known = self._known.get(id)
        return known or self._keep(self.read("reading the dataset", lambda: self._client.get_dataset(id)))

    def _project(self, id: str) -> Any:
        known = self._known.get(id)
        return known or self._keep(self.read("reading the project", lambda: self._client.get_project(id)))

    def _ontology(self, id: str) -> Any:
        known = self._known.get(id)
        return known or self._keep(self.read("reading the ontology", lambda: self._client.get_ontology(id)))

    # ----------------------------------------------------------------------------------------------------- creation

    def create_dataset(self, name: str, description: str) -> Found:
        """One call: with an integration the SDK makes several, and a dataset found again would lack it (:meth:`sign`)."""
        made = self._client.create_dataset(name=name, description=description, iam_integration=None)
        return _found(self._keep(made))

    def integration(self, wanted: str) -> Found:
        """Who signs URLs: the organisation's default, or one by id. Raises :class:`UsageError`."""
        organisation = self.read("asking for the organisation", self._client.get_organization)
        known = self.read("asking for the integrations", organisation.get_iam_integrations)
        chosen = [i for i in known if (i.is_org_default if wanted == "default" else i.uid == wanted)]
        if len(chosen) != 1:
            what = f"{len(chosen)} default integrations" if wanted == "default" else "no such integration"
            names = ", ".join(f"{i.uid} ({i.name})" for i in known) or "none"
            raise UsageError(f"--iam {wanted}: {what}; there are: {self.clean(names)}")
        if not chosen[0].valid:
            raise RefusedError(f"--iam {wanted}: Labelbox says that {self.clean(chosen[0].name)!r} is not valid")
        return Found(str(chosen[0].uid), self.clean(chosen[0].name))

    def sign(self, dataset: str, integration: Found) -> None:
        """Let an integration sign a dataset's URLs. Harmless to repeat [the SDK's own calls, client.py]."""

        def ask() -> Any:
            self._client.execute(_SIGN, {"signerId": integration.id, "datasetId": dataset})
            return self._client.execute(_SIGNED, {"id": dataset})

        answer = self.read("setting who signs the dataset's URLs", ask)["validateDataset"]
        if not answer["valid"]:
            failed = ", ".join(str(c.get("name")) for c in answer.get("checks") or () if not c.get("success"))
            raise RefusedError(
                f"{integration.name!r} does not sign the dataset's URLs: {self.clean(failed or 'no reason')}"
            )

    def create_ontology(self, name: str, content: dict[str, Any], media_type: str) -> Found:
        return _found(
            self._keep(self._client.create_ontology(name, content, media_type=self._sdk.MediaType(media_type)))
        )

    def create_project(self, name: str, description: str, media_type: str) -> Found:
        """One label a row: with consensus, which is the SDK's default, each imported label would be one of several."""
        from labelbox.schema.quality_mode import QualityMode

        made = self._client.create_project(
            name=name,
            description=description,
            media_type=self._sdk.MediaType(media_type),
            quality_modes={QualityMode.Benchmark},
        )
        return _found(self._keep(made))

    def connect(self, project: str, ontology: str) -> None:
        """Several calls of the SDK, each harmless to repeat."""
        self._project(project).connect_ontology(self._ontology(ontology))

    def delete_empty(self, kind: str, id: str) -> None:
        """Delete what a lost answer has left over; the caller has seen that it is empty and ours."""
        if kind == "ontology":
            self.call("deleting the ontology left over", lambda: self._client.delete_unused_ontology(id))
        else:
            one = self._dataset(id) if kind == "dataset" else self._project(id)
            self.call(f"deleting the {kind} left over", one.delete)

    # --------------------------------------------------------------------------------------------------------- rows

    def lookup(self, keys: Sequence[str]) -> list[str]:
        """Ids of the rows with these global keys, in order, "" where there is none, "?" where it may not be seen."""

        def ask() -> Any:
            return self._client.get_data_row_ids_for_global_keys(list(keys), timeout_seconds=LOOKUP_SECONDS)

        answer = self.read("looking for data rows", ask)
        results = [str(r or "") for r in answer["results"]]
        refused = {e["global_key"] for e in answer["errors"] if "denied" in str(e.get("error", "")).lower()}
        missing = {e["global_key"] for e in answer["errors"]} - refused
        if len(results) == len(keys):
            return ["?" if k in refused and not r else r for k, r in zip(keys, results)]
        given = iter(r for r in results if r)  # only those that exist
        return ["" if k in missing else "?" if k in refused else next(given, "?") for k in keys]

    def data_row(self, id: str) -> Found:
        """``name`` is its external id, ``content`` its row_data."""
        row = self.read("reading a data row", lambda: self._client.get_data_row(id))
        return Found(str(row.uid), str(row.external_id or ""), content=row.row_data)

    def data_rows(self, ids: Sequence[str]) -> list[Found | None]:
        """The same for many rows with one request: the SDK's own question, once for each row.

        None for a row that the answer does not hold. Raises :class:`Unanswered`, and :class:`RefusedError` where
        the service does not take so many at once.
        """
        asked = " ".join(f"r{n}: dataRow(where: {{id: {json.dumps(id)}}}) {{{_ROW}}}" for n, id in enumerate(ids))
        answer = self.call("reading data rows", lambda: self._client.execute(f"query DataRowsPyApi {{{asked}}}"))
        rows = [answer.get(f"r{n}") if isinstance(answer, dict) else None for n, _ in enumerate(ids)]
        return [
            Found(row["id"], str(row.get("externalId") or ""), content=row.get("rowData"))
            if isinstance(row, dict) and row.get("id") == id
            else None
            for id, row in zip(ids, rows)
        ]

    def create_rows(self, dataset: str, rows: list[dict[str, Any]]) -> str:
        """Begin to create rows; gives the task's id. The rows are copied: the SDK writes into them."""
        kind = self._dataset(dataset)
        return str(kind.create_data_rows([dict(row) for row in rows]).uid)

    def metadata_fields(self) -> list[dict[str, Any]]:
        """The organisation's metadata: name, kind, reserved, options."""
        from labelbox.schema.data_row_metadata import DataRowMetadataOntology

        ontology = self.read("reading the metadata fields", lambda: DataRowMetadataOntology(self._client))
        self._client._data_row_metadata_ontology = ontology  # once, not in each of twenty threads
        return [
            {
                "id": f.uid,
                "name": f.name,
                "kind": f.kind.name,
                "reserved": f.reserved,
                "options": {o.name: o.uid for o in f.options or ()},
            }
            for f in ontology.fields
        ]

    def create_metadata_field(self, name: str, kind: str) -> None:
        from labelbox.schema.data_row_metadata import DataRowMetadataKind

        ontology = self._client.get_data_row_metadata_ontology()
        ontology.create_schema(name, DataRowMetadataKind[kind])

    def upload(self, content: bytes, filename: str, content_type: str) -> str:
        """The URL of uploaded bytes. Repeating it is harmless."""

        def send() -> Any:
            return self._client.upload_data(content, filename=filename, content_type=content_type)

        return str(self.read(f"uploading {display(filename)}", send))

    # -------------------------------------------------------------------------------------------------------- tasks

    def task(self, id: str) -> TaskState:
        task = self.read("asking for a task", lambda: self._client.get_task_by_id(id))
        status = str(task.status)
        if status == "IN_PROGRESS":
            return TaskState(status)
        reason = ""
        try:
            errors = self.read("asking for a task's errors", lambda: task.errors)
        except RefusedError as error:
            errors, reason = None, str(error)
        if isinstance(errors, dict):
            reason = self.clean(errors)
            errors = None
        failed = [
            (str(row.get("globalKey") or ""), self.clean(error.get("message")))
            for error in errors or ()
            for row in error.get("failedDataRows") or ()
        ]
        return TaskState(status, tuple(failed), reason)

    def ended(self, id: str) -> TaskState | None:
        """Wait for a task, as long as it takes; None for one that is long over."""
        for _ in looks():
            try:
                state = self.task(id)
            except NotFound:
                break
            if state.status not in ("IN_PROGRESS", "CANCELLING"):
                return state
        return None

    def create_batches(self, project: str, prefix: str, keys: list[str], ids: list[str], priority: int) -> list[str]:
        """Batches ``<prefix>0000``…; waits until Labelbox has processed the rows. Gives the tasks' ids."""
        given: dict[str, Any] = {"data_rows": ids} if ids else {"global_keys": keys}
        made = self._project(project).create_batches(prefix, priority=priority, **given)
        return [str(task.uid) for task in made.tasks]

    def batches(self, project: str, prefix: str) -> list[Found]:
        found = self.read("looking for batches", lambda: list(self._project(project).batches()))
        return [_found(b, size=int(b.size or 0)) for b in found if str(b.name).startswith(prefix)]

    def delete_batch(self, project: str, id: str) -> None:
        """Labelbox refuses it for a batch with labels."""

        def delete() -> None:
            for batch in self._project(project).batches():
                if batch.uid == id:
                    batch.delete()

        self.read("deleting an unfinished batch", delete)

    # --------------------------------------------------------------------------------------------------------- jobs

    def _import(self, mode: str) -> Any:
        return self._sdk.LabelImport if mode == "labels" else self._sdk.MALPredictionImport

    def job(self, mode: str, project: str, name: str) -> JobState | None:
        """The import job of that name, or None."""

        def ask() -> Any:
            try:
                return self._import(mode).from_name(self._client, project, name)
            except self._errors.ResourceNotFoundError:
                return None
            except (TypeError, AttributeError):  # an answer of null
                return None

        found = self.read("asking for an import job", ask)
        return None if found is None else _job(found)

    def create_job(self, mode: str, project: str, name: str, path: str) -> JobState:
        return _job(self._import(mode).create_from_file(self._client, project, name, path))


_ROW = "id externalId rowData"
_SIGN = (
    "mutation setSignerForDatasetPyApi($signerId: ID!, $datasetId: ID!) "
    "{setSignerForDataset(data: {signerId: $signerId}, where: {id: $datasetId}) {id}}"
)
_SIGNED = "mutation validateDatasetPyApi($id: ID!) {validateDataset(where: {id: $id}) {valid checks {name success}}}"


def _found(one: Any, size: int = 0, media_type: str = "", content: Any = None) -> Found:
    created = getattr(one, "created_at", None)
    return Found(
        str(one.uid),
        str(getattr(one, "name", "") or ""),
        str(getattr(one, "description", "") or ""),
        str(created or ""),
        size,
        media_type,
        content,
    )


def _job(found: Any) -> JobState:
    progress = re.match(r"\d+", str(found.progress or ""))
    percent = min(100, int(progress.group())) if progress else 0
    return JobState(str(found.uid), found.state.value, percent, found.status_file_url or "", found.input_file_url or "")


def _json(value: Any) -> Any:
    """``normalized`` is an object; as a text it is decoded."""
    import msgspec

    return msgspec.json.decode(value) if isinstance(value, str | bytes) else value
