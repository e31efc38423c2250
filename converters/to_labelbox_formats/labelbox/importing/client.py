"""Labelbox through the official SDK: the only file that knows it. Everything given is plain data.

The SDK [7.17.0, read and run] repeats creating calls by itself after a 5xx and after a time-out, does not repeat anything
after a 429 or a lost connection, and has a dozen classes of errors. Here none is repeated behind our back: an answer that
does not come is one exception, :class:`Unanswered`, after which the caller looks whether the call has had its effect.
The key is in no text that leaves this file.
"""

from __future__ import annotations

import logging
import re
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from to_labelbox.model.text import display
from to_labelbox.report.errors import NotAllowedError, RefusedError, ToLabelboxError, UnavailableError, UsageError

T = TypeVar("T")

ENDPOINT = "https://api.labelbox.com/graphql"
APP = "https://app.labelbox.com"
EXTRA = 'the import needs the official SDK: pip install "to-labelbox[labelbox]" (the SDK takes Python up to 3.13)'
PAUSES = (2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds before a call is made again that had no answer."""
LONGEST_WAIT = 900
"""Seconds that a 429 may ask to wait; after that the user is asked to come again."""
KEYS_A_LOOKUP = 20_000
"""Global keys of one question [what Labelbox's own labelbase asks at once]."""
LOOKUP_SECONDS = 600
TEXT_SHOWN = 200

_METHOD = "Client:import"
"""What the SDK tells the service of its caller; without it, it reads the source of the whole stack for each request."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_OBJECT = re.compile(r"<?[\w.]+ object at 0x[0-9a-f]+>?:? ?")
_TAG = re.compile(r"<[^>]*>")


class Unanswered(Exception):
    """No answer, or one that says nothing: the call may have had its effect or not."""


class NotFound(Exception):
    """The service has no such object, or not any more."""


class Expired(Exception):
    """A link to results that is no longer good."""


class Found(Struct, frozen=True):
    """An object of the service; ``size`` are a dataset's or batch's rows."""

    id: str
    name: str = ""
    description: str = ""
    created: str = ""
    size: int = 0
    media_type: str = ""
    content: Any = None


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


def check_endpoint(endpoint: str) -> str:
    """The endpoint, if a key may be sent there. Raises :class:`UsageError`."""
    parts = urlsplit(endpoint)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise UsageError(f"--endpoint {endpoint}: the key is sent over https only")
    if parts.scheme not in ("http", "https") or not parts.hostname or not parts.path.endswith("/graphql"):
        raise UsageError(f"--endpoint {endpoint}: want https://HOST/graphql")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError("--endpoint: want https://HOST/graphql, without a name, a password or a query in it")
    return endpoint


def check_installed() -> None:
    """Raises :class:`UsageError` that says how to install the SDK, without importing it."""
    from importlib.util import find_spec

    if find_spec("labelbox") is None or find_spec("lbox") is None:
        raise UsageError(EXTRA)


@contextmanager
def quiet_sdk() -> Iterator[None]:
    """The SDK logs whole payloads, and warns of what the caller handles: neither is for the user."""
    loggers = [logging.getLogger(name) for name in ("labelbox", "lbox", "google", "urllib3")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)


class Labelbox:
    """One user's connection. Raises :class:`~to_labelbox.ToLabelboxError` where the user must act."""

    def __init__(self, key: str, endpoint: str, threads: int, tell: Callable[[str], None]) -> None:
        check_installed()
        try:
            import labelbox
            import requests
            from google.api_core.exceptions import RetryError
            from lbox import exceptions
        except ImportError as error:
            raise UsageError(f"{EXTRA}: {error}") from None
        self._sdk, self._requests, self._errors, self._retry_error = labelbox, requests, exceptions, RetryError
        self._key, self._tell = key, tell
        rest = endpoint.removesuffix("/graphql") + "/api/v1"
        self.endpoint, self.host = endpoint, urlsplit(endpoint).netloc
        self._client = labelbox.Client(key, endpoint=endpoint, rest_endpoint=rest)
        self._client.connection.mount(f"{urlsplit(endpoint).scheme}://{self.host}/", _adapter(threads, self._wait_told))
        self._known: dict[str, Any] = {}

    def close(self) -> None:
        """Close the connections."""
        self._client.connection.close()
        self._client._adv_client.session.close()

    # ------------------------------------------------------------------------------------------- calls and errors

    def clean(self, text: object) -> str:
        """A text of the service as it may be shown: without the key, markup, or characters that a terminal obeys."""
        told = str(text).replace(self._key, "***")
        if "<html" in told.lower() or "<!doctype" in told.lower():
            told = " ".join(_TAG.sub(" ", told).split())[:TEXT_SHOWN]
        return display(" ".join(told.split()))[:2000]

    def _lost(self, error: object) -> str:
        """Why there is no answer: the innermost reason, which has no address and no object in it."""
        inner = error.args[0] if isinstance(error, Exception) and error.args else error
        reason = getattr(inner, "reason", inner)
        told = self.clean(reason)
        if "Connection aborted" in told:
            return "the connection was lost"
        return _OBJECT.sub("", told)[:TEXT_SHOWN]

    def _wait_told(self, seconds: float) -> None:
        self._tell(f"Labelbox asks to wait {seconds:.0f} s")

    def call(self, step: str, function: Callable[[], T]) -> T:
        """One call, its errors translated. Raises :class:`Unanswered` and :class:`NotFound` for the caller."""
        errors = self._errors
        self._client.set_sdk_method(_METHOD)
        try:
            return function()
        except (Unanswered, NotFound, Expired, UsageError, RefusedError, NotAllowedError, UnavailableError):
            raise
        except errors.ResourceNotFoundError as error:
            raise NotFound(self.clean(error)) from None
        except errors.AuthenticationError:
            raise NotAllowedError(_BAD_KEY) from None
        except (errors.AuthorizationError, errors.OperationNotAllowedException) as error:
            raise NotAllowedError(f"{step}: Labelbox does not allow it: {self.clean(error)}") from None
        except errors.ProcessingWaitTimeout:
            raise UnavailableError(f"{step}: Labelbox has not processed the rows in an hour") from None
        except errors.NetworkError as error:
            raise Unanswered(self._lost(error.cause)) from None
        except (errors.TimeoutError, errors.InternalServerError, self._retry_error) as error:
            raise Unanswered(self.clean(error)) from None
        except (TimeoutError, self._requests.exceptions.RequestException) as error:
            raise Unanswered(self._lost(error)) from None
        except errors.ApiLimitError as error:
            raise UnavailableError(f"{step}: {self.clean(error)}") from None
        except errors.LabelboxError as error:
            if isinstance(error.cause, ToLabelboxError):  # ours, which the SDK has wrapped
                raise error.cause from None
            raise self._other(step, self.clean(error)) from None
        except (errors.MalformedQueryException, ValueError) as error:
            raise RefusedError(f"{step}: refused: {self.clean(error)}") from None
        except (KeyError, AttributeError, TypeError, StopIteration, RuntimeError) as error:
            what = f"{type(error).__name__} {self.clean(error)}"
            refused = RefusedError(
                f"{step}: Labelbox's answer has a form that the SDK does not know ({what}); "
                "an object that was deleted meanwhile does that too"
            )
            refused.trace = tuple(map(self.clean, traceback.format_exc().splitlines()))
            raise refused from None

    def _other(self, step: str, told: str) -> Exception:
        if told.startswith("401"):
            return NotAllowedError(f"{_BAD_KEY} ({told})")
        if told.startswith("403"):
            return NotAllowedError(f"{step}: Labelbox does not allow it: {told}")
        if told.startswith("429") or "429 Too Many" in told:
            return UnavailableError(f"{step}: Labelbox limits the requests a minute: {told}")
        return RefusedError(f"{step}: refused: {told}")

    def read(self, step: str, function: Callable[[], T]) -> T:
        """A call without effect: made again when there is no answer. Raises :class:`UnavailableError` at last."""
        for pause in (*PAUSES, None):
            try:
                return self.call(step, function)
            except Unanswered as error:
                self._pause(step, pause, error)
        raise AssertionError

    def _pause(self, step: str, pause: float | None, error: Unanswered) -> None:
        if pause is None:
            raise UnavailableError(f"{step}: no answer from {self.host}: {error}") from None
        self._tell(f"{step}: no answer ({error}); asking again in {pause:.0f} s")
        time.sleep(pause)

    def ensure(self, step: str, find: Callable[[], list[Found]], make: Callable[[], Found]) -> list[Found]:
        """What ``find`` finds, made if it finds nothing: looked for before, after, and after any error.

        The oldest is first; others are left over from calls whose answer was lost.
        """
        for pause in (*PAUSES, None):
            if found := sorted(find(), key=lambda f: (f.created, f.id)):
                return found
            try:
                made = self.call(step, make)
            except Unanswered as error:
                self._pause(step, pause, error)
                continue
            except (RefusedError, NotAllowedError, NotFound):
                if found := sorted(find(), key=lambda f: (f.created, f.id)):  # refused, as it is there already
                    return found
                raise
            return sorted(find(), key=lambda f: (f.created, f.id)) or [made]
        raise AssertionError

    # ----------------------------------------------------------------------------------------------- who, and what

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

    def download(self, url: str) -> Iterator[bytes]:
        """The lines of a result file, without the key in them. Raises :class:`Expired`, :class:`Unanswered`."""
        requests = self._requests
        try:
            with requests.get(url, stream=True, timeout=(30, 120)) as answer:
                if answer.status_code in (403, 404, 410):
                    raise Expired(f"{answer.status_code}")
                if answer.status_code != 200:
                    raise Unanswered(f"{answer.status_code} for the results")
                rest = b""
                for piece in answer.iter_content(1 << 16):
                    *lines, rest = (rest + piece).split(b"\n")  # no other line end: texts may hold U+2028
                    yield from (line.replace(self._key.encode(), b"***") for line in lines)
                if rest:
                    yield rest.replace(self._key.encode(), b"***")
        except requests.exceptions.RequestException as error:
            raise Unanswered(self.clean(type(error).__name__)) from None


_SIGN = (
    "mutation setSignerForDatasetPyApi($signerId: ID!, $datasetId: ID!) "
    "{setSignerForDataset(data: {signerId: $signerId}, where: {id: $datasetId}) {id}}"
)
_SIGNED = "mutation validateDatasetPyApi($id: ID!) {validateDataset(where: {id: $id}) {valid checks {name success}}}"
_BAD_KEY = "the key is not accepted: make one under https://app.labelbox.com/workspace-settings/api-keys and set LABELBOX_API_KEY"


def _adapter(threads: int, told: Callable[[float], None]) -> Any:
    """Waits as a 429 asks; everything else that is no answer becomes one kind of error, which the SDK does not repeat."""
    from requests.adapters import HTTPAdapter
    from requests.exceptions import ConnectionError, Timeout
    from urllib3.util.retry import Retry

    class Waiting(Retry):
        def sleep_for_retry(self, response: Any) -> bool:
            seconds = self.get_retry_after(response)
            if seconds:
                if seconds > LONGEST_WAIT:
                    raise UnavailableError(f"Labelbox asks to wait {seconds:,.0f} s: run the same command again then")
                told(seconds)
            return super().sleep_for_retry(response)

    class Adapter(HTTPAdapter):
        def send(self, request: Any, *arguments: Any, **named: Any) -> Any:
            try:
                answer = super().send(request, *arguments, **named)
            except Timeout as error:
                raise ConnectionError(f"no answer in time: {type(error).__name__}") from None
            if answer.status_code >= 500:
                raise ConnectionError(f"{answer.status_code} {answer.reason}")
            return answer

    # POST is not repeated unless it is said; a 429 was not acted on, so that it can be
    retry = Waiting(
        total=8,
        connect=3,
        read=0,
        status=8,
        other=0,
        backoff_factor=1,
        status_forcelist=[429],
        allowed_methods=None,
        respect_retry_after_header=True,
        raise_on_status=False,
    )
    return Adapter(pool_maxsize=max(10, threads + 2), max_retries=retry)


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
