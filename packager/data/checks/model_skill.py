"""Whether an out-of-fold model is good enough to contradict a label."""

from __future__ import annotations

import numpy as np

from packager.data.checks.cross_validation import OutOfFoldPredictions
from packager.data.checks.issue import NotApplicableError

MIN_STANDARD_ERRORS = 3.0
"""Standard errors by which a model must be better than chance."""


def check_skill(out_of_fold: OutOfFoldPredictions) -> None:
    """Raise ``NotApplicableError`` unless the model is better than one without features.

    Classes: mean recall of the classes above 1 / number of classes. Numbers: mean absolute error
    below that of the median.
    """
    if not len(out_of_fold.rows):
        raise NotApplicableError("no row has an out-of-fold prediction")
    if out_of_fold.classes is None:
        _check_numbers(out_of_fold)
    else:
        _check_classes(out_of_fold)


def _check_classes(out_of_fold: OutOfFoldPredictions) -> None:
    labels = out_of_fold.target_values.astype(np.intp)
    right = np.argmax(out_of_fold.predictions, axis=1) == labels
    present, sizes = np.unique(labels, return_counts=True)
    if len(present) < 2:
        raise NotApplicableError("the out-of-fold rows have one class")
    recalls = np.array([right[labels == code].mean() for code in present])
    chance = 1 / len(present)
    error = np.sqrt((chance * (1 - chance) / sizes).sum()) / len(present)
    balanced = float(recalls.mean())
    if balanced <= chance + MIN_STANDARD_ERRORS * error:
        raise NotApplicableError(
            f"its out-of-fold predictions are no better than chance (balanced accuracy "
            f"{balanced:.2f} of {len(present)} classes, chance is {chance:.2f})"
        )


def _check_numbers(out_of_fold: OutOfFoldPredictions) -> None:
    answered = np.isfinite(out_of_fold.predictions)
    if not answered.any():
        raise NotApplicableError("no row has an out-of-fold prediction")
    labels, answers = out_of_fold.target_values[answered], out_of_fold.predictions[answered]
    saved = np.abs(labels - np.median(labels)) - np.abs(labels - answers)
    error = float(saved.std()) / np.sqrt(len(saved))
    if float(saved.mean()) <= MIN_STANDARD_ERRORS * error:
        raise NotApplicableError(
            "its out-of-fold predictions are no better than the median (mean absolute error "
            f"{np.abs(labels - answers).mean():.4g}, of the median "
            f"{np.abs(labels - np.median(labels)).mean():.4g})"
        )
