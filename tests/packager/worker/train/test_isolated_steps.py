"""Measurements of a finished model in other processes: their failure doesn't fail the build."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from worker_projects import CHECKOUT, SERVE, Project

from modelhost.storage import save_model
from packager.data.frames import infer_columns
from packager.errors import PackageError
from packager.manifest.evaluation import Compilation
from packager.manifest.manifest import Schema
from packager.model.hosted import HostEndedError
from packager.worker.processes.resilient_model import StoredModel
from packager.worker.train import isolated_steps
from packager.worker.train.isolated_steps import IsolatedSteps

ROWS = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 3)), columns=["a", "b", "c"])
TOLD = "the model's process ended with signal SIGSEGV: a crash in compiled code"


@pytest.fixture
def model(project: Project, monkeypatch: pytest.MonkeyPatch):
    """A fitted model on disk, as a build has it."""
    monkeypatch.setenv("PYTHONPATH", f"{project.root.code}{os.pathsep}{CHECKOUT}")

    def made(task="classification", mode="auto", native=None) -> IsolatedSteps:
        target = ROWS["b"] > 0 if task == "classification" else ROWS["b"] * 2.0
        kind = LogisticRegression if task == "classification" else LinearRegression
        save_model(native or kind().fit(ROWS, target), project.root.models, os)
        schema = Schema(
            features=infer_columns(ROWS),
            classes=(False, True) if task == "classification" else None,
        )
        serve = SERVE.model_copy(update={"compile": mode})
        return IsolatedSteps(StoredModel(project.root.models, serve, task), schema, project.root)

    return made


@pytest.mark.slow
def test_features_are_ordered_by_what_they_count(model):
    made = model()
    assert made.ranked(ROWS, made.schema.features)[0].name == "b"


@pytest.mark.slow
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_compiled_form_is_found_and_only_classes_are_called_likely(model, task, tmp_path):
    verdict = model(task).compiled(ROWS, tmp_path / "form")
    assert verdict.verdict == "equal", verdict.reason
    assert (tmp_path / "form/form.json").is_file()
    likeliest = any("likeliest classes" in line for line in verdict.domain)
    assert likeliest == (task == "classification")


ENDS = """
import os, sys

def step(frame):
    if "pytest" not in sys.modules:
        print("about to end", flush=True)
        os.kill(os.getpid(), 11)
    return frame
"""


@pytest.mark.slow
def test_what_crashes_costs_the_order_and_the_compiled_form(model, project, tmp_path, capsys):
    project.code(ends=ENDS)
    from ends import step  # type: ignore[import-not-found]

    pipeline = make_pipeline(FunctionTransformer(step), LogisticRegression())
    native = pipeline.fit(ROWS, ROWS["b"] > 0)
    made = model(native=native)
    assert made.ranked(ROWS, made.schema.features) == list(made.schema.features)
    assert (
        f"feature importance is unknown, because {TOLD}; the first features are monitored\n"
        in capsys.readouterr().err
    )
    verdict = made.compiled(ROWS, tmp_path / "form")
    assert (verdict.verdict, verdict.reason) == ("refused", f"its search failed: {TOLD}")
    assert not (tmp_path / "form").exists()
    said = capsys.readouterr().err
    assert f"the model is not compiled: {TOLD}; a library crashed: the traceback" in said
    assert "about to end" in said
    with pytest.raises(HostEndedError, match="ended with signal SIGSEGV: a crash in"):
        model(mode="require", native=native).compiled(ROWS, tmp_path / "form")


def test_off_is_off_and_clears_what_lay_there(model, tmp_path):
    (tmp_path / "form").mkdir()
    assert model(mode="off").compiled(ROWS, tmp_path / "form") == Compilation(verdict="off")
    assert not (tmp_path / "form").exists()


@pytest.mark.slow
def test_a_model_that_takes_too_long_is_not_compiled(model, tmp_path, monkeypatch):
    monkeypatch.setattr(isolated_steps, "COMPILE_TIMEOUT_SECONDS", 0.05)
    verdict = model().compiled(ROWS, tmp_path / "form")
    assert verdict.reason == "its search failed: the model took over 0.05 s"


@pytest.mark.slow
def test_a_model_that_raises_on_exchanged_values_costs_the_order_alone(model, project, capsys):
    project.code(
        odd="""
        class Odd:
            classes_ = [False, True]

            def predict(self, frame):
                if (frame["a"] > frame["high"]).any():
                    raise ValueError("a is above its bound")
                return [True] * len(frame)
        """
    )
    import odd  # type: ignore[import-not-found]

    made = model(native=odd.Odd())
    rows = ROWS.assign(high=ROWS["a"] + 0.1)
    columns = infer_columns(rows)
    made = replace(made, schema=Schema(features=columns))
    assert made.ranked(rows, columns) == list(columns)
    said = capsys.readouterr().err
    assert "because the model raised ValueError: a is above its bound" in said
    assert "Traceback" not in said


@pytest.mark.slow
def test_require_is_refused_with_the_reason_of_the_search(model, project):
    project.code(
        own="""
        from sklearn.linear_model import LogisticRegression

        class Own(LogisticRegression):
            pass
        """
    )
    from own import Own  # type: ignore[import-not-found]

    made = model(mode="require", native=Own().fit(ROWS, ROWS["b"] > 0))
    with pytest.raises(PackageError, match=r"can't be compiled: no compiled form is known for own"):
        made.compiled(ROWS, Path(project.out / "form"))


@pytest.mark.slow
def test_models_of_thousands_of_features_are_not_compiled(model, tmp_path):
    wide = pd.DataFrame(np.zeros((4, 1_001)), columns=[f"f{n}" for n in range(1_001)])
    made = model()
    made = replace(made, schema=Schema(features=infer_columns(wide)))
    reason = made.compiled(wide, tmp_path / "form").reason
    assert reason == "models of up to 1,000 features are compiled, got 1,001"
