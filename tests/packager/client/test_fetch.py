"""Answers that are read whole, with bounds, keep the attributes of ``requests``."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from packager.client.fetch import UNCOMPRESSED, UnboundedError, fetch

BODY = '{"größe": 1}'.encode()


class Handler(BaseHTTPRequestHandler):
    """Answers 418 with ``BODY``."""

    def do_GET(self) -> None:
        self.send_response(418, "A Teapot")
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        """Nothing is said."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    ).start()
    yield f"http://127.0.0.1:{server.server_port}/a?b=1"
    server.shutdown()
    server.server_close()


def test_a_whole_answer_is_the_one_that_requests_would_give(url: str) -> None:
    plain = requests.get(url, timeout=60)
    whole = fetch(lambda: requests.get(url, headers=UNCOMPRESSED, stream=True, timeout=60), 100)
    assert whole.content == plain.content == BODY
    assert whole.content == BODY
    assert whole.json() == plain.json()
    assert (whole.text, whole.encoding) == (plain.text, plain.encoding)
    assert (whole.status_code, whole.reason, whole.url) == (418, "A Teapot", url)
    assert whole.headers["Content-Type"] == plain.headers["Content-Type"]
    with pytest.raises(requests.HTTPError, match="418 Client Error: A Teapot"):
        whole.raise_for_status()


def test_a_larger_answer_is_refused(url: str) -> None:
    with pytest.raises(UnboundedError, match="got a larger one"):
        fetch(lambda: requests.get(url, stream=True, headers=UNCOMPRESSED, timeout=60), 5)
