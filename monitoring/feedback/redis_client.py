"""A Redis connection with bounds on time and bytes, whose errors never contain the password.

The client library applies its timeout to each part of an answer and buffers all of it, so a slow or
endless answer would block a thread or exhaust memory. Its errors quote what was sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import quote, urlsplit

from monitoring.feedback.token_store import WAIT_SECONDS, TokenStoreError

MAX_ANSWER_BYTES = 16 << 20
"""Bytes of the answer to one command: its labels come from a request of at most that size."""
MAX_SHOWN = 200
"""Characters of an error message that are shown."""


class RedisClient:
    """Runs commands on one Redis; every failure is a ``TokenStoreError`` without the password."""

    def __init__(self, url: str) -> None:
        """Prepare for ``url`` without connecting. Raises ``TokenStoreError`` if it isn't a URL."""
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._shown = shown(url)
        self._secrets: tuple[str, ...] = ()
        try:
            pool: Any = redis.ConnectionPool.from_url(
                url,
                socket_timeout=WAIT_SECONDS,
                socket_connect_timeout=WAIT_SECONDS,
                # No automatic retries: only our code knows which commands may be sent twice.
                retry=Retry(NoBackoff(), 0),
                # With RESP 3 a server may redirect its client, with credentials, to another host.
                protocol=2,
            )
        except (ValueError, TypeError) as error:
            raise TokenStoreError(
                f"{self._shown}: expected redis://user:password@host:port/number,"
                " special characters of the password as %XX"
            ) from error
        password = pool.connection_kwargs.get("password") or ""
        self._secrets = tuple({password, quote(password), quote(password, safe="")} - {""})
        pool.connection_class = _bounded(pool.connection_class)
        self._client: Any = redis.Redis(connection_pool=pool)

    def eval(self, script: str, keys: int, *arguments: Any) -> Any:
        """The result of a script."""
        return self._call(lambda: self._client.eval(script, keys, *arguments))

    def memory(self) -> dict[str, Any]:
        """The server's memory information (``INFO memory``)."""
        info = self._call(lambda: self._client.info("memory"))
        if not isinstance(info, dict):
            raise TokenStoreError(f"{self._shown}: expected INFO memory, got another answer")
        return info

    def close(self) -> None:
        """Close all connections."""
        self._client.connection_pool.disconnect()

    def _call(self, ask: Any) -> Any:
        try:
            return ask()
        except Exception as error:
            # Not only RedisError: the library raises other errors for malformed answers.
            self._client.connection_pool.disconnect()
            raise TokenStoreError(f"{self._shown}: {self._error_text(error)}") from error

    def _error_text(self, error: Exception) -> str:
        text = str(error) or type(error).__name__
        for secret in self._secrets:
            text = text.replace(secret, "***")
        plain = "".join(c if c.isprintable() else " " for c in text[: 4 * MAX_SHOWN])
        return plain if len(plain) <= MAX_SHOWN else f"{plain[:MAX_SHOWN]}…"


def shown(url: str) -> str:
    """A URL without any part that may be a password."""
    scheme, _, rest = url.partition("://")
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return f"{scheme}://…"
    if "@" in rest and "@" not in parts.netloc:  # the password contains a character such as "/"
        return f"{scheme}://…"
    return f"{scheme}://{parts.hostname or ''}{port}{parts.path}"


_connecting = threading.BoundedSemaphore(8)
"""Bounds pending host name lookups, also those whose caller has timed out."""


def _in_time(connect: Callable[[], Any]) -> Any:
    """The result of ``connect`` within ``WAIT_SECONDS``: a host name lookup has no timeout itself.

    After the timeout the attempt continues in its thread, which closes a late connection.
    """
    if not _connecting.acquire(blocking=False):
        raise TimeoutError("host name lookups are still pending")
    outcomes: SimpleQueue[Any] = SimpleQueue()
    given_up = threading.Event()

    def attempt() -> None:
        try:
            outcome = connect()
        except BaseException as error:
            outcome = error
        finally:
            _connecting.release()
        outcomes.put(outcome)
        if given_up.is_set():
            _close_left(outcomes)

    threading.Thread(target=attempt, name="redis-connect", daemon=True).start()
    try:
        outcome = outcomes.get(timeout=WAIT_SECONDS)
    except Empty:
        given_up.set()
        _close_left(outcomes)
        raise TimeoutError(f"not connected within {WAIT_SECONDS:g} s") from None
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _close_left(outcomes: SimpleQueue[Any]) -> None:
    """Close the connection of an attempt that timed out, whichever thread sees it first."""
    with suppress(Empty):
        outcome = outcomes.get_nowait()
        if not isinstance(outcome, BaseException):
            outcome.close()


class _Bounded:
    """A socket with bounds on the time of a command and the bytes of its answer."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._call: float | None = None
        self._renew()

    def sendall(self, data: Any) -> None:
        """Send a command."""
        self._renew()
        self._socket.sendall(data)

    def recv(self, size: int) -> bytes:
        """The next part of an answer."""
        seconds = self._until - time.monotonic()
        if self._call == 0:  # a non-blocking check for data
            seconds = 0
        elif seconds <= 0:
            raise TimeoutError(f"no complete reply within {WAIT_SECONDS:g} s")
        if self._left <= 0:
            raise OSError(f"expected a reply of at most {MAX_ANSWER_BYTES} bytes")
        self._socket.settimeout(seconds)
        part: bytes = self._socket.recv(size)
        self._left -= len(part)
        return part

    def settimeout(self, seconds: float | None) -> None:
        """Set the library's timeout; ``recv`` waits less if the command's time is nearly over."""
        self._call = seconds
        self._socket.settimeout(seconds)

    def _renew(self) -> None:
        self._until = time.monotonic() + WAIT_SECONDS
        self._left = MAX_ANSWER_BYTES

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def _bounded(kind: type[Any]) -> type[Any]:
    """A connection class (plain, TLS, Unix) whose socket is bounded."""

    class BoundedConnection(kind):  # type: ignore[misc]
        def _connect(self) -> Any:
            return _Bounded(_in_time(super()._connect))

    return BoundedConnection
