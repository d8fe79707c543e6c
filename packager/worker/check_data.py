"""``check``: run the data checks on a package's data, with the recipe's model if possible."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd

from packager.data.checks import run as checks
from packager.data.checks.cross_validation import OutOfFoldPredictions, plan_folds
from packager.data.checks.default_model import check_readable
from packager.data.checks.finding import DataCheckReport
from packager.data.checks.issue import Mask, NotApplicableError
from packager.data.checks.model_skill import check_skill
from packager.data.checks.table import CheckedTable
from packager.data.drift import Hashes
from packager.data.fingerprint import row_hashes
from packager.data.null_words import words_read_as_null
from packager.data.split import split_parts
from packager.manifest.manifest import Recipe
from packager.model.paths import Root
from packager.worker.job import CheckJob, Job
from packager.worker.train.dataset import feature_names, prepare
from packager.worker.train.out_of_fold import by_default_model, by_recipe
from packager.worker.train.source_data import SourceData, read_held_out, read_source

FOLDS_NEED, DETECTORS_NEED = "sklearn.model_selection", "sklearn.ensemble"


def check(job: CheckJob, root: Root, out: Path) -> DataCheckReport:
    """Run the data checks of the job; write ``out``/check.json.

    Raise ``UsageError`` where training would, for example for an absent target.
    """
    out.mkdir(parents=True, exist_ok=True)
    source = read_source(root, job.job.reader)
    prepare(source, job.job, root)  # raises where training would
    table = _table(job, source, root)
    tell = _print_step if len(table) > checks.MIN_PROGRESS_ROWS else _nothing
    tell("cross-validation")
    import_module(FOLDS_NEED)  # whole, first: two threads that import one package see parts of it
    with ThreadPoolExecutor(1) as pool:
        needed = pool.submit(import_module, DETECTORS_NEED)  # takes a second: the recipe trains
        predictions, notes = _predictions(job.job, table, root)
        needed.result()
    report = checks.check(table, predictions, notes=notes, tell=tell)
    (out / "check.json").write_bytes(report.dump())
    return report


def _table(request: CheckJob, source: SourceData, root: Root) -> CheckedTable:
    job, frame = request.job, source.served
    features = feature_names(frame, job)
    hashes = _hashes(source.frame, request)
    left_out = None
    if job.split.file is not None:
        test = read_held_out(source, job, root)
        held_out = np.arange(len(frame) + len(test.frame)) >= len(frame)
        hashes = np.concatenate([hashes, _hashes(test.frame, request)])
        frame = pd.concat([frame, test.served], ignore_index=True)
    else:
        held_out, left_out = _parts(frame, job, features)
    return CheckedTable(
        frame,
        hashes,
        features,
        train_only=job.train_only,
        target=job.target,
        task=None if job.task == "outputs" else job.task,
        held_out=held_out,
        left_out=left_out,
        source_rows=len(source.frame),
        null_words=words_read_as_null(root.source, source.served, job.reader),
        split=job.split,
        expected=request.expected,
    )


def _hashes(frame: pd.DataFrame, job: CheckJob) -> Hashes:
    """Hash of each row over the columns of its table, without labels that were joined to it."""
    labels = job.expected.labels
    if labels is None or labels.target is None:
        return row_hashes(frame)
    return row_hashes(frame.drop(columns=labels.target))


def _parts(frame: pd.DataFrame, job: Job, features: tuple[str, ...]) -> tuple[Mask, Mask]:
    """Masks of the held-out rows, and of those that the split puts in neither part.

    Rows without a target are in neither part; they get False in both.
    """
    labelled = frame[list(job.targets)].notna().all(axis=1).to_numpy()
    parts = split_parts(frame.loc[labelled], job.split, features)
    held_out, left_out = np.zeros((2, len(frame)), np.bool_)
    held_out[labelled] = parts.test
    left_out[labelled] = ~parts.train & ~parts.test
    return held_out, left_out


def _predictions(
    job: Job, table: CheckedTable, root: Root
) -> tuple[OutOfFoldPredictions | None, list[str]]:
    """Out-of-fold predictions, and notes for the report; None if the check is not applicable."""
    reasons: list[str] = []
    if job.task == "outputs":
        return None, ["label_error: not checked, because the model has other outputs than a label"]
    try:
        folds = plan_folds(table)
        if isinstance(job.recipe, Recipe):
            try:
                out_of_fold = by_recipe(folds, job, root)
            except NotApplicableError as error:
                reasons.append(f"the recipe's own model cannot be used ({error})")
            else:
                check_skill(out_of_fold)
                return out_of_fold, []
        else:
            reasons.append("this package has no recipe")
        check_readable(table)
        out_of_fold = by_default_model(folds, job.task, root)
        check_skill(out_of_fold)
    except NotApplicableError as error:
        before = f"{reasons[0]}, and " if reasons else ""
        return None, [f"label_error: not checked, because {before}{error}"]
    return out_of_fold, [f"label_error: the default model is used, because {reasons[0]}"]


def _print_step(text: str) -> None:
    sys.stderr.write(f"{text} …\n")


def _nothing(_text: str) -> None:
    pass
