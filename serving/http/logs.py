"""The server's log: one JSON object per line, without any values of rows.

An exception is logged by its type and where it was raised. Its message is left out because messages
of models and libraries quote the values they failed on.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import re
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, TextIO

from modelhost.exceptions import describe_exception

AccessLog = Literal["off", "errors", "all"]
MAX_LINES = 100
"""Access lines per second and worker; further ones are only counted."""

_REQUEST_ID = re.compile(rb"[\w.:/+=@-]{1,128}", re.ASCII)
_TRACE = re.compile(rb"[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-[\da-f]{2}(-.*)?")


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON; ``extra={"fields": {…}}`` adds fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, in ASCII."""
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            **({"process": record.process} if record.process is not None else {}),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = describe_exception(record.exc_info[1])
        return json.dumps(line, separators=(",", ":"), default=str)


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


def to_json() -> None:
    """Make the loggers and exception hooks of this process write JSON lines to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    names = list(logging.root.manager.loggerDict)
    for logger in (logging.root, *map(logging.getLogger, names)):
        if logger.handlers or logger is logging.root:
            logger.handlers = [handler]
            logger.propagate = logger.propagate and logger is logging.root
    ours = logging.getLogger("serving")
    ours.handlers, ours.propagate = [handler], False
    ours.setLevel(logging.INFO)
    warnings.showwarning = _warned
    sys.excepthook = lambda kind, error, place: _uncaught("the process ends", kind, error, place)
    threading.excepthook = lambda found: _uncaught(
        "a thread ends", found.exc_type, found.exc_value, found.exc_traceback
    )
    sys.unraisablehook = lambda found: _uncaught(
        "an exception is ignored", found.exc_type, found.exc_value, found.exc_traceback
    )


def _uncaught(
    what: str,
    kind: type[BaseException],
    error: BaseException | None,
    place: TracebackType | None,
) -> None:
    """Log an uncaught exception without its message, which the interpreter would print."""
    if issubclass(kind, SystemExit):
        return
    caught = kind() if error is None else error
    logging.getLogger("serving").error("%s", what, exc_info=(kind, caught, place))


def _warned(
    message: Warning | str,  # noqa: ARG001
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    """Log a library's warning without its message, which may quote values."""
    logging.getLogger("serving").warning("%s at %s:%d", category.__name__, filename, lineno)


@dataclass(slots=True)
class Trace:
    """Correlation of a request: its id, and the trace it is part of, if any."""

    request_id: bytes
    traceparent: bytes | None

    @property
    def fields(self) -> dict[str, str]:
        """The fields for a log line."""
        found = {"request_id": self.request_id.decode()}
        matched = _TRACE.fullmatch(self.traceparent) if self.traceparent else None
        if matched:
            found |= {"trace_id": matched[1].decode(), "span_id": matched[2].decode()}
        return found


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

    def write(
        self, trace: Trace, method: str, route: str, status: int, seconds: float, rows: int
    ) -> None:
        """Write the line of one request; ``route`` is a template, never a raw path."""
        second = int(self._clock())
        if second != self._second:
            if self._left_out:
                logging.getLogger("serving").warning("%d access lines left out", self._left_out)
            self._second, self._written, self._left_out = second, 0, 0
        self._written += 1
        if self._written > MAX_LINES:
            self._left_out += 1
            return
        fields = {
            **trace.fields,
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": round(seconds * 1e3, 3),
            "rows": rows,
        }
        logging.getLogger("serving.access").info("request", extra={"fields": fields})


class RefusalLog:
    """Logs exceptions of the model on rows it rejects.

    At most one a second, because clients can cause them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._second = -1
        self._left_out = 0

    def write(self, said: Sequence[str], trace: Trace, route: str) -> None:
        """Log one rejection; ``said`` is the output of ``describe_exception``."""
        second = int(self._clock())
        if second == self._second:
            self._left_out += 1
            return
        fields: dict[str, Any] = {**trace.fields, "route": route, "exception": list(said)}
        if self._left_out:
            fields["left_out"] = self._left_out
        self._second, self._left_out = second, 0
        logging.getLogger("serving").warning("the model rejected a row", extra={"fields": fields})
