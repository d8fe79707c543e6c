"""Out-of-fold predictions, by the recipe's own model or the default model.

They are made in another process: a recipe that hangs, crashes or raises only disables the label
check.
"""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from packager.data.checks.cross_validation import (
    FitPredict,
    FoldPredictions,
    Folds,
    OutOfFoldPredictions,
)
from packager.data.checks.default_model import default_model
from packager.data.checks.issue import NotApplicableError
from packager.errors import PackageError
from packager.manifest.base import Task
from packager.manifest.manifest import Recipe
from packager.model.hosted import ModelHost, discard
from packager.model.paths import Root
from packager.worker.job import FoldsJob, Job
from packager.worker.processes.child_process import given_to_child, run_child
from packager.worker.processes.host_command import training_host
from packager.worker.processes.resilient_model import StoredModel
from packager.worker.train.evaluate import numbers
from packager.worker.train.fitted_columns import features_of_model

RECIPE_TIMEOUT_SECONDS = 30.0
"""Time limit of the recipe for all three folds."""
DEFAULT_MODEL_TIMEOUT_SECONDS = 60.0
_ANSWERS = "folds.npz"


def by_recipe(folds: Folds, job: Job, root: Root) -> OutOfFoldPredictions:
    """Predictions of the recipe's own model; raise ``NotApplicableError`` if it fails."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name).resolve()
        try:
            host = ModelHost(training_host(root, scratch), discard)
            with host, host.within(RECIPE_TIMEOUT_SECONDS):
                return folds.predict_all(_fit_predict(job, host, scratch))
        except PackageError as error:
            raise NotApplicableError(error.message) from error


def by_default_model(folds: Folds, task: Task, root: Root) -> OutOfFoldPredictions:
    """Predictions of the default model; raise ``NotApplicableError`` if it fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        job_bytes, rows = FoldsJob(task=task).dump(), pickle.dumps(folds)
        ended = run_child("folds", job_bytes, rows, root, folder, DEFAULT_MODEL_TIMEOUT_SECONDS)
        if not ended.finished:
            raise NotApplicableError(f"the default model failed: {ended.message}")
        with np.load(folder / _ANSWERS) as arrays:
            return OutOfFoldPredictions(
                arrays["rows"], folds.classes, arrays["target_values"], arrays["predictions"]
            )


def predict_folds(job: FoldsJob, out: Path) -> None:
    """In the child process: write ``out``/folds.npz."""
    folds: Folds = pickle.loads(given_to_child())
    try:
        out_of_fold = folds.predict_all(default_model(job.task))
    except NotApplicableError as error:
        raise PackageError(str(error)) from error
    np.savez(
        out / _ANSWERS,
        rows=out_of_fold.rows,
        target_values=out_of_fold.target_values,
        predictions=out_of_fold.predictions,
    )


def _fit_predict(job: Job, host: ModelHost, scratch: Path) -> FitPredict:
    """Fit and predict with the recipe's own model, saved and loaded as for serving."""
    recipe = job.recipe
    assert isinstance(recipe, Recipe)

    def fit_predict(
        features: pd.DataFrame, target: pd.Series[Any], rows: pd.DataFrame
    ) -> FoldPredictions:
        names = [str(name) for name in features.columns]
        known = features.assign(**{str(target.name): target})
        host.train(recipe, known, names, [str(target.name)], job.serve.features)
        models = Path(tempfile.mkdtemp(dir=scratch))
        loader = host.save(models, job.serve.predictor)
        serve = job.serve.model_copy(update={"loader": loader})
        loaded = StoredModel(models, serve, job.task).load(host)
        answers = loaded.predict(rows[list(features_of_model(loaded, rows, tuple(names)))])
        if job.task == "regression":
            return None, numbers(answers.labels)
        if answers.probabilities is None:
            raise NotApplicableError("it predicts labels without probabilities")
        return loaded.classes, answers.probabilities

    return fit_predict
