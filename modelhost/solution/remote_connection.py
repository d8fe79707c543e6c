"""Connections to the server of a member, kept open between requests."""

from __future__ import annotations

import threading
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any

from modelhost.solution.member_urls import MemberUrl

LONGEST_SECONDS = 60.0
"""Seconds that a request without a deadline may take."""
MAX_ANSWER_BYTES = 1 << 30
_CHUNK = 1 << 18
_STALE = (BrokenPipeError, ConnectionResetError, ConnectionAbortedError)
"""Errors of a connection that the server has closed since its last answer."""


class RemoteError(Exception):
    """No answer came; the text is the end of a sentence that begins with the member's name."""


class RemoteTimeoutError(RemoteError):
    """No answer came in time."""


class Connections:
    """Idle connections to one server; each request takes one, or opens another."""

    def __init__(self, url: MemberUrl) -> None:
        self._url = url
        self._idle: list[HTTPConnection] = []
        self._lock = threading.Lock()

    def send(self, body: bytes, until: float | None) -> RemoteRequest:
        """Send a request for predictions; raises ``RemoteError``."""
        end = time.monotonic() + LONGEST_SECONDS if until is None else until
        return RemoteRequest(self, body, end)

    def get(self, path: str, seconds: float) -> tuple[int, bytes]:
        """Status and body of the answer to ``GET path``; raises ``RemoteError``."""
        connection = self.opened(time.monotonic() + seconds)
        try:
            connection.request("GET", self._url.path + path)
            response = connection.getresponse()
            return response.status, response.read(_CHUNK)
        except (OSError, HTTPException) as error:
            raise self.failed(error) from error
        finally:
            connection.close()

    def post(self, connection: HTTPConnection, body: bytes) -> None:
        """Send a request on this connection; raises ``OSError`` and ``HTTPException``."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        connection.request("POST", f"{self._url.path}/predict", body, headers)

    def idle(self) -> HTTPConnection | None:
        """A connection that has served a request before."""
        with self._lock:
            return self._idle.pop() if self._idle else None

    def keep(self, connection: HTTPConnection) -> None:
        """Keep a connection for a later request."""
        with self._lock:
            self._idle.append(connection)

    def opened(self, until: float) -> HTTPConnection:
        """A new connection, which is made with the first request."""
        kind: Any = HTTPSConnection if self._url.secure else HTTPConnection
        connection: HTTPConnection = kind(self._url.host, self._url.port, timeout=left(until))
        return connection

    def failed(self, error: Exception) -> RemoteError:
        """``error`` as the end of a sentence."""
        if isinstance(error, TimeoutError) or "timed out" in str(error):
            return RemoteTimeoutError("did not answer in time")
        detail = str(error) or type(error).__name__
        return RemoteError(f"can't be reached at {self._url}: {detail}")

    def close(self) -> None:
        """Close all idle connections."""
        while (connection := self.idle()) is not None:
            connection.close()


class RemoteRequest:
    """A request that has been sent."""

    def __init__(self, connections: Connections, body: bytes, until: float) -> None:
        self._connections = connections
        self._body = body
        self._until = until
        self._reused = connections.idle()
        self._connection = self._reused or connections.opened(until)
        self._send()

    def answer(self) -> tuple[int, bytes]:
        """Status and body; raises ``RemoteError``."""
        try:
            try:
                response = self._response()
            except _STALE:  # ``RemoteDisconnected`` is one of them
                if self._reused is None:
                    raise
                self._renew()
                response = self._response()
            body = self._read(response)
        except (OSError, HTTPException) as error:
            self.close()
            raise self._connections.failed(error) from error
        if response.will_close:
            self.close()
        else:
            self._connections.keep(self._connection)
        return response.status, body

    def close(self) -> None:
        """End the request: nobody waits for its answer."""
        self._connection.close()

    def _send(self) -> None:
        try:
            self._set_timeout()
            try:
                self._connections.post(self._connection, self._body)
            except _STALE:
                if self._reused is None:
                    raise
                self._renew()
        except (OSError, HTTPException) as error:
            self.close()
            raise self._connections.failed(error) from error

    def _renew(self) -> None:
        """Send the request again, on a new connection: the server had closed the old one."""
        self._connection.close()
        self._reused = None
        self._connection = self._connections.opened(self._until)
        self._connections.post(self._connection, self._body)

    def _response(self) -> HTTPResponse:
        self._set_timeout()
        return self._connection.getresponse()

    def _set_timeout(self) -> None:
        if self._connection.sock is not None:
            self._connection.sock.settimeout(left(self._until))

    def _read(self, response: HTTPResponse) -> bytes:
        parts, size = [], 0
        while piece := response.read1(_CHUNK):
            parts.append(piece)
            size += len(piece)
            if size > MAX_ANSWER_BYTES:
                raise HTTPException(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
            self._set_timeout()
        response.close()  # else the connection takes no further request
        return b"".join(parts)


def left(until: float) -> float:
    """Seconds until then, for a socket: zero would mean not to wait at all."""
    return max(0.001, until - time.monotonic())
