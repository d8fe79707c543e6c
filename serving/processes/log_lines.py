"""Every line that the server's processes write becomes one JSON object, whoever wrote it.

Loggers write JSON themselves (:mod:`serving.http.logs`). ``print`` in a model, a library written in
C, a program that a model starts and the interpreter's last words do not: all of them write to the
descriptors 1 and 2, which are pipes here. A thread of the supervising process reads the pipes.
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
"""A longer line is written in parts."""
FINAL_READ_SECONDS = 2.0
"""How long to wait, at the end, for what other processes still write."""
STREAMS = {1: ("stdout", logging.INFO), 2: ("stderr", logging.WARNING)}
"""Descriptor → name of the logger, and level, of lines that are no JSON."""

_BENTOML = re.compile(r"\S+ \[(DEBUG|INFO|WARNING|ERROR|CRITICAL)\] \[[^\]]*\] (.*)", re.DOTALL)


@contextmanager
def json_lines() -> Iterator[None]:
    """Let this process and those it starts write JSON lines to stdout and stderr, until the end."""
    os.environ.setdefault("PYTHONUNBUFFERED", "1")  # else a line waits for thousands of others
    readers = [_Reader(descriptor) for descriptor in STREAMS]
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for reader in readers:
            reader.finish()


class _Reader:
    """A pipe in place of one descriptor, and the thread that reads it."""

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
        """Put the descriptor back, once all that was written is passed on."""
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
            pass  # nobody reads, or a full disk: the server must not wait for it


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def as_json(line: bytes, name: str, level: int) -> bytes:
    """``line`` as it is where it is a JSON object; otherwise as the message of one."""
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
