"""A step in a child process: whatever the recipe does there, the parent process continues."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from worker_projects import CHECKOUT, FOREST, Project

from packager.errors import PackageError
from packager.worker.job import FitResult
from packager.worker.processes.child_process import ChildResult, run_child


@pytest.fixture
def fit(project: Project, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch):
    """Train with a recipe, in a child of this process."""
    places = [str(project.root.code), str(CHECKOUT)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))
    project.data(rows)
    project.out.mkdir()

    def run(code: str, seconds: float | None = None) -> ChildResult:
        project.code(train=code)
        return run_child("fit", project.job().dump(), project.root, project.out, seconds)

    return run


def recipe(*lines: str) -> str:
    body = "\n".join(f"    {line}" for line in lines)
    return f"def train(features, target, *, params, seed):\n{body}\n"


@pytest.mark.slow
def test_a_step_that_finishes_leaves_its_result(fit, project):
    done = fit(FOREST, 300)
    assert (done.outcome, done.message) == ("finished", "")
    assert FitResult.load(done.or_raise("training") / "fit.json").loader == "joblib"


@pytest.mark.slow
def test_an_error_of_the_recipe_is_reported_as_the_recipe_raised_it(fit):
    done = fit(recipe("raise ValueError('no such luck')"))
    assert done.outcome == "failed"
    assert done.message == "the recipe raised ValueError: no such luck"
    with pytest.raises(PackageError, match="the folds failed: the recipe raised") as raised:
        done.or_raise("the folds")
    assert raised.value.hint == "see train.py:2 in the project"


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
    fit, code, outcome, message
):
    done = fit(recipe("print('about to end')", code))
    assert done.outcome == outcome
    assert done.message.startswith(f"its process ended with {message}")
    if "SIGSEGV" not in message:
        assert "about to end" in done.hint


@pytest.mark.slow
def test_a_step_that_takes_too_long_is_ended_with_all_that_it_started(fit, project):
    hangs = recipe(
        "import subprocess, sys, pathlib, time",
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])",
        "pathlib.Path('started').write_text(str(other.pid))",
        "while True:",
        "    try: time.sleep(600)",
        "    except BaseException: pass",
    )
    started = project.root.code / "started"
    for seconds in (6.0, 25.0, 120.0):  # a busy machine may need long to start it at all
        done = fit(hangs, seconds)
        assert (done.outcome, done.message) == ("timed out", f"it took over {seconds:g} s")
        if started.exists():
            break
    assert _gone(int(started.read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone ends a child with its parent")
def test_a_step_ends_with_the_process_that_started_it(project, rows, tmp_path):
    project.data(rows)
    project.code(
        train=recipe(
            "import os, pathlib, time",
            "pathlib.Path('starting').write_text(str(os.getpid()))",
            "os.rename('starting', 'started')",
            "time.sleep(600)",
        )
    )
    job = project.job()
    project.out.mkdir()
    (tmp_path / "job").write_bytes(job.dump())
    # The kernel refuses the recipe signals to its parent, which ends itself here.
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
        f"run_child('fit', Path({str(tmp_path / 'job')!r}).read_bytes(),"
        f" Root(Path({str(project.root.path)!r})), Path({str(project.out)!r}))"
    )
    assert project.python(program).code == -9
    assert _gone(int((project.root.code / "started").read_text()))


def _gone(pid: int) -> bool:
    """Whether a process has ended, or is about to."""
    for _ in range(100):
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            return True
        if status.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False
