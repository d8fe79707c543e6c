"""Shares of suspicious values, compared with those at packaging."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from judged_packages import judge_on, sizes
from worker_projects import RECIPE, Project

from packager.manifest.policy import Policy
from packager.model.paths import Root


@pytest.mark.slow
def test_missing_and_unseen_values_beyond_the_usual_share_fail(package: Project) -> None:
    frame = sizes(2_000, 7)
    frame.loc[:199, "color"] = None
    frame.loc[300:399, "color"] = "violet"
    report = judge_on(package, frame)
    failed = {c.name: c for c in report.checks if c.verdict == "failed"}
    assert {"missing color", "unseen color"} <= set(failed)
    assert failed["unseen color"].now == pytest.approx(0.05)
    assert failed["unseen color"].examples[0] == {"row": 300, "cells": {"color": "violet"}}


LINE = """
    class Line:
        def predict(self, frame):
            return 2 * frame["size"].to_numpy(float)

    def train(features, target, *, params, seed):
        return Line()
"""


def priced(rows: int, seed: int) -> pd.DataFrame:
    """Rows whose label is twice the size and noise."""
    frame = sizes(rows, seed)
    return frame.assign(
        label=(2 * frame["size"] + np.random.default_rng([seed, 1]).normal(size=rows))
    )


@pytest.mark.slow
def test_damaged_labels_of_a_regression_fail_by_their_range(tmp_path: Path) -> None:
    project = Project(Root(tmp_path / "root"), tmp_path / "out")
    project.code(train=LINE)
    project.data(priced(2_000, 1))
    split: Any = {"test": 0.5, "seed": 1}
    job = project.job(
        recipe=RECIPE, task="regression", exclude=("id",), split=split, query_model=True
    )
    project.package(job, project.train_here(job), test=Policy())
    assert [c for c in judge_on(project, priced(800, 2)).checks if c.verdict == "failed"] == []

    frame = priced(800, 3)
    frame.loc[:39, "label"] = 1e300
    report = judge_on(project, frame)
    (failed,) = [c for c in report.checks if c.verdict == "failed"]
    assert (failed.family, failed.name) == ("suspects", "above_range label")
    assert failed.now == pytest.approx(0.05, abs=0.005)
    assert failed.why.startswith("label: 5.")
    assert failed.why.endswith("% values above those of training, 0.10% when packaged")
    assert failed.examples[0] == {"row": 0, "cells": {"label": 1e300}}
