"""A recipe can forge metrics measured in its own process; a replay measures in another one."""

from __future__ import annotations

import pandas as pd
import pytest
from worker_projects import Project

from packager.worker.replay.report import ReplayReport

FORGING = """
    import packager.worker.train_job as worker
    from sklearn.dummy import DummyClassifier

    def forged(*arguments, true=worker.evaluate):
        found = true(*arguments)
        better = found.overall.model_copy(update={"values": {"accuracy": 1.0}})
        return found.model_copy(update={"overall": better})

    def train(features, target, *, params, seed):
        worker.evaluate = forged
        return DummyClassifier(strategy="most_frequent").fit(features, target)
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
    assert result.evaluation.overall.values == {"accuracy": 1.0}  # docs/security.md says so
    project.package(job, result)
    out = project.out.parent / "replayed"
    ended = project.replay(out)
    report = ReplayReport.load(out / "report.json")
    assert (ended.code, report.passed, report.level) == (1, False, "artifact")
    accuracy = report.metrics["accuracy"]
    assert (accuracy.ok, accuracy.recorded) == (False, 1.0)
    assert accuracy.now is not None
    assert accuracy.now < 1
