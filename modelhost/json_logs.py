"""The log of a server's processes: one JSON object per line, without any values of rows.

An exception is logged by its type and where it was raised. Its message is left out because messages
of models and libraries quote the values they failed on.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
import warnings
from types import TracebackType
from typing import Any, TextIO

from modelhost.exceptions import describe_exception

SERVING = "serving"
"""The server's own logger."""


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


def to_json() -> None:
    """Make loggers and exception hooks of this process write JSON lines to stderr.

    Exceptions and warnings that nothing catches are logged by ``serving``.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    names = list(logging.root.manager.loggerDict)
    for logger in (logging.root, *map(logging.getLogger, names)):
        if logger.handlers or logger is logging.root:
            logger.handlers = [handler]
            logger.propagate = logger.propagate and logger is logging.root
    ours = logging.getLogger(SERVING)
    ours.handlers, ours.propagate = [handler], False
    ours.setLevel(logging.INFO)
    warnings.showwarning = _warned
    sys.excepthook = lambda kind, error, place: _uncaught("the process ends", kind, error, place)
    threading.excepthook = lambda raised: _uncaught(
        "a thread ends", raised.exc_type, raised.exc_value, raised.exc_traceback
    )
    sys.unraisablehook = lambda raised: _uncaught(
        "an exception is ignored", raised.exc_type, raised.exc_value, raised.exc_traceback
    )


def _uncaught(
    what: str,
    kind: type[BaseException],
    error: BaseException | None,
    traceback: TracebackType | None,
) -> None:
    """Log an uncaught exception without its message, which the interpreter would print."""
    if issubclass(kind, SystemExit):
        return
    caught = kind() if error is None else error
    logging.getLogger(SERVING).error("%s", what, exc_info=(kind, caught, traceback))


def _warned(
    message: Warning | str,  # noqa: ARG001
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    """Log a library's warning without its message, which may quote values."""
    logging.getLogger(SERVING).warning("%s at %s:%d", category.__name__, filename, lineno)
