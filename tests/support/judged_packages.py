"""A small package below a root folder, and new data to test it on, in this process."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from worker_projects import RECIPE, Project

from packager.manifest.policy import Policy
from packager.model.paths import Root
from packager.worker.job import DataTestJob
from packager.worker.test.report import Check, DataTestReport
from packager.worker.test.run import run_test

SURE = """
    import numpy as np

    class Sure:
        classes_ = np.array(["big", "small"])

        def predict_proba(self, frame):
            chance = 1 / (1 + np.exp(5 - np.asarray(frame["size"], float)))
            return np.column_stack([chance, 1 - chance])

        def predict(self, frame):
            if (frame["color"] == "fatal").any():
                raise ValueError("no such color")
            return self.classes_[self.predict_proba(frame).argmax(axis=1)]

    def train(features, target, *, params, seed):
        return Sure()
"""
"""A model with calibrated probabilities, if labels are drawn as ``sizes`` draws them."""


def sizes(rows: int, seed: int) -> pd.DataFrame:
    """Rows whose label is drawn with the probability that ``SURE`` gives."""
    draw = np.random.default_rng(seed)
    size = draw.normal(5, 2, rows).round(3)
    chance = 1 / (1 + np.exp(5 - size))
    return pd.DataFrame(
        {
            "id": np.arange(rows) + 1_000 * seed,
            "size": size,
            "color": draw.choice(["red", "green", "blue"], rows, p=[0.5, 0.3, 0.2]),
            "label": np.where(draw.random(rows) < chance, "big", "small"),
        }
    )


def packaged(
    folder: Path,
    policy: Mapping[str, Any] = {},
    rows: int = 4_000,
    excluded: Mapping[str, Any] = {},
    frame: pd.DataFrame | None = None,
) -> Project:
    """A package of ``SURE`` below ``folder``, half of whose rows are held out.

    ``excluded``: more columns of the data, which the model doesn't see; ``frame``: other rows.
    """
    project = Project(Root(folder / "root"), folder / "out")
    project.code(train=SURE)
    project.data((sizes(rows, 1) if frame is None else frame).assign(**excluded))
    job = project.job(
        recipe=RECIPE,
        exclude=("id", *excluded),
        slices_columns=("color",),
        split={"test": 0.5, "seed": 1},
        query_model=True,
        test=dict(policy),
    )
    result = project.train_here(job)
    project.package(job, result, test=Policy.model_validate(dict(policy)))
    return project


def judge_on(
    project: Project, frame: pd.DataFrame, labels: pd.DataFrame | None = None, **job: Any
) -> DataTestReport:
    """Test the package on ``frame``."""
    for folder in (project.root.new, project.root.labels):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    frame.to_csv(project.root.new / "new.csv", index=False)
    if labels is not None:
        labels.to_csv(project.root.labels / "labels.csv", index=False)
        job = {"labels": "labels.csv", "on": ("id",), **job}
    out = project.out.parent / "tested"
    out.mkdir(exist_ok=True)
    return run_test(DataTestJob(source="new.csv", **job), project.root, out)


def check(report: DataTestReport, family: str, name: str) -> Check:
    """The check of this name."""
    return next(c for c in report.checks if (c.family, c.name) == (family, name))
