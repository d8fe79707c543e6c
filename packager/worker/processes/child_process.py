"""Run a step of the worker in a child process, with a time limit, to contain its failures.

Compiled code of libraries may hang or crash on unusual values. The parent process survives; the
caller gets a ``ChildResult`` and decides what a failure means.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from modelhost.parent_process import end_with_starter, own_id
from packager.exit_reason import ExitReason
from packager.model.paths import Root
from packager.worker.processes.run_to_end import run_to_end, worker_command

RESULTS = {
    "run": "result.json",
    "seeds": "seed_variance.json",
    "check": "check.json",
    "baseline": "baseline.json",
    "folds": "folds.npz",
    "replay": "report.json",
    "flow": "flow.json",
    "test": "report.json",
    "timed": "timed.json",
    "cases": "cases.json",
    "release": "release.bin",
}
"""The result file that each verb of the worker writes last."""
_GIVEN = "MODEL_CHILD_GIVEN"
"""Variable with the descriptor of what a child process is given."""

ProcessOutcome = Literal["finished", "failed", "timed out", "killed"]


@dataclass(frozen=True)
class ChildResult:
    """Result of a step; ``message`` and ``hint`` describe a failure."""

    outcome: ProcessOutcome
    folder: Path
    """Folder of the output; complete only if the step ``finished``."""
    message: str = ""
    hint: str = ""

    @property
    def finished(self) -> bool:
        """Whether the step succeeded and wrote its result."""
        return self.outcome == "finished"


def run_child(
    verb: str, job: bytes, content: bytes, root: Root, folder: Path, seconds: float | None = None
) -> ChildResult:
    """Run ``verb`` of the worker in a new process; it writes its results into ``folder``.

    The process gets ``content`` by ``given_to_child``: a file with a name could be replaced by a
    process that a recipe has left. ``seconds`` limits the wall-clock time; after it the process
    group is killed. Only the last lines of its output are kept.
    """
    (folder / "job.json").write_bytes(job)
    command = worker_command(verb, str(folder / "job.json"), str(folder))
    with tempfile.TemporaryFile() as nameless:
        nameless.write(content)
        nameless.seek(0)
        number = nameless.fileno()
        environment = {**os.environ, **own_id(), "MODEL_ROOT": str(root.path)}
        environment[_GIVEN] = str(number)
        try:
            ended = run_to_end(
                command, _ignore, seconds=seconds, env=environment, pass_fds=[number]
            )
        except TimeoutError as error:
            hint = "reduce its run time or its data"
            return ChildResult("timed out", folder, str(error), hint)
    return _result(verb, folder, ended)


def end_if_child() -> None:
    """In a process that ``run_child`` started: end when the parent process ends."""
    if _GIVEN in os.environ:
        end_with_starter()


def given_to_child() -> bytes:
    """In a process that ``run_child`` started: what it was given."""
    with open(int(os.environ.pop(_GIVEN)), "rb") as nameless:
        return nameless.read()


def _result(verb: str, folder: Path, ended: ExitReason) -> ChildResult:
    failure = folder / "error.json"
    if failure.is_file():
        error = json.loads(failure.read_bytes())
        return ChildResult("failed", folder, error["message"], error["hint"])
    if ended.code == 0 and (folder / RESULTS[verb]).is_file():
        return ChildResult("finished", folder)
    outcome: ProcessOutcome = "failed" if ended.code >= 0 else "killed"
    return ChildResult(outcome, folder, f"its process ended with {ended.reason}", ended.hint)


def _ignore(_: str) -> None:
    """Discard a line; ``ExitReason`` still gets the last ones."""
