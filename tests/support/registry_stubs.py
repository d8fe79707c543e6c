"""Registries that a test scripts, and a proxy that counts bytes and cuts connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext


@dataclass
class StubRequest:
    """A request to a stub."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass
class StubAnswer:
    """The answer of a stub."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    cut_at: int | None = None
    """Bytes of the content after which the connection ends."""


Script = Callable[[StubRequest], StubAnswer]


@dataclass
class Stub:
    """A running stub."""

    host: str
    requests: list[StubRequest] = field(default_factory=list)


@contextmanager
def stub(script: Script, certificates: Path | None = None) -> Iterator[Stub]:
    """A server on 127.0.0.1; with ``certificates`` (server.crt, server.key) it has TLS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked = StubRequest(self.command, self.path, self.headers, self.rfile.read(length))
            found.requests.append(asked)
            told = script(asked)
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in told.headers:
                self.send_header("Content-Length", str(len(told.content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(told.content[: told.cut_at])
            if told.cut_at is not None:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    for verb in ("GET", "HEAD", "POST", "PUT", "PATCH"):
        setattr(Handler, f"do_{verb}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificates is not None:
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    found = Stub(f"127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class CuttingProxy:
    """A running proxy."""

    host: str
    left: float = float("inf")
    """Bytes that still pass to the registry; then all connections end, and no new one works."""
    passed: int = 0
    """Bytes that have passed to the registry."""
    answers_left: float = float("inf")
    """As ``left``, of the registry's answers."""
    answered: int = 0
    """Bytes of the registry's answers."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def takes(self, count: int) -> int:
        """How many of ``count`` bytes pass."""
        with self._lock:
            taken = int(min(count, self.left))
            self.left -= taken
            self.passed += taken
        return taken

    def gives(self, count: int) -> int:
        """How many of ``count`` bytes of an answer pass."""
        with self._lock:
            given = int(min(count, self.answers_left))
            self.answers_left -= given
            self.answered += given
        return given


@contextmanager
def cutting_proxy(to: str) -> Iterator[CuttingProxy]:
    """A TCP proxy to the registry at ``to`` (HOST:PORT)."""
    name, _, port = to.rpartition(":")
    server = socket.create_server(("127.0.0.1", 0))
    proxy = CuttingProxy(f"127.0.0.1:{server.getsockname()[1]}")

    def back(client: socket.socket, behind: socket.socket) -> None:
        try:
            while received := behind.recv(65_536):
                count = proxy.gives(len(received))
                client.sendall(received[:count])
                if count < len(received):
                    break
        except OSError:
            pass
        finally:
            _close(client)

    def serve(client: socket.socket) -> None:
        behind = socket.create_connection((name, int(port)))
        threading.Thread(target=back, args=(client, behind), daemon=True).start()
        try:
            while received := client.recv(65_536):
                count = proxy.takes(len(received))
                behind.sendall(received[:count])
                if count < len(received):
                    break
        except OSError:
            pass
        finally:
            _close(behind)
            _close(client)

    def accept() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
