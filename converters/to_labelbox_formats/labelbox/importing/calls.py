"""Calls to Labelbox through the official SDK: what is asked again, what is translated, what is never shown.

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from to_labelbox.model.text import display
from to_labelbox.report.errors import NotAllowedError, RefusedError, ToLabelboxError, UnavailableError, UsageError
from to_labelbox.report.plain_words import said_plainly

T = TypeVar("T")

ENDPOINT = "https://api.labelbox.com/graphql"
EXTRA = 'the import needs the official SDK: pip install "to-labelbox[labelbox]" (the SDK takes Python up to 3.13)'
PAUSES = (2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds before a call is made again that had no answer."""
LONGEST_WAIT = 900
"""Seconds that a 429 may ask to wait; after that the user is asked to come again."""
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


def looks() -> Iterator[None]:
    """Looks at something that takes its time: the first at once, each further one after a longer pause, up to 30 seconds."""
    pause = 2.0
    while True:
        yield
        time.sleep(pause)
        pause = min(pause * 1.5, 30.0)


class Found(Struct, frozen=True):
    """An object of the service; ``size`` are a dataset's or batch's rows."""

    id: str
    name: str = ""
    description: str = ""
    created: str = ""
    size: int = 0
    media_type: str = ""
    content: Any = None


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


class Calls:
    """One user's calls. Raises :class:`~to_labelbox.ToLabelboxError` where the user must act."""

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
        self._adapter = _adapter(threads, self._wait_told)
        self._client.connection.mount(f"{urlsplit(endpoint).scheme}://{self.host}/", self._adapter)

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
        return said_plainly(_OBJECT.sub("", told)[:TEXT_SHOWN])

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
        """A call without effect: made again when there is no answer. Raises :class:`UnavailableError` at last.

        A host that has never answered is asked once more: likely its address is wrong, or the network is not there.
        """
        for pause in (*PAUSES, None):
            try:
                return self.call(step, function)
            except Unanswered as error:
                silent = pause != PAUSES[0] and not self._adapter.answered
                self._pause(step, None if silent else pause, error)
        raise AssertionError

    def _pause(self, step: str, pause: float | None, error: Unanswered) -> None:
        if pause is None:
            hint = "" if self._adapter.answered else "; is the network there, and --endpoint right?"
            raise UnavailableError(f"{step}: no answer from {self.host}: {error}{hint}") from None
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
        answered = False

        def send(self, request: Any, *arguments: Any, **named: Any) -> Any:
            try:
                answer = super().send(request, *arguments, **named)
            except Timeout as error:
                raise ConnectionError(f"no answer in time: {type(error).__name__}") from None
            self.answered, self.max_retries = True, retry
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
    # a connection that is refused before the first answer is not tried again here
    return Adapter(pool_maxsize=max(10, threads + 2), max_retries=retry.new(connect=0))
