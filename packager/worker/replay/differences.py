"""Differences between two models' predictions and metrics."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from packager.manifest.base import Task
from packager.manifest.evaluation import Evaluation
from packager.model.integrity import IntegrityCheck
from packager.model.predictions import Predictions
from packager.worker.replay.report import MetricCheck
from packager.worker.train.answers import numbers_within, skeletons
from packager.worker.train.evaluate import numbers

MAX_ROUNDING_DIFFERENCE = 1e-9
"""Relative difference of metrics that the order of additions alone can cause."""

Values = Mapping[str, float]
Floats = npt.NDArray[np.float64]


def identical(recorded: Predictions, now: Predictions, task: Task) -> bool:
    """Whether every label is equal, and every number bit for bit."""
    one, other = _answers(recorded, task), _answers(now, task)
    if one is None or other is None:
        return one is other and recorded.labels == now.labels
    return one.tobytes() == other.tobytes() and recorded.labels == now.labels


def label_flips(recorded: Predictions, now: Predictions, task: Task) -> int | None:
    """Number of rows with a different label; None for regression."""
    if task == "regression":
        return None
    if task == "outputs":
        pairs = zip(skeletons(recorded), skeletons(now), strict=True)
        return sum(bool(one != other) for one, other in pairs)
    return sum(bool(one != other) for one, other in zip(recorded.labels, now.labels, strict=True))


def largest_difference(recorded: Predictions, now: Predictions, task: Task) -> float | None:
    """The largest absolute difference between two probabilities, or two predicted numbers.

    None if there are none to compare; a number on one side only is ignored.
    """
    one, other = _answers(recorded, task), _answers(now, task)
    if one is None or other is None or one.shape != other.shape:
        return None
    differences = np.abs(one - other)
    finite = differences[np.isfinite(differences)]
    return float(finite.max()) if len(finite) else None


def row_differences(
    recorded: Predictions, now: Predictions, task: Task, absolute: float, relative: float
) -> tuple[Floats, Floats]:
    """Per row, the largest difference of its numbers and its tolerance; both of shape (n,).

    The difference is infinite if a label differs or a number is on one side only; 0 if there are
    only labels and they are equal. The tolerance is ``absolute`` + ``relative`` · |recorded|.
    """
    before, after = recorded.labels, now.labels
    if task == "outputs":
        before, after = skeletons(recorded), skeletons(now)
    same = np.array([a == b for a, b in zip(before, after, strict=True)], dtype=bool)
    one, other = _answers(recorded, task), _answers(now, task)
    if one is None or other is None or one.shape != other.shape:
        same &= one is other
        return np.where(same, 0.0, np.inf), np.zeros(len(same))
    one, other = one.reshape(len(same), -1), other.reshape(len(same), -1)
    with np.errstate(invalid="ignore"):
        gaps = np.where(
            (one == other) | (np.isnan(one) & np.isnan(other)), 0.0, np.abs(one - other)
        )
    gaps = np.where(np.isnan(gaps), np.inf, gaps)
    allowed = absolute + relative * np.abs(np.where(np.isfinite(one), one, 0.0))
    excess = gaps - allowed
    worst = excess.argmax(axis=1) if gaps.shape[1] else np.zeros(len(same), dtype=np.intp)
    rows = np.arange(len(same))
    largest = gaps[rows, worst]
    if task != "regression":
        largest = np.where(same, largest, np.inf)
    return largest, allowed[rows, worst]


def metric_checks(
    recorded: Evaluation | None, now: Evaluation | None, accept: Values, *, every: bool
) -> dict[str, MetricCheck]:
    """Compare the overall metrics within the tolerances ``accept`` of the recipe.

    Only the metrics in ``accept`` are judged; all are if it is empty or ``every`` is set. A judged
    metric that ``accept`` does not name has to be equal. A metric in ``accept`` that neither side
    has is not ok.
    """
    before = recorded.overall.values if recorded else {}
    after = now.overall.values if now else {}
    checks = {}
    for name in sorted(before.keys() | after.keys() | accept.keys()):
        judged = every or not accept or name in accept
        band = accept.get(name, 0.0)
        absent = name not in before and name not in after
        checks[name] = MetricCheck(
            recorded=before.get(name),
            now=after.get(name),
            accepted=band if judged else None,
            ok=not judged or (not absent and _close(before.get(name), after.get(name), band)),
        )
    return checks


def accepted(checks: Mapping[str, MetricCheck]) -> bool:
    """Whether at least one metric was judged, and all judged metrics are ok."""
    judged = [check for check in checks.values() if check.accepted is not None]
    return bool(judged) and all(check.ok for check in judged)


def evaluation_check(recorded: Evaluation | None, now: Evaluation | None) -> IntegrityCheck:
    """Check rows, intervals, baselines and slices; for models with equal predictions.

    ``metric_checks`` checks the overall metrics.
    """
    before = _numbers_of(recorded)
    after = _numbers_of(now)
    differing = [
        f"{name} {metric}"
        for name, metric in sorted(before.keys() | after.keys())
        if not _close(before.get((name, metric)), after.get((name, metric)), 0.0)
    ]
    actual = f"different values for {', '.join(differing[:5])}" if differing else "as recorded"
    name = "rows, intervals, baselines and slices"
    return IntegrityCheck(name=name, expected="as recorded", actual=actual, ok=not differing)


def _answers(predictions: Predictions, task: Task) -> npt.NDArray[np.float64] | None:
    if task == "outputs":
        return numbers_within(predictions)
    return numbers(predictions.labels) if task == "regression" else predictions.probabilities


def _numbers_of(evaluation: Evaluation | None) -> dict[tuple[str, str], float]:
    """(slice, name) → value, for every value of an evaluation except the overall metrics."""
    if evaluation is None:
        return {}
    figures = {}
    for name, metrics in {"all": evaluation.overall, **evaluation.slices}.items():
        figures[name, "rows"] = float(metrics.rows)
        for metric, (low, high) in metrics.intervals.items():
            figures[name, f"interval of {metric}, low"] = low
            figures[name, f"interval of {metric}, high"] = high
        figures |= {(name, f"baseline of {metric}"): v for metric, v in metrics.baseline.items()}
        figures |= {(name, f"part {metric}"): 1.0 for metric in metrics.parts}
    for name, metrics in evaluation.slices.items():
        figures |= {(name, metric): value for metric, value in metrics.values.items()}
    return figures


def _close(recorded: float | None, now: float | None, accepted: float) -> bool:
    if recorded is None or now is None:
        return recorded is now
    return abs(recorded - now) <= accepted + MAX_ROUNDING_DIFFERENCE * max(1.0, abs(recorded))
