"""Servers on this machine that stand for the cloud: an S3 (moto), and one of plain web pages that counts what it sends."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


# ------------------------------------------------------------------------------ other clouds, where they are installed


class Store:
    """A container of another cloud, reached as fsspec reaches it."""

    def __init__(self, scheme: str, filesystem: Any) -> None:
        self.scheme, self._filesystem = scheme, filesystem

    def put(self, folder: Path, prefix: str) -> str:
        """The files below a folder, or one file; its address."""
        for file in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            if file.is_file():
                name = f"{prefix}/{file.relative_to(folder).as_posix()}" if folder.is_dir() else prefix
                self._filesystem.pipe(f"{BUCKET}/{name}", file.read_bytes())
        return f"{self.scheme}://{BUCKET}/{prefix}"

    def delete(self, name: str) -> None:
        self._filesystem.rm_file(f"{BUCKET}/{name}")


@contextmanager
def gs_store() -> Iterator[Store]:
    """Google's storage by gcp-storage-emulator [PyPI]; skips where that or gcsfs is not installed."""
    emulator = pytest.importorskip("gcp_storage_emulator.server")
    os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"  # read once; it asks what the emulator does not have
    pytest.importorskip("gcsfs")
    import fsspec

    port = free_port()
    server = emulator.create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
        patch.setenv("FSSPEC_GS_TOKEN", "anon")
        fsspec.get_filesystem_class("gs").clear_instance_cache()
        try:
            yield Store("gs", fsspec.filesystem("gs", token="anon"))
        finally:
            server.stop()


@contextmanager
def az_store() -> Iterator[Store]:
    """Azure's by Azurite [npm]; skips where `azurite-blob` or adlfs is not installed."""
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite-blob is not installed")
    pytest.importorskip("adlfs")
    import fsspec

    port = free_port()
    command = [program, "--silent", "--inMemoryPersistence", "--skipApiVersionCheck", "--blobPort", str(port)]
    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Azurite's own
    address = f"http://127.0.0.1:{port}/devstoreaccount1"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server, pytest.MonkeyPatch.context() as patch:
        known = f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={key};BlobEndpoint={address};"
        patch.setenv("AZURE_STORAGE_CONNECTION_STRING", known)
        fsspec.get_filesystem_class("abfs").clear_instance_cache()
        try:
            until_open(port)
            filesystem = fsspec.filesystem("abfs")
            filesystem.mkdir(BUCKET)
            yield Store("az", filesystem)
        finally:
            server.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_open(port: int) -> None:
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens at port {port}")
