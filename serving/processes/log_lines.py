"""Turns every line that the server's processes write into one JSON object.

Loggers write JSON themselves (:mod:`serving.http.logs`). ``print`` in a model, C libraries,
subprocesses of a model and fatal errors of the interpreter don't: they write to descriptors 1 and
2, which are pipes here. Threads of the supervisor read the pipes; none of them runs while it
forks.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from serving.http.logs import line_of

MAX_LINE_BYTES = 1 << 16
"""A longer line is split."""
MAX_LINE_SECONDS = 1.0
FINAL_READ_SECONDS = 2.0
"""Seconds to wait, at the end, for output of other processes."""
PAUSE_SECONDS = 1.0
"""Seconds that a fork waits for a reader whose line is not taken; then the reader continues."""
STREAMS = {1: ("stdout", logging.INFO), 2: ("stderr", logging.WARNING)}
"""Descriptor → name of the logger and level, for lines that aren't JSON."""

_BENTOML = re.compile(r"\S+ \[(DEBUG|INFO|WARNING|ERROR|CRITICAL)\] \[[^\]]*\] (.*)", re.DOTALL)


@contextmanager
def json_lines() -> Iterator[Readers]:
    """Make stdout and stderr of this process and its children JSON lines while the block runs."""
    os.environ.setdefault("PYTHONUNBUFFERED", "1")  # else lines of workers would be buffered
    readers = Readers()
    try:
        yield readers
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        readers.finish()


class Readers:
    """The readers of both streams."""

    def __init__(self) -> None:
        self._all = [_Reader(descriptor) for descriptor in STREAMS]

    def channels(self) -> tuple[int, int]:
        """Descriptors for standard output and error of a process that gets pipes of its own.

        Else a line that it begins and does not end would be joined with the next of another
        process.
        """
        with self.paused():
            stdout, stderr = (reader.channel() for reader in self._all)
        return stdout, stderr

    @contextmanager
    def paused(self) -> Iterator[None]:
        """No thread of the readers runs while the block runs: a process that forks has only one."""
        for reader in self._all:
            reader.pause()
        try:
            yield
        finally:
            for reader in self._all:
                reader.resume()

    def finish(self) -> None:
        """Restore the descriptors and wait until all output is forwarded."""
        for reader in self._all:
            reader.finish()


class _Reader:
    """The pipe that replaces one descriptor, those of other processes, and the thread that reads.

    A line without an end is passed on after ``MAX_LINE_SECONDS`` without any output.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._name, self._level = STREAMS[descriptor]
        self._out = os.dup(descriptor)
        self._rests: dict[int, bytes] = {}
        """For each pipe, the beginning of a line."""
        self._channels: list[int] = []
        own = self.channel()
        os.dup2(own, descriptor)
        self._channels.remove(own)
        os.close(own)
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._lock = threading.Lock()
        self._pausing = False
        self._begin()

    def channel(self) -> int:
        """The end to write to of one more pipe; call it while the thread doesn't run."""
        reading, writing = os.pipe()
        self._rests[reading] = b""
        self._channels.append(writing)
        return writing

    def _begin(self) -> None:
        self._reading = True
        self._thread = threading.Thread(target=self._run, name=f"{self._name} reader", daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """End the thread; what is written meanwhile waits in the pipe."""
        self._pausing = True
        os.write(self._wake, b".")
        self._thread.join(PAUSE_SECONDS)

    def resume(self) -> None:
        """Read on, in a new thread unless the old one still writes a line that nobody takes."""
        with self._lock:
            self._pausing = False
            ended = not self._reading
        if ended:
            self._begin()

    def _may_end(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, MAX_LINE_BYTES)
        with self._lock:
            self._reading = not self._pausing
            return self._pausing

    def finish(self) -> None:
        """Restore the descriptor and wait until all output is forwarded."""
        os.dup2(self._out, self._descriptor)
        for channel in self._channels:
            os.close(channel)
        self._thread.join(FINAL_READ_SECONDS)

    def _run(self) -> None:
        poll = select.poll()
        for descriptor in (self._woken, *self._rests):
            poll.register(descriptor, select.POLLIN)
        while self._rests:
            patience = 1_000 * MAX_LINE_SECONDS if any(self._rests.values()) else None
            ready = [descriptor for descriptor, _ in poll.poll(patience)]
            if self._woken in ready:
                if self._may_end():
                    return
                continue
            for pipe in ready or list(self._rests):
                if not ready:
                    self._pass_on([self._rests[pipe]])
                    self._rests[pipe] = b""
                elif not self._read(pipe):
                    poll.unregister(pipe)

    def _read(self, pipe: int) -> bool:
        """Pass on the lines that have arrived; False at the end of the pipe."""
        data = os.read(pipe, MAX_LINE_BYTES)
        if not data:
            self._pass_on([self._rests.pop(pipe)])
            os.close(pipe)
            return False
        *lines, rest = (self._rests[pipe] + data).replace(b"\r", b"\n").split(b"\n")
        if len(rest) >= MAX_LINE_BYTES:
            lines, rest = [*lines, rest], b""
        self._rests[pipe] = rest
        self._pass_on(lines)
        return True

    def _pass_on(self, lines: list[bytes]) -> None:
        text = b"".join(
            as_json(line, self._name, self._level) + b"\n" for line in lines if line.strip()
        )
        try:
            while text:
                text = text[os.write(self._out, text) :]
        except OSError:
            pass  # no reader, or a full disk: the server must not block


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def as_json(line: bytes, name: str, level: int) -> bytes:
    """``line`` unchanged if it is a JSON object; else a JSON object with it as the message."""
    if line.startswith(b"{"):
        try:
            json.loads(line, parse_constant=_refuse)
        except ValueError:
            pass
        else:
            return line
    text = line.decode("utf-8", "backslashreplace").rstrip()
    known = _BENTOML.fullmatch(text)
    if known:
        name, level, text = "bentoml", logging.getLevelNamesMapping()[known[1]], known[2]
    return line_of(name, level, text).encode()
