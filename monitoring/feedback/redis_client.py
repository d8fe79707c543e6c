"""A connection to a Redis that may fail in any way: bounded in time and bytes, secrets never told.

The client library waits for every part of an answer again and holds all of it, so that a server
which drips or never ends would hold a thread, or all memory. And errors quote what was sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import quote, urlsplit

from monitoring.feedback.token_store import WAIT_SECONDS, StoreError

MAX_ANSWER_BYTES = 16 << 20
"""Of one command: its labels come in a request of at most as many bytes."""
MAX_SHOWN = 200
"""Characters of an error that are told."""


class RedisClient:
    """Commands to one Redis; every failure is a ``StoreError`` without the password."""

    def __init__(self, url: str) -> None:
        """Prepare for ``url``; nothing is sent yet. Raises ``StoreError`` where it is no URL."""
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
                # Nothing is sent twice but by us, who know what that means.
                retry=Retry(NoBackoff(), 0),
                # In version 3 a server may send its client to another host, credentials and all.
                protocol=2,
            )
        except (ValueError, TypeError) as error:
            raise StoreError(
                f"{self._shown}: expected redis://user:password@host:port/number,"
                " special characters of the password as %XX"
            ) from error
        password = pool.connection_kwargs.get("password") or ""
        self._secrets = tuple({password, quote(password), quote(password, safe="")} - {""})
        pool.connection_class = _bounded(pool.connection_class)
        self._client: Any = redis.Redis(connection_pool=pool)

    def eval(self, script: str, keys: int, *given: Any) -> Any:
        """What a script answers."""
        return self._asked(lambda: self._client.eval(script, keys, *given))

    def memory(self) -> dict[str, Any]:
        """What the server says of its memory."""
        found = self._asked(lambda: self._client.info("memory"))
        if not isinstance(found, dict):
            raise StoreError(f"{self._shown}: expected facts of its memory, got another answer")
        return found

    def close(self) -> None:
        """Let go of all connections."""
        self._client.connection_pool.disconnect()

    def _asked(self, ask: Any) -> Any:
        try:
            return ask()
        except Exception as error:
            # Not RedisError alone: the library raises whatever an answer that is none leads to.
            self._client.connection_pool.disconnect()
            raise StoreError(f"{self._shown}: {self._told(error)}") from error

    def _told(self, error: Exception) -> str:
        text = str(error) or type(error).__name__
        for secret in self._secrets:
            text = text.replace(secret, "***")
        plain = "".join(c if c.isprintable() else " " for c in text[: 4 * MAX_SHOWN])
        return plain if len(plain) <= MAX_SHOWN else f"{plain[:MAX_SHOWN]}…"


def shown(url: str) -> str:
    """A URL without what may be a password, wherever in it that stands."""
    scheme, _, rest = url.partition("://")
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return f"{scheme}://…"
    if "@" in rest and "@" not in parts.netloc:  # of a password with a mark that ends a host
        return f"{scheme}://…"
    return f"{scheme}://{parts.hostname or ''}{port}{parts.path}"


_connecting = threading.BoundedSemaphore(8)
"""Attempts that still look a name up, most of which nobody waits for any more."""


def _in_time(connect: Callable[[], Any]) -> Any:
    """What ``connect`` gives within ``WAIT_SECONDS``: looking a name up has no bound of its own.

    An attempt that is given up goes on in its thread, which closes what it still gets.
    """
    if not _connecting.acquire(blocking=False):
        raise TimeoutError("the name of its host is still being looked up")
    made: SimpleQueue[Any] = SimpleQueue()
    given_up = threading.Event()

    def attempt() -> None:
        try:
            found = connect()
        except BaseException as error:
            found = error
        finally:
            _connecting.release()
        made.put(found)
        if given_up.is_set():
            _close_left(made)

    threading.Thread(target=attempt, name="redis-connect", daemon=True).start()
    try:
        found = made.get(timeout=WAIT_SECONDS)
    except Empty:
        given_up.set()
        _close_left(made)
        raise TimeoutError(f"not connected within {WAIT_SECONDS:g} s") from None
    if isinstance(found, BaseException):
        raise found
    return found


def _close_left(made: SimpleQueue[Any]) -> None:
    """Close the connection of an attempt that came too late, whichever thread sees it first."""
    with suppress(Empty):
        found = made.get_nowait()
        if not isinstance(found, BaseException):
            found.close()


class _Bounded:
    """A socket that gives a command so much time, and its answer so many bytes."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._asked: float | None = None
        self._renew()

    def sendall(self, data: Any) -> None:
        """Send a command."""
        self._renew()
        self._socket.sendall(data)

    def recv(self, size: int) -> bytes:
        """The next part of an answer."""
        seconds = self._until - time.monotonic()
        if self._asked == 0:  # whether there is something already
            seconds = 0
        elif seconds <= 0:
            raise TimeoutError(f"no whole answer within {WAIT_SECONDS:g} s")
        if self._left <= 0:
            raise OSError(f"expected an answer of at most {MAX_ANSWER_BYTES} bytes")
        self._socket.settimeout(seconds)
        part: bytes = self._socket.recv(size)
        self._left -= len(part)
        return part

    def settimeout(self, seconds: float | None) -> None:
        """What the library asks for; ``recv`` waits less where the command's time is over."""
        self._asked = seconds
        self._socket.settimeout(seconds)

    def _renew(self) -> None:
        self._until = time.monotonic() + WAIT_SECONDS
        self._left = MAX_ANSWER_BYTES

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def _bounded(kind: type[Any]) -> type[Any]:
    """A class of connections (plain, TLS, Unix) whose socket is bounded."""

    class BoundedConnection(kind):  # type: ignore[misc]
        def _connect(self) -> Any:
            return _Bounded(_in_time(super()._connect))

    return BoundedConnection
