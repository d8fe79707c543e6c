"""A process is lent again after a step that left it whole, and replaced after one that did not."""

from __future__ import annotations

import time

import joblib
import pandas as pd
import pytest
from worker_projects import SERVE, Project

from packager.model import host_output
from packager.model.hosted import ModelHost, discard
from packager.worker.processes.asked_model import StoredModel
from packager.worker.processes.host_command import model_host
from packager.worker.processes.shared_host import SharedHost

pytestmark = pytest.mark.slow

MODEL = """
import os, sys, threading

class Model:
    def predict(self, frame):
        x = frame["x"].iloc[0]
        print("said", x, file=sys.stderr)
        if x == 1:
            os.write(2, b"no end of a line")
        if x == 2:
            threading.Timer(0.2, os._exit, (3,)).start()
        if x == 3:
            os.close(2)
        return [float(os.getpid())] * len(frame)
"""


@pytest.fixture
def stored(project: Project) -> StoredModel:
    project.code(steps=MODEL)
    from steps import Model  # type: ignore[import-not-found]

    project.root.models.mkdir(exist_ok=True)
    joblib.dump(Model(), project.root.models / "model")
    return StoredModel(project.root.models, SERVE, "regression")


def asked(stored: StoredModel, host: ModelHost, x: float) -> float:
    """The id of the process that answered."""
    return float(stored.load(host).predict(pd.DataFrame({"x": [x]})).labels[0])


def test_steps_share_a_process_and_each_sees_its_own_lines(project: Project, stored: StoredModel):
    first: list[str] = []
    second: list[str] = []
    with SharedHost(model_host(project.root, stored.models)) as hosts:
        hosts.start()
        with hosts.lent(first.append) as host:
            one = asked(stored, host, 1.0)
        with hosts.lent(second.append) as host:
            assert stored.load(host).predict(pd.DataFrame({"x": [5.0]})).labels[0] == one
    assert first == ["said 1.0", "no end of a line"]
    assert second == ["said 5.0"]


@pytest.mark.parametrize("ending", [2.0, 3.0])
def test_a_process_that_ends_or_hides_its_output_is_replaced(
    project: Project, stored: StoredModel, ending: float, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(host_output, "HAND_OVER_SECONDS", 0.5)
    with SharedHost(model_host(project.root, stored.models)) as hosts:
        with hosts.lent(discard) as host:
            one = asked(stored, host, ending)
            wait = 0 if ending == 3.0 else 100
            while host.running and wait:
                time.sleep(0.1)
                wait -= 1
        with hosts.lent(discard) as host:
            assert asked(stored, host, 5.0) != one


def test_after_an_error_the_process_is_ended(project: Project, stored: StoredModel):
    with SharedHost(model_host(project.root, stored.models)) as hosts:
        with pytest.raises(ValueError, match="a step"), hosts.lent(discard) as host:
            raise ValueError("a step")
        assert not host.running
        with hosts.lent(discard) as other:
            assert other is not host
    assert not other.running
