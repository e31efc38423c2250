"""Servers on this machine that stand for the cloud: an S3 (moto), and one of plain web pages that counts what it sends."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

BUCKET = "bucket"


class S3:
    """A bucket to put folders into."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def put(self, folder: Path, prefix: str) -> str:
        """The files below a folder, or one file; its address."""
        for file in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            if file.is_file():
                key = f"{prefix}/{file.relative_to(folder).as_posix()}" if folder.is_dir() else prefix
                self.write(key, file.read_bytes())
        return f"s3://{BUCKET}/{prefix}"

    def write(self, key: str, data: bytes) -> None:
        self._client.put_object(Bucket=BUCKET, Key=key, Body=data)

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket=BUCKET, Key=key)


@contextmanager
def s3_server() -> Iterator[S3]:
    """With what fsspec and botocore need in the environment to find it."""
    import boto3
    import fsspec
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        try:
            yield S3(client)
        finally:
            server.stop()


class Web(http.server.ThreadingHTTPServer):
    """Serves a folder; ``asked`` are the paths of requests with the bytes that were asked for, None for all."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[tuple[str, str | None]] = []
        super().__init__(("127.0.0.1", 0), functools.partial(_Handler, directory=os.fspath(folder)))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.SimpleHTTPRequestHandler):
    """As the standard library's, with ranges, which it does not know."""

    server: Web

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range")))
        path = Path(self.translate_path(self.path.partition("?")[0]))
        wanted = self.headers.get("Range")
        if wanted is None or not path.is_file():
            super().do_GET()
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        data = path.read_bytes()
        part = data[int(first) : int(last) + 1 if last else None]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def web_server(folder: Path) -> Iterator[Web]:
    with Web(folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
