"""Servers with the routes that a gate asks, whose model a test chooses."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class SmallServer:
    """The answers of a server."""

    predict: Callable[[dict[str, Any]], tuple[int, Any]]
    """Row → status, and the prediction or the message of an error."""
    documents: dict[str, Any] = field(default_factory=dict)
    ready: bool = True
    asked: int = 0
    keys: set[str] = field(default_factory=set)
    """Keys that came with requests."""

    def answer(self, path: str, body: Any) -> tuple[int, Any]:
        if path == "/readyz":
            return (200, {}) if self.ready else (503, {"error": {"message": "starting"}})
        if path == "/predict":
            self.asked += 1
            found = [self.predict(row) for row in body["rows"]]
            bad = next((one for one in found if one[0] != 200), None)
            if bad is not None:
                return bad[0], {"error": {"message": bad[1]}}
            return 200, {"predictions": [{"prediction": one} for _, one in found]}
        return (200, self.documents[path]) if path in self.documents else (404, {})


@contextmanager
def small_server(server: SmallServer) -> Iterator[str]:
    """The address of a server on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._send(server.answer(self.path, None))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.keys.add(self.headers.get("Authorization", ""))
            self._send(server.answer(self.path, json.loads(body)))

        def _send(self, answer: tuple[int, Any]) -> None:
            content = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_address[1]}"
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
