"""Lines of the server's log (:mod:`modelhost.json_logs`) about requests."""

from __future__ import annotations

import itertools
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from modelhost.json_logs import JsonFormatter, to_json

__all__ = ["AccessLog", "AccessLogger", "JsonFormatter", "RefusalLog", "line_of", "to_json"]

AccessLog = Literal["off", "errors", "all"]
MAX_LINES = 100
"""Access lines per second and worker; further ones are only counted."""

_REQUEST_ID = re.compile(rb"[\w.:/+=@-]{1,128}", re.ASCII)
_TRACE = re.compile(rb"[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-[\da-f]{2}(-.*)?")


def line_of(name: str, level: int, message: str, **fields: Any) -> str:
    """One line of the log, for callers without a logger."""
    record = logging.LogRecord(name, level, "", 0, message, None, None)
    record.process = None  # unknown here
    if fields:
        record.fields = fields
    return JsonFormatter().format(record)


def log_line(level: int, message: str, **fields: Any) -> None:
    """Write one line to stderr, whatever the logging configuration of this process."""
    sys.stderr.write(f"{line_of('serving', level, message, process=os.getpid(), **fields)}\n")


@dataclass(slots=True)
class Trace:
    """Correlation of a request: its id, and the trace it is part of, if any."""

    request_id: bytes
    traceparent: bytes | None

    @property
    def fields(self) -> dict[str, str]:
        """The fields for a log line."""
        fields = {"request_id": self.request_id.decode()}
        matched = _TRACE.fullmatch(self.traceparent) if self.traceparent else None
        if matched:
            fields |= {"trace_id": matched[1].decode(), "span_id": matched[2].decode()}
        return fields


_numbers = itertools.count()
_prefix = os.urandom(6).hex().encode()
os.register_at_fork(after_in_child=lambda: globals().update(_prefix=os.urandom(6).hex().encode()))


def trace_of(request_id: bytes | None, traceparent: bytes | None) -> Trace:
    """The caller's id and trace if well formed; else a new id, and no trace."""
    if request_id is None or not _REQUEST_ID.fullmatch(request_id):
        request_id = b"%s-%x" % (_prefix, next(_numbers))
    if traceparent is not None and not _TRACE.fullmatch(traceparent):
        traceparent = None
    return Trace(request_id, traceparent)


class AccessLogger:
    """Writes a line for each request, for failed ones only, or for none."""

    def __init__(self, which: AccessLog, clock: Callable[[], float] = time.monotonic) -> None:
        self._least = {"off": 1_000, "errors": 400, "all": 0}[which]
        self._clock = clock
        self._second = 0
        self._written = 0
        self._left_out = 0

    def wants(self, status: int) -> bool:
        """Whether ``write`` writes a line for this status."""
        return status >= self._least

    def write(self, trace: Trace, fields: Mapping[str, Any]) -> None:
        """Write the line of one request; its route is a template, never a raw path."""
        second = int(self._clock())
        if second != self._second:
            if self._left_out:
                logging.getLogger("serving").warning("%d access lines left out", self._left_out)
            self._second, self._written, self._left_out = second, 0, 0
        self._written += 1
        if self._written > MAX_LINES:
            self._left_out += 1
            return
        extra = {"fields": {**trace.fields, **fields}}
        logging.getLogger("serving.access").info("request", extra=extra)


class RefusalLog:
    """Logs exceptions of the model on rows it rejects.

    At most one a second, because clients can cause them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._second = -1
        self._left_out = 0

    def write(self, lines: Sequence[str], trace: Trace, route: str) -> None:
        """Log one rejection; ``lines`` is the output of ``describe_exception``."""
        second = int(self._clock())
        if second == self._second:
            self._left_out += 1
            return
        fields: dict[str, Any] = {**trace.fields, "route": route, "exception": list(lines)}
        if self._left_out:
            fields["left_out"] = self._left_out
        self._second, self._left_out = second, 0
        logging.getLogger("serving").warning("the model rejected a row", extra={"fields": fields})
