"""A recipe can forge answers in its own process; a replay measures in another one."""

from __future__ import annotations

import pandas as pd
import pytest
from worker_projects import Project

from packager.worker.replay.report import ReplayReport

FORGING = """
    from modelhost.model import LoadedModel
    from modelhost.predictions import Predictions

    class Always:
        def predict(self, frame):
            return ["big"] * len(frame)

    def forged(model, frame, specs):
        return Predictions(["big" if size > 4 else "small" for size in frame["size"]], None)

    def train(features, target, *, params, seed):
        LoadedModel.predict = forged
        return Always()
"""


@pytest.mark.slow
def test_a_metric_that_the_recipe_forged_is_recorded_and_fails_the_replay(
    project: Project, rows: pd.DataFrame
) -> None:
    project.code(train=FORGING)
    project.data(rows)
    job = project.job()
    result = project.train(job)
    assert result.evaluation is not None
    assert result.evaluation.overall.values["accuracy"] == 1.0  # docs/security.md says so
    project.package(job, result)
    out = project.out.parent / "replayed"
    ended = project.replay(out)
    report = ReplayReport.load(out / "report.json")
    assert (ended.code, report.passed, report.level) == (1, False, "artifact")
    accuracy = report.metrics["accuracy"]
    assert (accuracy.ok, accuracy.recorded) == (False, 1.0)
    assert accuracy.now is not None
    assert accuracy.now < 1
