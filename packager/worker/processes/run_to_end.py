"""Run a child process and its process group to the end; relay its output line by line."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from packager.exit_reason import (
    LAST_WORDS_SECONDS,
    MAX_LINES,
    ExitReason,
    killed_for_memory,
    kills_for_memory,
    relay,
)


def worker_command(verb: str, *arguments: str, python: str = sys.executable) -> list[str]:
    """The command that runs ``verb`` of the worker with ``python``."""
    return [python, "-m", "packager.worker", verb, *arguments]


def run_to_end(
    command: Sequence[str],
    show: Callable[[str], object],
    *,
    seconds: float | None = None,
    **start: Any,
) -> ExitReason:
    """Run ``command``, pass each line of its output to ``show``, and return its exit reason.

    Stdin is empty and the session is new, so the process can't access a terminal. Its process
    group is killed after it ends. ``start``: further arguments of ``Popen``. Raises
    ``TimeoutError`` after ``seconds`` of wall-clock time.
    """
    last: deque[str] = deque(maxlen=MAX_LINES)
    kills = kills_for_memory()
    process = start_piped(command, **start)
    assert process.stdout is not None
    reader = threading.Thread(target=relay, args=(process.stdout, last, show), daemon=True)
    reader.start()
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"it took over {seconds:g} s") from error
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join(LAST_WORDS_SECONDS)
    return ExitReason(code, killed_for_memory(code, kills), tuple(last))


def start_piped(command: Sequence[str], **start: Any) -> subprocess.Popen[str]:
    """Start ``command`` without input, in a session of its own, with both outputs in one pipe.

    ``start``: further arguments of ``Popen``.
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        **start,
    )
