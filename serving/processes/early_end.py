"""Ends the server at a signal that comes before the supervisor handles signals.

Imported first by ``python -m serving``: at SIGINT Python would print a traceback of its imports,
and process 1 of a container would ignore SIGTERM. It imports nothing that takes time.
"""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType
from typing import NoReturn


def end_now(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    """Log it and end: there are no workers to wait for."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    name = signal.Signals(number).name
    sys.stderr.write(
        f'{{"time":"{moment}","level":"info","logger":"serving",'
        f'"message":"the server ends before it has started: {name}"}}\n'
    )
    raise SystemExit(0)


for _number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
    signal.signal(_number, end_now)
