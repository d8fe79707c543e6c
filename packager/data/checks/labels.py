"""Detector ``label_error``: labels that a model, trained without the row, contradicts.

Classes: confident learning (Northcutt, Jiang and Chuang, "Confident Learning", JAIR 2021).
Numbers: residuals that are large by a robust measure.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from modelhost.text import truncate
from packager.data.checks.cross_validation import OutOfFoldPredictions
from packager.data.checks.issue import DataIssue, Floats, Ints, Mask
from packager.data.checks.table import CheckedTable
from packager.text import format_number

MIN_RESIDUAL_Z = 6.0
"""A residual is suspect beyond this many robust standard deviations."""
MAD_TO_SIGMA = 1.482602218505602
"""Median absolute deviation times this is the standard deviation of normal values."""

MAX_LABEL = 40
"""Maximum characters of a label in the text of a finding, which contains three labels."""


def label_error(table: CheckedTable, out_of_fold: OutOfFoldPredictions) -> Iterator[DataIssue]:
    """Score 0.3 to 0.8, increasing with the model's confidence and with its accuracy."""
    if out_of_fold.classes is None:
        yield from _numbers(table, out_of_fold)
        return
    labels = out_of_fold.target_values.astype(np.intp)
    flagged = confident(labels, out_of_fold.predictions)
    guess = np.argmax(out_of_fold.predictions, axis=1)
    right = float((guess == labels).mean())
    rows = np.flatnonzero(flagged)
    probability = out_of_fold.predictions[rows, guess[rows]]
    names = [truncate(str(label), MAX_LABEL) for label in out_of_fold.classes]
    texts = [
        f"{names[labels[r]]}; the model predicts {names[guess[r]]} "
        f"({p:.0%}), {names[labels[r]]} {out_of_fold.predictions[r, labels[r]]:.0%}"
        for r, p in zip(rows, probability, strict=True)
    ]
    yield DataIssue(
        table.target,
        "the label that a model trained without this row expects",
        "inspect the row: fix the label, keep or drop it",
        0.3 + 0.5 * right * self_confidence(labels, out_of_fold.predictions)[rows],
        out_of_fold.rows[rows],
        texts,
    )


def confident(labels: Ints, probabilities: Floats) -> Mask:
    """Mask of the labels that are probably wrong: shape (rows,).

    ``labels``: codes; ``probabilities``: (rows, classes), out of fold. The calibrated joint
    estimates how many rows labelled i are truly j. A label is probably wrong if its row is among
    that many rows of a pair with the smallest margins (the paper's "prune by noise rate"), among
    as many rows of its class as are mislabelled with the lowest probabilities ("prune by class"),
    and the model predicts another class.
    """
    joint = round_preserving_sums(confident_joint(labels, probabilities))
    by_rate, by_class = np.zeros((2, len(labels)), dtype=np.bool_)
    for i in range(probabilities.shape[1]):
        rows = np.flatnonzero(labels == i)
        own = probabilities[rows, i]
        lowest = np.argsort(own, kind="stable")
        by_class[rows[lowest[: max(0, len(rows) - joint[i, i])]]] = True
        for j in np.flatnonzero(joint[i]):
            if i != j:
                widest = np.argsort(own - probabilities[rows, j], kind="stable")
                by_rate[rows[widest[: joint[i, j]]]] = True
    return np.asarray(by_rate & by_class & (np.argmax(probabilities, axis=1) != labels))


def confident_joint(labels: Ints, probabilities: Floats) -> Floats:
    """Estimated number of rows labelled i that truly are j, shape (classes, classes).

    Its rows sum to the label counts.
    """
    classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=classes)
    own = probabilities[np.arange(len(labels)), labels]
    sums = np.bincount(labels, weights=own, minlength=classes)
    limits = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    reached = np.where(probabilities >= limits - 1e-12, probabilities, -1.0)
    likely = np.argmax(reached, axis=1)
    sure = reached.max(axis=1) >= 0
    joint = np.zeros((classes, classes))
    np.add.at(joint, (labels[sure], likely[sure]), 1.0)
    # A class without confident rows keeps its labels.
    empty = joint.sum(axis=1) == 0
    joint[empty, empty] = counts[empty]
    totals = joint.sum(axis=1, keepdims=True)
    return np.asarray(joint / np.maximum(totals, 1) * counts[:, None])


def round_preserving_sums(joint: Floats) -> Ints:
    """``joint`` rounded to integers with the same row sums: the largest remainders round up."""
    down = np.floor(joint)
    row_deficit = np.rint(joint.sum(axis=1) - down.sum(axis=1)).astype(np.intp)
    order = np.argsort(down - joint, axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    return np.asarray(down + (rank < row_deficit[:, None]), dtype=np.intp)


def self_confidence(labels: Ints, probabilities: Floats) -> Floats:
    """1 minus the probability of each given label: shape (rows,), 0 to 1."""
    return np.asarray(1 - probabilities[np.arange(len(labels)), labels])


def robust_residuals(labels: Floats, predicted: Floats) -> Floats:
    """Residuals in robust standard deviations at similar predictions: shape (rows,).

    The spread often grows with the prediction, so it is estimated within deciles of predictions.
    """
    residual = labels - predicted
    order = np.argsort(predicted, kind="stable")
    scaled = np.zeros(len(labels))
    everywhere = MAD_TO_SIGMA * float(np.median(np.abs(residual - np.median(residual))))
    for rows in np.array_split(order, max(1, min(10, len(labels) // 100))):
        centre = np.median(residual[rows])
        spread = MAD_TO_SIGMA * float(np.median(np.abs(residual[rows] - centre)))
        scaled[rows] = (residual[rows] - centre) / max(spread, everywhere / 10, 1e-300)
    return scaled


def _numbers(table: CheckedTable, out_of_fold: OutOfFoldPredictions) -> Iterator[DataIssue]:
    answered = np.isfinite(out_of_fold.predictions)
    scaled = np.zeros(len(out_of_fold.target_values))
    scaled[answered] = robust_residuals(
        out_of_fold.target_values[answered], out_of_fold.predictions[answered]
    )
    rows: npt.NDArray[np.intp] = np.flatnonzero(np.abs(scaled) > MIN_RESIDUAL_Z)
    if len(rows):
        yield DataIssue(
            table.target,
            "about what a model trained without this row expects",
            "inspect the row: fix the value, keep or drop it",
            0.8 - 0.4 * MIN_RESIDUAL_Z / np.abs(scaled[rows]),
            out_of_fold.rows[rows],
            [
                f"{out_of_fold.target_values[r]:.15g}; "
                f"the model predicts {format_number(out_of_fold.predictions[r])}, "
                f"{abs(scaled[r]):.0f} robust deviations away"
                for r in rows
            ],
        )
