"""Metrics of the project's own function beside the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from worker_projects import Project

from packager.errors import UsageError
from packager.manifest.evaluation import Evaluation, MetricValues
from packager.manifest.outputs import Output
from packager.model.predictions import Predictions
from packager.worker.train.dataset import Dataset
from packager.worker.train.own_metrics import with_own_metrics

FRAME = pd.DataFrame({"x": [0.0, 1.0, 2.0], "y": [1.0, 2.0, 3.0], "other": [0, 0, 0]})
MASKS = {"late": np.array([False, True, True])}


class Measuring:
    """A model whose function of metrics returns what it is given."""

    def __init__(self, measured: dict[str, Any]) -> None:
        self._measured = measured
        self.asked: list[Any] = []

    def predict(self, frame: pd.DataFrame) -> Predictions:
        """The first feature."""
        return Predictions(frame["x"].tolist(), None)

    def measure(self, function, rows, features, targets, found) -> dict[str, Any]:
        """The given metrics."""
        self.asked = [function, list(rows.columns), features, targets, found.labels]
        return self._measured


def measured(model: Any) -> Evaluation:
    overall = MetricValues(rows=3, values={"mae": 1.0}, intervals={"mae": (0.5, 1.5)})
    slices = {"late": MetricValues(rows=2, values={"mae": 2.0})}
    dataset = Dataset(FRAME, FRAME, ("x",), ("y",), metrics="own:metrics")
    return with_own_metrics(Evaluation(overall=overall, slices=slices), model, dataset, MASKS)


def test_a_column_has_a_mean_overall_and_by_slice_and_a_number_has_none() -> None:
    model = Measuring({"cost": [1.0, None, 3.0], "single": 7.0})
    found = measured(model)
    assert found.overall.values == {"mae": 1.0, "cost": 2.0, "single": 7.0}
    assert found.overall.intervals.keys() == {"mae", "cost"}
    assert found.slices["late"].values == {"mae": 2.0, "cost": 3.0}
    assert model.asked == ["own:metrics", ["x", "y"], ["x"], ("y",), [0.0, 1.0, 2.0]]


def test_a_name_that_is_taken_is_refused() -> None:
    with pytest.raises(UsageError, match="expected names of its own, got 'mae'"):
        measured(Measuring({"mae": 1.0}))


@pytest.mark.slow
def test_the_function_runs_in_the_models_process(project: Project, rows: pd.DataFrame) -> None:
    project.code(
        train="""
        import os
        import numpy as np

        class Mean:
            def predict(self, frame):
                return np.full((len(frame), 3), [1.0, 2.0, 3.0])

        def train(features, target, *, params, seed):
            Mean.process = os.getpid()
            return Mean()

        def metrics(features, target, answers, *, probabilities):
            assert os.getpid() == getattr(Mean, "process", os.getpid())
            assert probabilities is None
            worst = [max(abs(a - t) for a, t in zip(answer, right))
                     for answer, right in zip(answers, target.to_numpy().tolist())]
            return {"worst": worst, "columns": len(features.columns)}
        """
    )
    project.data(rows.assign(d1=1.0, d2=2.5, d3=3.0))
    output = Output(name="y", kind="numbers", target=("d1", "d2", "d3"), shape=(3,))
    job = project.job()
    changed = {
        "task": "outputs",
        "target": None,
        "serve": job.serve.model_copy(update={"outputs": (output,)}),
        "recipe": job.recipe.model_copy(update={"metrics": "train:metrics"}),
    }
    evaluation = project.train_here(job.model_copy(update=changed)).evaluation
    assert evaluation is not None
    assert evaluation.overall.values["worst"] == 0.5
    assert evaluation.overall.values["columns"] == len(rows.columns)
    assert evaluation.overall.values["mae_d2"] == 0.5
    assert evaluation.overall.intervals["worst"] == (0.5, 0.5)
