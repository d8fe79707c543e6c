"""A model in its own process may raise, exit, crash or hang; it is then loaded again."""

from __future__ import annotations

import joblib
import pandas as pd
import pytest
from worker_projects import SERVE

from packager.data.frames import infer_columns
from packager.errors import PackageError
from packager.manifest.manifest import Schema
from packager.worker.processes import resilient_model
from packager.worker.processes.host_command import model_host
from packager.worker.processes.resilient_model import ResilientModel, StoredModel

SCHEMA = Schema(features=infer_columns(pd.DataFrame({"x": [1.0, 2.0]})))
MODEL = """
import os, time

class Moody:
    def predict(self, frame):
        print("the model talks")
        x = frame["x"].iloc[0]
        if x == 1: raise ValueError("no")
        if x == 2: os._exit(3)
        if x == 3: time.sleep(60)
        if x == 4: return [float("nan")] * len(frame)
        return [2 * x] * len(frame)
"""


@pytest.fixture
def asker(project, tmp_path):
    """A model whose behaviour is selected by the first number of its row."""
    project.code(moody=MODEL)
    from moody import Moody  # type: ignore[import-not-found]

    (tmp_path / "models").mkdir()
    joblib.dump(Moody(), tmp_path / "models" / "model")
    stored = StoredModel(tmp_path / "models", SERVE, "regression")
    return ResilientModel(stored, SCHEMA, model_host(project.root, stored.models), seconds=5.0)


@pytest.mark.slow
def test_whatever_becomes_of_the_model_the_next_rows_are_answered(asker, capfd):
    with asker:
        outcomes = [asker.query([{"x": float(x)}]).outcome for x in (5, 1, 2, 5, 3, 4, 5)]
        assert outcomes == [
            *("answered", "raises", "ends", "answered", "hangs", "no answer", "answered")
        ]
        assert asker.ended == 2
        assert asker.query([{"x": 6.0}, {"x": 7.0}]).answers[0]["prediction"] == 12.0
    assert "the model talks" not in capfd.readouterr().err


@pytest.mark.slow
def test_after_some_ends_no_further_process_is_started(asker, monkeypatch):
    monkeypatch.setattr(resilient_model, "MAX_ENDED", 1)
    with asker:
        assert asker.query([{"x": 2.0}]).outcome == "ends"
        assert not asker.may_end
        assert asker.query([{"x": 5.0}]).outcome == "not asked"


@pytest.mark.slow
def test_a_model_that_can_not_be_loaded_is_reported_with_what_it_said(asker, project):
    project.code(moody="raise ImportError('gone')\nclass Moody: ...\n")
    with pytest.raises(PackageError, match="can't be loaded in a process that has not") as caught:
        asker.__enter__()
    assert "raised ImportError: gone" in caught.value.message
    assert caught.value.hint == "see moody.py:1 in the project"
