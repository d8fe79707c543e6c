"""Metrics of scores and a truth of two values: areas under curves."""

from __future__ import annotations

import numpy as np

from monitoring.scoring.metric import Flags, Floats


def roc_area(positive: Flags, scores: Floats) -> float:
    """The area under the ROC curve: how often a positive row scores above a negative one.

    Equal scores count half. Shapes (n,); both kinds of rows are present.
    """
    return float(_share_below(np.sort(scores[~positive]), scores[positive]).mean())


def roc_influence(positive: Flags, scores: Floats) -> Floats:
    """By how much each row moves the area (DeLong, DeLong & Clarke-Pearson 1988), shape (n,)."""
    rows = len(scores)
    above, below = np.sort(scores[positive]), np.sort(scores[~positive])
    influence = np.empty(rows)
    # Of a positive row: the share of negative rows below it; of a negative row: of positive above.
    influence[positive] = _share_below(below, scores[positive])
    influence[~positive] = 1 - _share_below(above, scores[~positive])
    area = influence[positive].mean()
    influence -= area
    influence[positive] *= rows / len(above)
    influence[~positive] *= rows / len(below)
    return influence


def average_precision(positive: Flags, scores: Floats) -> float:
    """The mean of the precision at each positive row, as scikit-learn's; shapes (n,).

    Rows of equal scores are counted together. At least one row is positive.
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    last = np.append(np.diff(scores[order]) != 0, True)  # the last row of each distinct score
    true_positives, rows = hits[last], np.flatnonzero(last) + 1
    gained = np.diff(true_positives, prepend=0)
    return float((gained * true_positives / rows).sum() / hits[-1])


def _share_below(ordered: Floats, scores: Floats) -> Floats:
    """The share of ``ordered`` below each score; ties count half."""
    lower = np.searchsorted(ordered, scores, side="left")
    right = np.searchsorted(ordered, scores, side="right")
    return np.asarray((lower + right) / (2 * len(ordered)))
