"""The project's code runs in other processes than this one, which measures."""

from __future__ import annotations

import sys

import pandas as pd
import pytest
from worker_projects import RECIPE, RULE, Project

from packager.worker.job import SeedSweepJob
from packager.worker.seeds import train_seeds

TAMPERS = """
    import sklearn.metrics
    import numpy as np
    import packager.worker.train.evaluate as judge

    def train(features, target, *, params, seed):
        sklearn.metrics.f1_score = lambda *_, **__: 1.0
        judge.metrics = judge.evaluate = None
        np.mean = lambda *_, **__: 1.0
        return Always()

    class Always:
        def predict(self, frame):
            return ["big"] * len(frame)
"""


@pytest.mark.slow
def test_a_recipe_changes_nothing_of_what_measures_it(project: Project, rows: pd.DataFrame):
    project.code(train=TAMPERS)
    project.data(rows)
    found = project.train_here(project.job()).evaluation
    assert found is not None
    assert found.overall.values["balanced_accuracy"] == 0.5
    assert found.overall.values["f1_macro"] < 0.5
    assert "train" not in sys.modules


@pytest.mark.slow
def test_seeds_are_trained_in_a_process_each(project: Project, rows: pd.DataFrame):
    project.code(train=RULE)
    project.data(rows)
    spread = train_seeds(SeedSweepJob(job=project.job(), count=2), project.root, project.out)
    assert spread.seeds == (RECIPE.seed, RECIPE.seed + 1)
    assert "train" not in sys.modules
