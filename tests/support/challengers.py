"""Servers that take a challenger's place: right, wrong, slow, silent or broken."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Rows = list[dict[str, Any]]
Answer = Callable[[Rows], Any]
"""Rows → the document of the answer; bytes are sent as they are, an integer is a status."""


@dataclass
class Challenger:
    """A running server and what it was sent."""

    url: str
    requests: list[tuple[Mapping[str, str], Rows]] = field(default_factory=list)

    @property
    def rows(self) -> Rows:
        """Every row that it was sent."""
        return [row for _, rows in self.requests for row in rows]


def predicting(label: Callable[[dict[str, Any]], Any], version: str = "challenger1") -> Answer:
    """Answers each row with ``label`` of it."""
    return lambda rows: {
        "version": version,
        "predictions": [{"prediction": label(row), "flags": []} for row in rows],
    }


@contextmanager
def challenger(answer: Answer, port: int = 0) -> Iterator[Challenger]:
    """An HTTP server on this port of 127.0.0.1; 0: on a free one."""
    found = Challenger("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            rows = json.loads(self.rfile.read(int(self.headers["content-length"])))["rows"]
            found.requests.append((dict(self.headers), rows))
            document = answer(rows)
            status = document if isinstance(document, int) else 200
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def raw_server(sent: bytes, pause: float = 0.0) -> Iterator[str]:
    """A server that sends bytes, one at a time with ``pause``, whatever it is asked; its URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    ending = threading.Event()

    def serve() -> None:
        while not ending.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    def talk(connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(1 << 16)
                if not pause:
                    connection.sendall(sent)
                    return
                for at in range(len(sent)):
                    connection.sendall(sent[at : at + 1])
                    if ending.wait(pause):
                        return
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        ending.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def wait_for(value: Callable[[], float], wanted: float, seconds: float = 30.0) -> float:
    """The value once it is at least ``wanted``, or after ``seconds``."""
    until = time.monotonic() + seconds
    while (found := value()) < wanted and time.monotonic() < until:
        time.sleep(0.1)
    return found
