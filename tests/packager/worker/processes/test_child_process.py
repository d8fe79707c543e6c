"""A step in a child process: whatever a library does there, the parent process continues."""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from worker_projects import CHECKOUT, Project

from packager.data.checks.cross_validation import Folds
from packager.worker.job import FoldsJob
from packager.worker.processes.child_process import ChildResult, run_child

JOB = FoldsJob(task="regression").dump()


class Runs:
    """Runs code where it is unpickled: in the child process."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return exec, (self.code,)


@pytest.fixture
def step(project: Project, monkeypatch: pytest.MonkeyPatch):
    """Cross-validate the default model in a child process, on these rows."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(project.root.code), str(CHECKOUT)]))
    folder = project.out / "work"
    folder.mkdir(parents=True)

    def run(rows: object, seconds: float | None = None) -> ChildResult:
        return run_child("folds", JOB, pickle.dumps(rows), project.root, folder, seconds)

    return run


def folds(rows: int) -> Folds:
    """One split in halves of a number that is twice another."""
    frame = pd.DataFrame({"x": np.arange(float(rows))})
    places = np.arange(rows)
    half = (places[: rows // 2], places[rows // 2 :])
    target = (2 * frame["x"]).rename("y")
    return Folds(places, None, target.to_numpy(), frame, ("x",), target, (half,))


@pytest.mark.slow
def test_a_step_that_finishes_leaves_its_result(step):
    done = step(folds(80), 300)
    assert (done.outcome, done.message, done.finished) == ("finished", "", True)
    with np.load(done.folder / "folds.npz") as found:
        assert found["rows"].tolist() == list(range(40, 80))
    assert sorted(path.name for path in done.folder.iterdir()) == ["folds.npz", "job.json"]


@pytest.mark.slow
def test_an_error_of_the_step_is_reported_with_its_hint(step):
    code = "from packager.errors import PackageError; raise PackageError('no luck', 'try again')"
    done = step(Runs(code))
    assert (done.outcome, done.message, done.hint) == ("failed", "no luck", "try again")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "outcome", "message"),
    [
        ("import os; os._exit(0)", "failed", "exit code 0, without a result"),
        ("import os; os._exit(3)", "failed", "exit code 3, without a result"),
        ("import os; os.kill(os.getpid(), 11)", "killed", "signal SIGSEGV: a crash in compiled"),
        ("import os; os.kill(os.getpid(), 9)", "killed", "signal SIGKILL, sent by another process"),
    ],
)
def test_a_process_that_ends_by_itself_is_reported_with_the_real_reason(
    step, code, outcome, message
):
    done = step(Runs(f"print('about to end', flush=True); {code}"))
    assert done.outcome == outcome
    assert done.message.startswith(f"its process ended with {message}")
    if "SIGSEGV" not in message:
        assert "about to end" in done.hint


@pytest.mark.slow
def test_a_step_that_takes_too_long_is_ended_with_all_that_it_started(step, project):
    hangs = (
        "import subprocess, sys, pathlib, time\n"
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "pathlib.Path('started').write_text(str(other.pid))\n"
        "while True:\n"
        "    try: time.sleep(600)\n"
        "    except BaseException: pass\n"
    )
    started = project.root.code / "started"
    for seconds in (6.0, 25.0, 120.0):  # a busy machine may need long to start it at all
        done = step(Runs(hangs), seconds)
        assert (done.outcome, done.message) == ("timed out", f"it took over {seconds:g} s")
        if started.exists():
            break
    assert _gone(int(started.read_text()))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone ends a child with its parent")
def test_a_step_ends_with_the_process_that_started_it(project):
    starts = (
        "import os, pathlib, time\n"
        "pathlib.Path('starting').write_text(str(os.getpid()))\n"
        "os.rename('starting', 'started')\n"
        "time.sleep(600)\n"
    )
    project.out.mkdir()
    (project.root.path / "rows").write_bytes(pickle.dumps(Runs(starts)))
    # The kernel refuses the step signals to its parent, which ends itself here.
    program = (
        "import os, threading, time\n"
        "from pathlib import Path\n"
        "from packager.worker.processes.child_process import run_child\n"
        "from packager.model.paths import Root\n"
        "def end():\n"
        "    while not Path('started').exists():\n"
        "        time.sleep(0.02)\n"
        "    os.kill(os.getpid(), 9)\n"
        "threading.Thread(target=end, daemon=True).start()\n"
        f"run_child('folds', {JOB!r}, Path({str(project.root.path / 'rows')!r}).read_bytes(),"
        f" Root(Path({str(project.root.path)!r})), Path({str(project.out)!r}))"
    )
    assert project.python(program).code == -9
    assert _gone(int((project.root.code / "started").read_text()))


def _gone(pid: int) -> bool:
    """Whether a process has ended, or is about to."""
    for _ in range(600):
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            return True
        if status.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False
