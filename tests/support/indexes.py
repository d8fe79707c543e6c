"""Package indexes for tests: a folder of wheels, and a server with authentication."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from packager.digest import sha256_file
from packager.environment.index import IndexOptions, index_options

UNTOUCHED = {"PATH": "/usr/bin:/bin", "UV_NO_CONFIG": "1", "HOME": "/nonexistent"}


def folder_index(folder: Path) -> IndexOptions:
    """Only the wheels of ``folder``, without this machine's configuration."""
    cache = str(folder.parent / "uv-cache")
    return index_options(
        {"no-index": "true", "find-links": str(folder)}, {**UNTOUCHED, "UV_CACHE_DIR": cache}
    )


@contextmanager
def private_index(wheel: Path, user: str, password: str) -> Iterator[str]:
    """``host:port`` of an index with ``wheel``, which requires a user and password."""
    expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    project = wheel.name.split("-")[0]
    link = f'<a href="/files/{wheel.name}#sha256={sha256_file(wheel)}">{wheel.name}</a>'
    pages = {
        f"/simple/{project}/": ("text/html", link.encode()),
        f"/files/{wheel.name}": ("application/octet-stream", wheel.read_bytes()),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, content = pages.get(self.path, ("text/plain", b""))
            known = self.headers.get("Authorization") == expected
            self.send_response((200 if self.path in pages else 404) if known else 401)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content) if known else 0))
            self.end_headers()
            if known and self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
