"""Control the load generator, which runs in a child process."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from urllib.parse import urlsplit

from packager.environment.programs import clean_environment, own_module
from packager.errors import PackageError, UsageError
from packager.run.bench.load import TIMEOUT_SECONDS


@dataclass(frozen=True)
class LoadTarget:
    """Address and API key of the server under load."""

    url: str
    key: str | None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; raises ``UsageError`` for anything but plain HTTP."""
        parts = urlsplit(self.url)
        if parts.scheme != "http" or parts.hostname is None:
            raise UsageError(
                f"{self.url}: expected an http:// address, got {parts.scheme or 'none'}",
                "measure the server itself, not the proxy in front of it",
            )
        return parts.hostname, parts.port or 80

    def requests(self, bodies: Sequence[bytes]) -> list[bytes]:
        """The bytes of a POST to ``/predict`` for each body."""
        host, port = self.address
        path = urlsplit(self.url).path.rstrip("/")
        head = f"POST {path}/predict HTTP/1.1\r\nHost: {host}:{port}\r\n"
        head += "Content-Type: application/json\r\n"
        head += "" if self.key is None else f"Authorization: Bearer {self.key}\r\n"
        return [
            f"{head}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body for body in bodies
        ]


@dataclass(frozen=True)
class LoadResult:
    """Responses within ``seconds``; quantiles are in seconds, None without responses."""

    requests: int
    seconds: float
    p50: float | None
    p99: float | None
    statuses: Mapping[str, int]
    broken: int
    """Connections that closed early, timed out or had an invalid response."""
    cpu_seconds: float
    """The generator's own CPU time."""


class Generator:
    """A load generator that has warmed up and waits for its start signal."""

    def __init__(self, process: subprocess.Popen[bytes], patience: float) -> None:
        self._process = process
        self._patience = patience

    def measure(self) -> LoadResult:
        """Run the measurement; raises ``PackageError`` if the generator ends early or hangs."""
        try:
            out, errors = self._process.communicate(b"go\n", timeout=self._patience)
        except subprocess.TimeoutExpired as error:
            raise PackageError(
                f"the load generator did not end within {self._patience:g} s",
                "the server accepts requests but does not respond: see its log",
            ) from error
        return LoadResult(**json.loads(_line(out, errors)))


@contextmanager
def generator(
    target: LoadTarget, bodies: Sequence[bytes], clients: int, seconds: float, warm_seconds: float
) -> Iterator[Generator]:
    """Start ``clients`` clients and warm the server up; stop them when the block ends."""
    requests = target.requests(bodies)
    host, port = target.address
    job = {
        "host": host,
        "port": port,
        "clients": clients,
        "seconds": seconds,
        "warm_seconds": warm_seconds,
        "sizes": [len(request) for request in requests],
    }
    process = subprocess.Popen(
        own_module("packager.run.bench.load"),
        env=clean_environment(os.environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        _send(process, json.dumps(job).encode() + b"\n" + b"".join(requests))
        yield Generator(process, seconds + 2 * TIMEOUT_SECONDS)
    finally:
        process.kill()
        process.communicate()


def _send(process: subprocess.Popen[bytes], job: bytes) -> None:
    """Send the job and wait for the end of the warm-up."""
    writing, reading = _pipe(process.stdin), _pipe(process.stdout)
    try:
        writing.write(job)
        writing.flush()
        line = reading.readline()
    except BrokenPipeError:
        line = b""
    if line != b"warm\n":
        _line(line, _pipe(process.stderr).read())


def _line(out: bytes, errors: bytes) -> bytes:
    if not out:
        last = errors.decode(errors="replace").strip().rpartition("\n")[2]
        raise PackageError(
            f"the load generator ended early: {last}", "check that the server still runs"
        )
    return out


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
