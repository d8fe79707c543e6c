"""A model in a process of its own answers as one in this process, and may end without harm."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from worker_projects import RECIPE

from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Serve
from packager.model.host_process import HostCommand
from packager.model.hosted import (
    HostEndedError,
    HostTimeoutError,
    ModelHost,
    ProjectCodeError,
    SolutionMemberError,
    kind_of,
    reported,
)

ROWS = pd.DataFrame(
    {"x": np.arange(60.0), "color": ["red", "blue", None] * 20, "label": ["a", "b"] * 30}
)
FEATURES = ["x", "color"]
TRAIN = """
import os, signal, subprocess, sys, time

class Model:
    classes_ = ["a", "b"]

    def __init__(self, how):
        self.how = how

    def predict(self, frame):
        first = frame["color"].iloc[0]
        if self.how == "exit":
            os._exit(3)
        if self.how == "kill":
            if os.fork() == 0:
                time.sleep(60)  # it keeps the connection open
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "sleep":
            time.sleep(60)
        if self.how == "raise":
            raise ValueError("no such colour")
        print("noise on stdout", flush=True)
        return ["a" if value > 3 else "b" for value in frame["x"]]

    def predict_proba(self, frame):
        return [[0.25, 0.75]] * len(frame)

def train(features, target, *, params, seed):
    if params.get("key"):
        features[params["key"]]
    assert list(features.columns) == ["x", "color"], list(features.columns)
    assert target.name == "label"
    return Model(params.get("how"))
"""
SERVE = Serve.model_validate(
    {"predictor": "auto", "compile": "auto", "workers": 1, "strict": False}
)


@pytest.fixture
def command(project):
    project.code(train=TRAIN)
    folder = project.root.code
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    environment = {"PYTHONPATH": path, "PATH": os.environ["PATH"]}
    return HostCommand([sys.executable], environment, folder)


@pytest.fixture
def host(command):
    with ModelHost(command) as started:
        yield started


def trained(host, tmp_path, **params):
    host.train(RECIPE.model_copy(update={"params": params}), ROWS, FEATURES, ["label"])
    loader = host.save(tmp_path / "models", "auto")
    serve = SERVE.model_copy(update={"loader": loader})
    return host.load(tmp_path / "models" / "model", serve, "classification")


@pytest.mark.slow
def test_a_model_is_trained_saved_loaded_and_asked(host, tmp_path):
    model = trained(host, tmp_path)
    assert (model.classes, model.has_probabilities, model.type_name) == (("a", "b"), True, "Model")
    found = model.predict(ROWS[FEATURES])
    assert found.labels == ["b"] * 4 + ["a"] * 56
    assert found.probabilities.tolist() == [[0.25, 0.75]] * 60
    assert model.predict(ROWS[FEATURES].head(0)).labels == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("exit", "the model's process ended with exit code 3"),
        ("kill", "the model's process ended with signal SIGKILL, sent by another"),
    ],
)
def test_a_model_that_ends_its_process_is_reported_at_once(host, tmp_path, how, said):
    model = trained(host, tmp_path, how=how)
    began = time.monotonic()
    with pytest.raises(HostEndedError, match=said):
        model.predict(ROWS[FEATURES])
    assert time.monotonic() - began < 30  # not the end of the child that it forked
    assert not host.running
    with pytest.raises(HostEndedError):
        model.predict(ROWS[FEATURES])


@pytest.mark.slow
def test_a_model_that_hangs_is_killed(host, tmp_path):
    trained(host, tmp_path, how="sleep")
    from modelhost.wire import Message
    from packager.model.frame_columns import encode_frame

    specs, columns = encode_frame(ROWS[FEATURES])
    header = {"verb": "predict", "model": 0, "specs": [spec.as_json() for spec in specs]}
    header |= {"columns": columns.described, "rows": columns.rows}
    with pytest.raises(HostTimeoutError, match=r"the model took over 0\.2 s"):
        host.send(Message(header, columns.buffers), seconds=0.2)


@pytest.mark.slow
def test_errors_of_the_project_arrive_with_their_line(command, tmp_path, capfd):
    with ModelHost(command) as host:
        model = trained(host, tmp_path, how="raise")
        with pytest.raises(ProjectCodeError, match="raised ValueError: no such colour") as caught:
            model.predict(ROWS[FEATURES])
        assert (caught.value.kind, caught.value.key) == ("ValueError", None)
        assert caught.value.hint == "see train.py:21 in the project"
        assert host.running
    assert "Traceback" in capfd.readouterr().err  # all lines are written when the host is closed


@pytest.mark.slow
def test_a_missing_column_and_a_wrong_signature(host):
    with pytest.raises(ProjectCodeError) as caught:
        host.train(RECIPE.model_copy(update={"params": {"key": "y"}}), ROWS, FEATURES, ["label"])
    assert (caught.value.kind, caught.value.key) == ("KeyError", "y")
    with pytest.raises(UsageError, match="expected 'nothing' in module 'train'"):
        host.train(RECIPE.model_copy(update={"train": "train:nothing"}), ROWS, FEATURES, ["label"])


@pytest.mark.parametrize(
    ("changes", "error", "kind"),
    [
        ({}, PackageError, "PackageError"),
        ({"cause": "ZeroDivisionError"}, ProjectCodeError, "ZeroDivisionError"),
        ({"cause": "KeyError", "missing_key": "x"}, ProjectCodeError, "KeyError"),
        ({"cause": "ModuleNotFoundError", "exit_code": 2}, UsageError, "UsageError"),
        ({"unavailable": True}, SolutionMemberError, "SolutionMemberError"),
    ],
)
def test_an_error_keeps_the_class_of_what_the_project_raised(changes, error, kind):
    told = {"message": "m", "hint": "h", "exit_code": 1, "cause": None, "missing_key": None}
    told["unavailable"] = False
    found = reported({**told, **changes})
    assert (type(found), found.message, found.hint, kind_of(found)) == (error, "m", "h", kind)
    assert kind_of(ValueError()) == "ValueError"


def test_a_process_is_confined_before_its_interpreter_starts(command, tmp_path):
    def confine() -> None:
        os.chdir(tmp_path)

    with ModelHost(replace(command, confine=confine)) as started:
        assert os.readlink(f"/proc/{started._process.pid}/cwd") == str(tmp_path)
