"""Run a step of the worker in a child process, with a time limit, to contain its failures.

Compiled code may hang or crash on unusual values. The parent process survives; the caller gets a
``ChildResult`` and decides what a failure means.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modelhost.confinement import end_with_parent
from packager.errors import PackageError
from packager.exit_reason import ExitReason
from packager.model.paths import Root
from packager.worker.processes.run_to_end import run_to_end, worker_command

RESULTS = {
    "run": "result.json",
    "seeds": "seed_variance.json",
    "check": "check.json",
    "folds": "folds.npz",
    "compile": "compiled.json",
    "compare": "compared.json",
    "replay": "report.json",
}
"""The result file that each verb of the worker writes last."""
_IS_CHILD = "MODEL_CHILD_PROCESS"

ProcessOutcome = Literal["finished", "failed", "timed out", "killed"]


@dataclass(frozen=True)
class ChildResult:
    """How a step ended; ``message`` and ``hint`` describe a failure."""

    outcome: ProcessOutcome
    folder: Path
    """Folder of the output; complete only if the step ``finished``."""
    message: str = ""
    hint: str = ""

    @property
    def finished(self) -> bool:
        """Whether the step succeeded and wrote its result."""
        return self.outcome == "finished"

    def or_raise(self, what: str) -> Path:
        """Return the folder of the results; raise ``PackageError`` naming ``what`` on failure."""
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
    """Run ``verb`` of the worker in a new process; it writes its results into ``folder``.

    ``folder`` may already hold files that the verb reads. ``seconds`` limits the wall-clock
    time; after it the process group is killed. The output goes to stderr, unless ``quiet``.
    """
    (folder / "job.json").write_bytes(job)
    command = worker_command(verb, str(folder / "job.json"), str(folder))
    environment = {**os.environ, "MODEL_ROOT": str(root.path), _IS_CHILD: "1"}
    try:
        ended = run_to_end(
            command,
            _ignore if quiet else _show,
            seconds=seconds,
            env=environment,
        )
    except TimeoutError as error:
        return ChildResult("timed out", folder, str(error), "reduce its run time or its data")
    return _result(verb, folder, ended)


def end_if_child() -> None:
    """In a process that ``run_child`` started: end when the parent process ends."""
    if os.environ.pop(_IS_CHILD, ""):
        end_with_parent()


def _result(verb: str, folder: Path, ended: ExitReason) -> ChildResult:
    failure = folder / "error.json"
    if failure.is_file():
        error = json.loads(failure.read_bytes())
        return ChildResult("failed", folder, error["message"], error["hint"])
    if ended.code == 0 and (folder / RESULTS[verb]).is_file():
        return ChildResult("finished", folder)
    outcome: ProcessOutcome = "failed" if ended.code >= 0 else "killed"
    return ChildResult(outcome, folder, f"its process ended with {ended.reason}", ended.hint)


def _show(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _ignore(_: str) -> None:
    """Discard a line; ``ExitReason`` still gets the last ones."""
