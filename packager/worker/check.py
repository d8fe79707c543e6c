"""``check``: the detectors on a package's data, with its recipe's own model where that can be."""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pandas as pd

from packager.data.checks import check as checks
from packager.data.checks.finding import Report
from packager.data.checks.folds import Answers, FitPredict, OutOfFold, out_of_fold, stand_in
from packager.data.checks.suspects import Mask
from packager.data.checks.table import Table
from packager.data.fingerprint import row_hashes
from packager.data.nullwords import words_read_as_null
from packager.data.split import test_mask
from packager.errors import PackageError
from packager.manifest import Recipe
from packager.worker.dataset import feature_names, prepare
from packager.worker.evaluate import numbers
from packager.worker.job import CheckJob, Job
from packager.worker.model import load_model_at
from packager.worker.paths import Root
from packager.worker.recipe import call_recipe
from packager.worker.source import Source, read_held_out, read_source
from packager.worker.storage import save_model

SECONDS = 30.0
"""Longest time that the recipe may take for all three folds; then a stand-in takes its place."""


class _TooSlowError(BaseException):
    """Not an ``Exception``, so that a recipe that catches everything doesn't catch it."""


def check(asked: CheckJob, root: Root, out: Path) -> Report:
    """Look for dirt in the data as ``asked``; write ``out``/check.json.

    Raise ``UsageError`` where training would: for an absent target, say.
    """
    out.mkdir(parents=True, exist_ok=True)
    source = read_source(root, asked.job.reader)
    prepare(source, asked.job, root)  # refuses what training would refuse
    table = _table(asked, source, root)
    tell = _say if len(table) > checks.LARGE else _nothing
    tell("cross-validation")
    predictions, notes = _predictions(asked.job, table)
    report = checks.check(table, predictions, notes=notes, tell=tell)
    (out / "check.json").write_bytes(report.dump())
    return report


def _table(asked: CheckJob, source: Source, root: Root) -> Table:
    job, frame = asked.job, source.served
    features = feature_names(frame, job)
    hashes = row_hashes(source.frame)
    if job.split.file is not None:
        test = read_held_out(source, job, root)
        held_out = np.arange(len(frame) + len(test.frame)) >= len(frame)
        hashes = np.concatenate([hashes, row_hashes(test.frame)])
        frame = pd.concat([frame, test.served], ignore_index=True)
    else:
        held_out = _mask(frame, job, features)
    return Table(
        frame,
        hashes,
        features,
        train_only=job.train_only,
        target=job.target,
        task=job.task,
        held_out=held_out,
        source_rows=len(source.frame),
        null_words=words_read_as_null(root.source, source.served, job.reader),
        split=job.split,
        expected=asked.expected,
    )


def _mask(frame: pd.DataFrame, job: Job, features: tuple[str, ...]) -> Mask:
    """Which rows are held out; those without a target are in neither part, and count as trained."""
    labelled = frame[job.target].notna().to_numpy()
    held_out = np.zeros(len(frame), dtype=np.bool_)
    held_out[labelled] = test_mask(frame.loc[labelled], job.split, features)
    return held_out


def _predictions(job: Job, table: Table) -> tuple[OutOfFold | None, list[str]]:
    """Out-of-fold predictions, and what has to be said about them."""
    if not isinstance(job.recipe, Recipe):
        note = "label_error: a stand-in model, because this package has no recipe"
    else:
        try:
            with tempfile.TemporaryDirectory() as name, _time_limit(SECONDS):
                return out_of_fold(table, _by_recipe(job, job.recipe, Path(name))), []
        except PackageError as error:
            note = f"label_error: a stand-in model, because the recipe's own failed ({error})"
        except _TooSlowError:
            note = f"label_error: a stand-in model, because three folds took over {SECONDS:g} s"
    found = out_of_fold(table, stand_in(job.task))
    return found, [note] if found else []


def _by_recipe(job: Job, recipe: Recipe, scratch: Path) -> FitPredict:
    """The recipe's own model, saved and read back, as it will be served."""

    def fit_predict(features: pd.DataFrame, target: pd.Series[Any], rows: pd.DataFrame) -> Answers:
        model, module = call_recipe(recipe, features, target)
        models = Path(tempfile.mkdtemp(dir=scratch))
        loader = save_model(model, models, module, job.serve.predictor)
        serve = job.serve.model_copy(update={"loader": loader})
        loaded = load_model_at(models / "model", serve, job.task)
        answers = loaded.predict(rows)
        if job.task == "regression":
            return None, numbers(answers.labels)
        if answers.probabilities is None:
            raise PackageError("it gives labels without probabilities")
        return loaded.classes, answers.probabilities

    return fit_predict


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise ``_TooSlowError`` in the block once it has taken so long."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _say(text: str) -> None:
    sys.stderr.write(f"{text} …\n")


def _nothing(_text: str) -> None:
    pass
