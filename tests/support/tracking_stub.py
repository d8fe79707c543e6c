"""A tracking server on 127.0.0.1 whose answers a test writes; it records what it was asked."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from packager.client.tracking_server import API, ARTIFACTS

NONE = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such thing"}


class TrackingStub:
    """``documents``: path below the API, with its query → document; ``files``: artifact → bytes."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {}
        self.files: dict[str, bytes] = {}
        self.sizes: dict[str, int] = {}
        """Sizes that the list tells in place of the true ones."""
        self.raw: dict[str, tuple[int, bytes]] = {}
        """Path → status and body, whatever else it would be."""
        self.asked: list[str] = []
        self.logins: list[str | None] = []
        self.url = ""

    def answer(self, target: str) -> tuple[int, bytes]:
        parts = urlsplit(target)
        path, query = unquote(parts.path), dict(parse_qsl(parts.query))
        if path in self.raw:
            return self.raw[path]
        if path == ARTIFACTS:
            return 200, json.dumps({"files": self.listed(query["path"])}).encode()
        if path.startswith(ARTIFACTS):
            found = self.files.get(path.removeprefix(ARTIFACTS).lstrip("/"))
            return (404, b"{}") if found is None else (200, found)
        name = path.removeprefix(API).lstrip("/") + "".join(f" {value}" for value in query.values())
        known = name in self.documents
        return 200 if known else 404, json.dumps(self.documents.get(name, NONE)).encode()

    def listed(self, folder: str) -> list[dict[str, Any]]:
        """As MLflow lists the entries of a folder: by their names."""
        below = [name for name in self.files if name.startswith(f"{folder}/")]
        found: dict[str, dict[str, Any]] = {}
        for name in below:
            first, _, rest = name.removeprefix(f"{folder}/").partition("/")
            size = self.sizes.get(name, len(self.files[name]))
            found[first] = {"path": first, "is_dir": bool(rest)}
            found[first] |= {} if rest else {"file_size": size}
        return list(found.values())


@contextmanager
def tracking_stub() -> Iterator[TrackingStub]:
    """The stub, which answers within the block."""
    stub = TrackingStub()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stub.asked.append(self.path)
            stub.logins.append(self.headers.get("Authorization"))
            status, body = stub.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
