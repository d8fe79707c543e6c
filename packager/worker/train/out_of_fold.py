"""Out-of-fold predictions, by the recipe's own model or the default model.

They run in a child process: a recipe that hangs, crashes or raises only disables the label check.
"""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from modelhost.recipe import call_recipe
from modelhost.storage import save_model
from packager.data.checks.cross_validation import FitPredict, FoldPredictions, Folds, OutOfFold
from packager.data.checks.default_model import default_model
from packager.data.checks.issue import NotApplicableError
from packager.errors import PackageError
from packager.manifest.manifest import Recipe
from packager.model.model import load_model_from
from packager.model.paths import Root
from packager.worker.job import FoldsJob, Job
from packager.worker.processes.child_process import run_child
from packager.worker.train.evaluate import numbers
from packager.worker.train.fitted_columns import taken_features

RECIPE_TIMEOUT_SECONDS = 30.0
"""Time limit of the recipe for all three folds."""
DEFAULT_MODEL_TIMEOUT_SECONDS = 60.0
_ROWS = "folds.pickle"
_ANSWERS = "folds.npz"


def out_of_fold(folds: Folds, job: Job, root: Root, *, own: bool) -> OutOfFold:
    """Compute the predictions in a child process; raise ``NotApplicableError`` if it fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / _ROWS).write_bytes(pickle.dumps(folds))
        asked = FoldsJob(job=job, own=own).dump()
        seconds = RECIPE_TIMEOUT_SECONDS if own else DEFAULT_MODEL_TIMEOUT_SECONDS
        ended = run_child("folds", asked, root, folder, seconds, quiet=True)
        if not ended.finished:
            raise NotApplicableError(ended.message)
        with np.load(folder / _ANSWERS) as found:
            return OutOfFold(found["rows"], folds.classes, found["given"], found["answers"])


def ask_folds(asked: FoldsJob, out: Path) -> None:
    """The child process: read ``out``/folds.pickle, write ``out``/folds.npz."""
    folds: Folds = pickle.loads((out / _ROWS).read_bytes())
    job = asked.job
    try:
        if asked.own:
            assert isinstance(job.recipe, Recipe)
            found = folds.answered(_by_recipe(job, job.recipe, out))
        else:
            found = folds.answered(default_model(job.task))
    except NotApplicableError as error:
        raise PackageError(str(error)) from error
    np.savez(out / _ANSWERS, rows=found.rows, given=found.given, answers=found.answers)


def _by_recipe(job: Job, recipe: Recipe, scratch: Path) -> FitPredict:
    """Fit and predict with the recipe's own model, saved and loaded as for serving."""

    def fit_predict(
        features: pd.DataFrame, target: pd.Series[Any], rows: pd.DataFrame
    ) -> FoldPredictions:
        model, module = call_recipe(recipe.train, recipe.params, recipe.seed, features, target)
        models = Path(tempfile.mkdtemp(dir=scratch))
        loader = save_model(model, models, module, job.serve.predictor)
        serve = job.serve.model_copy(update={"loader": loader})
        loaded = load_model_from(models / "model", serve, job.task)
        answers = loaded.predict(rows[list(taken_features(loaded, rows, tuple(rows.columns)))])
        if job.task == "regression":
            return None, numbers(answers.labels)
        if answers.probabilities is None:
            raise NotApplicableError("it predicts labels without probabilities")
        return loaded.classes, answers.probabilities

    return fit_predict
