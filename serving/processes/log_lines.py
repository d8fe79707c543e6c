"""Turns every line that the server's processes write into one JSON object.

Loggers write JSON themselves (:mod:`serving.http.logs`). ``print`` in a model, C libraries,
subprocesses of a model and fatal errors of the interpreter don't: they write to descriptors 1 and
2, which are pipes here. A thread of the supervisor reads the pipes.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from serving.http.logs import line_of

MAX_LINE_BYTES = 1 << 16
"""A longer line is split."""
FINAL_READ_SECONDS = 2.0
"""How long to wait, at the end, for output of other processes."""
STREAMS = {1: ("stdout", logging.INFO), 2: ("stderr", logging.WARNING)}
"""Descriptor → name of the logger and level, for lines that aren't JSON."""

_BENTOML = re.compile(r"\S+ \[(DEBUG|INFO|WARNING|ERROR|CRITICAL)\] \[[^\]]*\] (.*)", re.DOTALL)


@contextmanager
def json_lines() -> Iterator[None]:
    """Make stdout and stderr of this process and its children JSON lines while the block runs."""
    os.environ.setdefault("PYTHONUNBUFFERED", "1")  # else lines of workers would be buffered
    readers = [_Reader(descriptor) for descriptor in STREAMS]
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for reader in readers:
            reader.finish()


class _Reader:
    """A pipe that replaces one descriptor, and the thread that reads it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._name, self._level = STREAMS[descriptor]
        self._out = os.dup(descriptor)
        self._end, writing = os.pipe()
        os.dup2(writing, descriptor)
        os.close(writing)
        self._thread = threading.Thread(target=self._run, name=f"{self._name} reader", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Restore the descriptor and wait until all output is forwarded."""
        os.dup2(self._out, self._descriptor)
        self._thread.join(FINAL_READ_SECONDS)

    def _run(self) -> None:
        rest = b""
        while data := os.read(self._end, MAX_LINE_BYTES):
            *lines, rest = (rest + data).replace(b"\r", b"\n").split(b"\n")
            if len(rest) >= MAX_LINE_BYTES:
                lines, rest = [*lines, rest], b""
            self._pass_on(lines)
        self._pass_on([rest])

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
