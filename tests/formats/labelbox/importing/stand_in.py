"""A stand-in for Labelbox's service on loopback: what the unmodified SDK 7.17 sends is understood, kept, and answered.

It does in memory what the calls of an import do: unique global keys, tasks and jobs that take some polls, statuses one a
line. ``Fault`` makes any request go wrong, before or after its effect. Nothing of it stems from the importer.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from formats.labelbox.importing.effects import Refused, Service
from formats.labelbox.importing.job_effects import JobEffects

KEY = "lb-test-key-3f9c1d77a2"
_OPERATION = re.compile(r"\b(query|mutation)\s+(\w+)")


@dataclass
class Fault:
    """The ``nth`` request of an operation (a part of its name) goes wrong in one way, ``times`` in a row.

    ``how``: ``502``, ``502-after``, ``drop``, ``drop-after``, ``429``, ``429-long``, ``400``, ``401``, ``413``, ``null``, ``odd``, ``forbidden``.
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


class StandIn(JobEffects):
    """Runs while it is entered.

    ``on_request(number, operation, phase)`` hears ``before`` and ``after`` each effect; True drops the connection there.
    """

    def __init__(self, service: Service | None = None) -> None:
        super().__init__()
        self.service = service or Service()
        self.faults: list[Fault] = []
        self.on_request: Callable[[int, str, str], bool] = lambda number, operation, phase: False
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
        elif how == "429-long":
            self._send(handler, 429, b'{"message": "You have exceeded the limit"}', {"Retry-After": "86400"})
        elif how == "400":
            status = {"code": "INTERNAL_SERVER_ERROR", "exception": {"status": 422}}
            error = {"message": "data rows are in the project already", "extensions": status}
            self._send(handler, 200, json.dumps({"errors": [error]}).encode())
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
