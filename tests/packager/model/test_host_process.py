"""A forked process of the model host is as one of a new interpreter, but for its imports."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from worker_projects import RECIPE, SERVE, Project

from modelhost.confinement import VARIABLE, Confinement
from packager.manifest.base import Scalar
from packager.model.host_process import ForkServer, HostCommand
from packager.model.hosted import HostEndedError, ModelHost, ProjectCodeError

LIBRARIES = ["numpy", "numpy.random", "scipy"]
ROWS = pd.DataFrame({"x": [1.0, 2.0], "label": ["a", "b"]})
TRAIN = """
import os, signal, socket, sys

def train(features, target, *, params, seed):
    do = params["do"]
    if do == "tell":
        scipy = sys.modules.get("scipy")
        print(os.getpid(), os.getppid(), os.getsid(0), sys.argv[-1], os.environ.get("MODEL_ROOT"),
              getattr(scipy, "__file__", None), file=sys.stderr)
    if do == "exit":
        os._exit(3)
    if do == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if do == "network":
        socket.create_connection(("192.0.2.1", 80), 1)
    if do == "read":
        open(params["path"]).read()
    raise RuntimeError("told")
"""

DRAWING = """
import random
import numpy.random

class Predictor:
    classes_ = [str(random.random()), str(numpy.random.random())]

    @classmethod
    def load(cls, path):
        return cls()

    def predict(self, frame):
        return []
"""


@pytest.fixture
def command(project: Project) -> HostCommand:
    project.code(train=TRAIN)
    folder = project.root.code
    (folder / "drawing.py").write_text(DRAWING)
    (folder / "scipy.py").write_text("raise SystemExit('the project has been imported')\n")
    path = os.pathsep.join([*filter(None, sys.path), str(folder)])
    confined = Confinement("the model", str(project.root.path)).as_json()
    variables = {"PYTHONPATH": path, "PATH": os.environ["PATH"], VARIABLE: confined}
    return HostCommand([sys.executable], variables, folder)


@pytest.fixture
def forks(command: HostCommand) -> Iterator[ForkServer]:
    with ForkServer(command) as server:
        yield server


def told(command: HostCommand, do: str = "tell", **params: str) -> tuple[list[str], Exception]:
    """What the project prints in a process of ``command``, and the error that it raises."""
    lines: list[str] = []
    recipe = RECIPE.model_copy(update={"params": {"do": do, **params}})
    with ModelHost(command, lines.append) as host, pytest.raises(Exception) as raised:  # noqa: PT011
        host.train(recipe, ROWS, ["x"], ["label"])
    return lines, raised.value


def drawn(command: HostCommand) -> tuple[Scalar, ...]:
    """What the generators give while a model is loaded: no seed has been set then."""
    serve = SERVE.model_copy(update={"predictor": "drawing:Predictor"})
    with ModelHost(command) as host:
        return host.load(command.directory, serve, "classification").classes or ()


def wait_until_ended(process: int) -> None:
    until = time.monotonic() + 30
    while Path(f"/proc/{process}").exists():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.slow
def test_a_forked_process_has_the_libraries_and_a_session_and_numbers_of_its_own(
    command: HostCommand, forks: ForkServer
) -> None:
    forks.warm(LIBRARIES)
    forked = replace(command, forks=forks)
    first, second = (told(forked)[0][0].split() for _ in range(2))
    for process, parent, session, argument, root, *_ in (first, second):
        assert process == session
        assert int(parent) != os.getpid()
        assert (argument, root) == ("work", "None")
    assert first[1] == second[1]
    assert "site-packages" in first[5]  # not the project's file of that name
    assert {*drawn(forked)}.isdisjoint(drawn(forked))


@pytest.mark.slow
def test_a_forked_process_is_confined_as_asked(
    command: HostCommand, forks: ForkServer, tmp_path: Path
) -> None:
    forks.warm(LIBRARIES)
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    other = Confinement("the second model", str(command.directory.parent)).as_json()
    variables = {**command.environment, VARIABLE: other}
    forked = replace(command, environment=variables, forks=forks)
    _, error = told(forked, "network")
    assert "the second model tried to reach the network (192.0.2.1:80)" in str(error)
    _, error = told(forked, "read", path=str(secret))
    assert not isinstance(error, ProjectCodeError) or "told" not in str(error)


@pytest.mark.slow
def test_the_end_of_a_forked_process_is_reported_and_the_server_forks_on(
    command: HostCommand, forks: ForkServer
) -> None:
    forks.warm(LIBRARIES)
    forked = replace(command, forks=forks)
    parent = told(forked)[0][0].split()[1]
    _, error = told(forked, "exit")
    assert isinstance(error, HostEndedError)
    assert "ended with exit code 3" in error.message
    _, error = told(forked, "segfault")
    assert "signal SIGSEGV" in str(error)
    assert told(forked)[0][0].split()[1] == parent


@pytest.mark.slow
def test_another_folder_or_variable_or_no_server_means_an_interpreter_of_its_own(
    command: HostCommand, forks: ForkServer, tmp_path: Path
) -> None:
    own = str(os.getpid())
    assert told(replace(command, forks=forks))[0][0].split()[1] == own  # not started
    forks.warm([])
    assert told(replace(command, forks=forks))[0][0].split()[1] == own
    forks.warm(LIBRARIES)
    variables = {**command.environment, "MODEL_ROOT": "elsewhere"}
    process, parent, *_ = told(replace(command, environment=variables, forks=forks))[0][0].split()
    assert parent == own
    assert process != own


@pytest.mark.slow
def test_a_server_that_was_killed_takes_its_processes_along_and_is_not_missed(
    command: HostCommand, forks: ForkServer
) -> None:
    forks.warm(LIBRARIES)
    forked = replace(command, forks=forks)
    with ModelHost(forked) as host:
        process = host.environment() and host._process.pid
        server = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(server, signal.SIGKILL)
        wait_until_ended(process)
        with pytest.raises(HostEndedError, match="signal SIGKILL"):
            host.environment()
    assert told(forked)[0][0].split()[1] == str(os.getpid())
