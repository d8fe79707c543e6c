"""Whether the local server is ready, for an image's HEALTHCHECK."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from serving_helpers import free_port

from serving.health import ready


@contextmanager
def answering(status: int) -> Iterator[str]:
    """The port of a server whose every answer has this status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    ).start()
    try:
        yield str(server.server_port)
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "is_ready"), [(200, True), (503, False), (500, False)])
@pytest.mark.parametrize("host", [None, "0.0.0.0", "127.0.0.1"])
def test_only_200_is_ready_wherever_the_server_listens(status, is_ready, host):
    with answering(status) as port:
        environment = {"MODEL_PORT": port, **({"MODEL_HOST": host} if host else {})}
        assert ready(environment) is is_ready


def test_where_nobody_listens_nothing_is_ready():
    assert not ready({"MODEL_PORT": str(free_port()), "MODEL_HOST": "127.0.0.1"})
    assert not ready({"MODEL_PORT": str(free_port()), "MODEL_HOST": "::"})
