"""A step in a child process: whatever the model does there, the parent process continues."""

from __future__ import annotations

import os
import pickle
import sys
import time
from pathlib import Path

import joblib
import pandas as pd
import pytest
from worker_projects import CHECKOUT, SERVE, Project

from packager.data.frames import infer_columns
from packager.errors import PackageError
from packager.manifest.evaluation import Compiled
from packager.manifest.manifest import Schema
from packager.worker.job import ModelJob
from packager.worker.processes.child_process import ChildResult, run_child

TREE = """
from sklearn.tree import DecisionTreeClassifier

class Model(DecisionTreeClassifier):
    pass
"""


@pytest.fixture
def search(project: Project, monkeypatch: pytest.MonkeyPatch):
    """Compile a model of the project's class, whose module holds ``code``, in a child process."""
    places = [str(project.root.code), str(CHECKOUT)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))
    folder = project.out / "work"
    folder.mkdir(parents=True)
    job, rows = stored(project)
    (folder / "rows.pickle").write_bytes(rows)

    def run(code: str, seconds: float | None = None) -> ChildResult:
        project.code(own=code)
        return run_child("compile", job, project.root, folder, seconds)

    return run


def stored(project: Project) -> tuple[bytes, bytes]:
    """A model on disk: the job that compiles it, and its held-out rows."""
    rows = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    project.code(own=TREE)
    from own import Model  # type: ignore[import-not-found]

    project.root.models.mkdir()
    joblib.dump(Model().fit(rows, ["a", "b", "a"]), project.root.model)
    schema = Schema(features=infer_columns(rows), classes=("a", "b"))
    serve = SERVE.model_copy(update={"compile": "auto"})
    asked = ModelJob(
        models=str(project.root.models), serve=serve, task="classification", schema_=schema
    )
    return asked.dump(), pickle.dumps(rows)


@pytest.mark.slow
def test_a_step_that_finishes_leaves_its_result(search):
    done = search(TREE, 300)
    assert (done.outcome, done.message) == ("finished", "")
    verdict = Compiled.load(done.or_raise("compiling") / "compiled.json")
    assert "no compiled form is known for own.Model" in verdict.reason


@pytest.mark.slow
def test_an_error_of_the_model_is_reported_as_the_model_raised_it(search):
    done = search("raise ValueError('no such luck')")
    assert done.outcome == "failed"
    assert done.message == "reading the model raised ValueError: no such luck"
    with pytest.raises(PackageError, match="the search failed: reading the model") as raised:
        done.or_raise("the search")
    assert raised.value.hint == "see own.py:1 in the project"


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
    search, code, outcome, message
):
    done = search(f"print('about to end'); {code}")
    assert done.outcome == outcome
    assert done.message.startswith(f"its process ended with {message}")
    if "SIGSEGV" not in message:
        assert "about to end" in done.hint


@pytest.mark.slow
def test_a_step_that_takes_too_long_is_ended_with_all_that_it_started(search, project):
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
        done = search(hangs, seconds)
        assert (done.outcome, done.message) == ("timed out", f"it took over {seconds:g} s")
        if started.exists():
            break
    assert _gone(int(started.read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone ends a child with its parent")
def test_a_step_ends_with_the_process_that_started_it(project):
    job, rows = stored(project)
    project.code(
        own="""
        import os, pathlib, time
        pathlib.Path('starting').write_text(str(os.getpid()))
        os.rename('starting', 'started')
        time.sleep(600)
        """
    )
    project.out.mkdir()
    (project.out / "rows.pickle").write_bytes(rows)
    (project.root.path / "job").write_bytes(job)
    # The kernel refuses the model signals to its parent, which ends itself here.
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
        f"run_child('compile', Path({str(project.root.path / 'job')!r}).read_bytes(),"
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
