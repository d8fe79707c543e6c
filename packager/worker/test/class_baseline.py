"""A classifier's answers to labelled rows: confusion, scores, reliability."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from monitoring.stats.calibration import ReliabilityBins, reliability_bins
from monitoring.stats.clusters import mean_variance
from monitoring.stats.score_histograms import score_histogram
from packager.worker.test.baseline import (
    MAX_CONFUSED,
    MAX_SCORED,
    ClassBaseline,
    ClassScores,
    Reliability,
)
from packager.worker.test.judged_rows import JudgedRows

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]


def class_baseline(judged: JudgedRows) -> ClassBaseline | None:
    """The statistics of ``judged``; None for a regression."""
    if judged.task != "classification" or judged.classes is None:
        return None
    own = reliability(judged)
    return ClassBaseline(
        classes=judged.classes,
        confusion=confusion(judged),
        scores=_scores(judged),
        reliability=None if own is None else Reliability.of(own),
    )


def confusion(judged: JudgedRows) -> tuple[tuple[int, ...], ...]:
    """Rows ``[truth][answer]`` of known classes; empty if there are too many classes."""
    size = len(judged.classes or ())
    if not 0 < size <= MAX_CONFUSED:
        return ()
    truth, guess, _ = judged.codes
    known = (truth >= 0) & (truth < size) & (guess >= 0) & (guess < size)
    counts = np.bincount(truth[known] * size + guess[known], minlength=size * size)
    return tuple(map(tuple, counts.reshape(size, size).tolist()))


def reliability(judged: JudgedRows) -> ReliabilityBins | None:
    """Bins of the answers' own probability; None without probabilities."""
    if _scored(judged) is None:
        return None
    chances = judged.predictions.probabilities
    assert chances is not None
    truth, guess, _ = judged.codes
    known = (guess >= 0) & (guess < chances.shape[1])
    sure = chances[np.flatnonzero(known), guess[known]]
    groups = None if judged.groups is None else judged.groups[known]
    return _binned(sure, truth[known] == guess[known], groups)


def _scores(judged: JudgedRows) -> tuple[ClassScores, ...]:
    chances = _scored(judged)
    if chances is None:
        return ()
    truth, _, _ = judged.codes
    count = chances.shape[1]
    if not 2 <= count <= MAX_SCORED:
        return ()
    scores = []
    for code in [1] if count == 2 else range(count):
        histogram = score_histogram(chances[:, code], truth == code)
        scores.append(
            ClassScores(
                edges=tuple(histogram.edges.tolist()),
                positive=tuple(histogram.positive.tolist()),
                negative=tuple(histogram.negative.tolist()),
                reliability=Reliability.of(_binned(chances[:, code], truth == code, judged.groups)),
            )
        )
    return tuple(scores)


def _scored(judged: JudgedRows) -> Floats | None:
    """The probabilities, shape (n, classes), if each row has them."""
    chances = judged.predictions.probabilities
    if chances is None or not len(judged) or not np.isfinite(chances).all():
        return None
    return chances


def _binned(confidence: Floats, right: Flags, groups: Codes | None) -> ReliabilityBins:
    bins = reliability_bins(confidence, right)
    if not len(right):
        return bins._replace(degrees=0.0)
    residual = right - confidence
    influence = residual - residual.mean()
    simple, rows = mean_variance(influence)
    if groups is None:
        return bins._replace(degrees=float(rows - 1))
    grouped, units = mean_variance(influence, groups)
    effect = grouped / simple if simple > 0 and not math.isnan(grouped) else 1.0
    return bins._replace(design_effect=max(1.0, effect), degrees=float(units - 1))
