"""A step of the worker in a process of its own, with a time limit: no failure of it leaves it.

A recipe may hang, crash in compiled code, or call ``os._exit``. Whoever starts a step here learns
how it ended and decides what that means; the process that started it goes on in any case.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packager.errors import PackageError
from packager.exit_reason import KEPT_LINES, ExitReason, killed_for_memory, kills_for_memory
from packager.model.paths import Root

RESULTS = {
    "run": "result.json",
    "fit": "fit.json",
    "seeds": "spread.json",
    "check": "check.json",
    "folds": "folds.npz",
    "rank": "ranked.json",
    "compile": "compiled.json",
    "replay": "report.json",
}
"""What each verb of the worker writes when it is done."""
_PARENT_ENDS = 1
"""``PR_SET_PDEATHSIG`` of Linux's prctl(2)."""
_IS_CHILD = "MODEL_CHILD_PROCESS"
_LAST_WORDS_SECONDS = 5.0

Outcome = Literal["finished", "failed", "timed out", "killed"]


@dataclass(frozen=True)
class ChildResult:
    """How a step ended; unless ``finished``, ``message`` and ``hint`` say what happened."""

    outcome: Outcome
    folder: Path
    """What it wrote lies here; complete only where it ``finished``."""
    message: str = ""
    hint: str = ""

    @property
    def finished(self) -> bool:
        """Whether its result is there."""
        return self.outcome == "finished"

    def or_raise(self, what: str) -> Path:
        """The folder of its results; ``PackageError`` that begins with ``what`` if it failed."""
        if not self.finished:
            raise PackageError(f"{what} failed: {self.message}", self.hint)
        return self.folder


def run_child(
    verb: str,
    job: bytes,
    root: Root,
    folder: Path,
    seconds: float | None = None,
    *,
    quiet: bool = False,
) -> ChildResult:
    """Do ``verb`` of the worker in a fresh process; ``folder`` then has its results.

    ``folder`` may already hold files that the verb reads. ``seconds`` is a limit on wall-clock
    time; the process is then ended with all that it started. What it prints goes to stderr, unless
    ``quiet``.
    """
    (folder / "job.json").write_bytes(job)
    command = [sys.executable, "-m", "packager.worker", verb, str(folder / "job.json")]
    environment = {**os.environ, "MODEL_ROOT": str(root.path), _IS_CHILD: "1"}
    kills = kills_for_memory()
    said: deque[str] = deque(maxlen=KEPT_LINES)
    child = subprocess.Popen(
        [*command, str(folder)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    assert child.stdout is not None
    relay = threading.Thread(target=_relay, args=(child.stdout, said, quiet), daemon=True)
    relay.start()
    try:
        code = child.wait(seconds)
    except subprocess.TimeoutExpired:
        message = f"it took over {seconds:g} s"
        return ChildResult("timed out", folder, message, "make it faster, or its data smaller")
    finally:
        _end(child)
        relay.join(_LAST_WORDS_SECONDS)
    return _result(verb, folder, ExitReason(code, killed_for_memory(code, kills), tuple(said)))


def end_with_parent() -> None:
    """In a process that ``run_child`` started: end as soon as the starting process has ended."""
    if os.environ.get(_IS_CHILD) and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_ENDS, signal.SIGKILL)


def _result(verb: str, folder: Path, ended: ExitReason) -> ChildResult:
    failure = folder / "error.json"
    if failure.is_file():
        error = json.loads(failure.read_bytes())
        return ChildResult("failed", folder, error["message"], error["hint"])
    if ended.code == 0 and (folder / RESULTS[verb]).is_file():
        return ChildResult("finished", folder)
    outcome: Outcome = "failed" if ended.code >= 0 else "killed"
    return ChildResult(outcome, folder, f"its process ended with {ended.reason}", ended.hint)


def _relay(lines: Iterable[str], said: deque[str], quiet: bool) -> None:
    """Keep the end of a process's output; pass it on to stderr unless ``quiet``."""
    for line in lines:
        said.append(line.rstrip("\n"))
        if not quiet:
            sys.stderr.write(line)


def _end(child: subprocess.Popen[str]) -> None:
    """End the process and all that it started, unless they have ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
