"""An S3 server on this machine that notes what it is asked and fails where it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

_REFUSAL = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>told to fail</Message></Error>"


@dataclass(frozen=True)
class Request:
    """One request and what was sent in answer."""

    method: str
    key: str
    """Bucket and name."""
    range: str | None
    sent: int
    """Bytes of the answer's body."""


@dataclass
class S3:
    """The server, as the tests see it."""

    url: str
    client: Any
    """A boto3 client of it, whose own requests are noted too."""
    requests: list[Request] = field(default_factory=list)
    fails: Callable[[str, str], bool] = lambda method, key: False
    """Whether a request of this method for this key, with its query, gets an error."""
    status: str = "500 InternalError"
    """The error."""

    def put(self, url: str, data: bytes) -> str:
        """Put an object at an s3:// URL."""
        bucket, _, key = url.removeprefix("s3://").partition("/")
        self.client.put_object(Bucket=bucket, Key=key, Body=data)
        return url

    def put_folder(self, folder: Path, url: str) -> None:
        """Put the files of a folder under a URL."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.put(f"{url}/{path.relative_to(folder).as_posix()}", path.read_bytes())

    def objects(self, url: str) -> dict[str, bytes]:
        """Name below the URL to contents of the objects there."""
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        prefix = f"{prefix}/" if prefix else ""
        found = self.client.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return {
            item["Key"].removeprefix(prefix): self.client.get_object(
                Bucket=bucket, Key=item["Key"]
            )["Body"].read()
            for item in found
        }

    def sent(self, url: str) -> int:
        """Bytes of an object that were sent so far."""
        key = url.removeprefix("s3://")
        return sum(one.sent for one in self.requests if one.key == key and one.method == "GET")


class _Noting:
    """Wraps the server's application."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.s3: S3 | None = None
        self.lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, key = environ["REQUEST_METHOD"], environ["PATH_INFO"].strip("/")
        assert self.s3 is not None
        query = environ.get("QUERY_STRING")
        if self.s3.fails(method, f"{key}?{query}" if query else key):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0) // 2)
            start_response(self.s3.status, [("Content-Type", "text/xml"), ("Connection", "close")])
            return [_REFUSAL % self.s3.status.split()[1].encode()]
        # One at a time: moto's server changes and lists the same dictionaries without a lock.
        with self.lock:
            body = b"".join(self.application(environ, start_response))
        sent = 0 if method == "HEAD" else len(body)
        self.s3.requests.append(Request(method, key, environ.get("HTTP_RANGE"), sent))
        return [body]


def serve() -> Iterator[S3]:
    """A server on the loopback."""
    noting = _Noting(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, noting, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="tests",
        aws_secret_access_key="tests",
    )
    noting.s3 = S3(url, client)
    yield noting.s3
    server.shutdown()
    thread.join()
    server.server_close()
