"""By how much each row moves a metric of labels or numbers: influences, one number per row.

The mean of a metric's influences is 0; the metric's sampling variance is that of their mean (the
delta method: van der Vaart, Asymptotic Statistics, 1998, chapters 3 and 20; for the AUC it is
DeLong, DeLong & Clarke-Pearson 1988).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from monitoring.scoring.areas import roc_influence

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


def class_influences(truth: Codes, guess: Codes) -> dict[str, Floats]:
    """Influences on accuracy, balanced accuracy and macro F1, each of shape (n,).

    ``truth`` and ``guess`` are class codes, shape (n,); -1 for an unknown class.
    """
    hits, rows = truth == guess, len(truth)
    size = int(max(truth.max(), guess.max())) + 1
    actual = np.bincount(truth, minlength=size)
    guessed = np.bincount(guess[guess >= 0], minlength=size)
    right = np.bincount(truth[hits], minlength=size)
    recall = right / np.maximum(actual, 1)
    balanced = (hits - recall[truth]) * rows / (actual[truth] * np.count_nonzero(actual))
    weight = rows / np.maximum(actual + guessed, 1)
    f1 = 2 * right / np.maximum(actual + guessed, 1)
    parts = (2 * hits - f1[truth]) * weight[truth]
    parts -= np.where(guess >= 0, f1[guess] * weight[guess], 0)
    classes = np.count_nonzero(actual + guessed)
    return {
        "accuracy": hits - hits.mean(),
        "balanced_accuracy": balanced,
        "f1_macro": parts / classes,
    }


def auc_influences(truth: Codes, probabilities: Floats, scored: Sequence[int]) -> Floats:
    """Influences on the mean one-versus-rest AUC of the ``scored`` classes, shape (n,)."""
    influence = np.zeros(len(truth))
    for code in scored:
        influence += roc_influence(truth == code, probabilities[:, code]) / len(scored)
    return influence


def r2_influences(truth: Floats, error: Floats) -> Floats:
    """Influences on R², for a target that varies; shape (n,)."""
    deviations = (truth - truth.mean()) ** 2
    share = (error**2).sum() / deviations.sum()
    return np.asarray(-(error**2 - share * deviations) / deviations.mean())
