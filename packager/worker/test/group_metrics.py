"""Metrics of groups of rows, and each group's distance from all rows, with its variance.

The distance is from all rows and not between the best and the worst group: the largest difference
of several groups grows with their number and falls with their size, though nothing differs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from monitoring.metrics.class_labels import class_text
from monitoring.scoring.metric import Metric, ratio
from monitoring.stats.estimates import estimate
from packager.errors import UsageError
from packager.manifest.base import Scalar
from packager.manifest.policy import Change, FairnessPolicy
from packager.text import did_you_mean
from packager.worker.test.baseline import GroupMetric
from packager.worker.test.judged_parts import metric_of
from packager.worker.test.judged_rows import JudgedRows

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
CLASS_METRICS = ("accuracy",)
TWO_CLASS_METRICS = ("true_positive_rate", "false_positive_rate", "selection_rate", "precision")
NUMBER_METRICS = ("mae", "bias")
MAX_SHOWN = 20
DEFAULT_GAPS: Mapping[str, Mapping[str, Change]] = {
    "classification": {"accuracy": 0.03},
    "regression": {"mae": "10%"},
}


def known_metrics(judged: JudgedRows) -> tuple[str, ...]:
    """The metrics that groups of ``judged`` may be compared by."""
    if judged.task == "regression":
        return NUMBER_METRICS
    two = len(judged.classes or ()) == 2
    return (*CLASS_METRICS, *TWO_CLASS_METRICS) if two else CLASS_METRICS


def changes_by_part(
    policy: FairnessPolicy, parts: Mapping[str, JudgedRows]
) -> dict[str, dict[str, Change]]:
    """Part → metric → largest growth of a distance: ``[test.fairness] gap``, or the defaults.

    A metric is of every part that has it; one with the name of a part before it is of that alone.
    Raise ``UsageError`` for a metric, or a positive label, that no part has.
    """
    _check_positive(policy, parts)
    if not policy.gap:
        return {part: dict(DEFAULT_GAPS[rows.task]) for part, rows in parts.items()}
    known = {part: known_metrics(rows) for part, rows in parts.items()}
    changes: dict[str, dict[str, Change]] = {part: {} for part in parts}
    for part, metrics in known.items():
        for metric in metrics:
            change = policy.gap.get(metric_of(part, metric), policy.gap.get(metric))
            if change is not None:
                changes[part][metric] = change
    names = {metric_of(part, metric) for part, metrics in known.items() for metric in metrics}
    names |= {metric for metrics in known.values() for metric in metrics}
    for name in policy.gap:
        if name not in names:
            ordered = sorted(names, key=lambda one: (one.count("."), known_order(one), one))
            of_two = f"{name} is a metric of two classes" if name in TWO_CLASS_METRICS else ""
            raise UsageError(
                f"[test.fairness] gap: expected {', '.join(ordered[:MAX_SHOWN])}, got {name!r}",
                did_you_mean(name, ordered) or of_two or "name one of these",
            )
    return changes


def known_order(name: str) -> int:
    """The place of a metric among all."""
    every = (*CLASS_METRICS, *TWO_CLASS_METRICS, *NUMBER_METRICS)
    metric = name.rpartition(".")[2]
    return every.index(metric) if metric in every else len(every)


def _check_positive(policy: FairnessPolicy, parts: Mapping[str, JudgedRows]) -> None:
    classes = [rows.classes or () for rows in parts.values() if rows.task == "classification"]
    texts = {class_text(label) for own in classes for label in own}
    if policy.positive is not None and classes and class_text(policy.positive) not in texts:
        positive_code(policy, classes[0])


def positive_code(policy: FairnessPolicy, classes: Sequence[Scalar]) -> int:
    """The place of the positive class; raise ``UsageError`` if there is none of its name."""
    if policy.positive is None:
        return 1
    names = [class_text(label) for label in classes]
    positive = class_text(policy.positive)
    if positive not in names:
        raise UsageError(
            f"[test.fairness] positive: expected one of {', '.join(names)}, got {positive}",
            did_you_mean(positive, names) or "name the label that counts as positive",
        )
    return names.index(positive)


def group_metrics(
    judged: JudgedRows, masks: Mapping[str, Mask], names: Sequence[str], policy: FairnessPolicy
) -> dict[str, dict[str, GroupMetric]]:
    """Group → metric → its value and distance; those without a row are absent.

    ``masks``: group → mask, shape (n,); ``names``: metrics.
    """
    parts = {name: _parts(judged, name, policy) for name in names}
    return {
        group: {
            name: metric
            for name, (above, below) in parts.items()
            if (metric := _of_group(judged, mask, above, below)) is not None
        }
        for group, mask in masks.items()
    }


def _parts(judged: JudgedRows, name: str, policy: FairnessPolicy) -> tuple[Floats, Floats]:
    """The metric ``name`` as a sum over another: numbers of each row, shapes (n,)."""
    if judged.task == "regression":
        error = judged.errors
        known = np.isfinite(error)
        values = np.where(known, np.abs(error) if name == "mae" else error, 0.0)
        return values, known.astype(np.float64)
    truth, guess, _ = judged.codes
    code = _own_positive(policy, judged.classes or ())
    every, selected, actual = np.ones(len(truth), np.bool_), guess == code, truth == code
    above, below = {
        "accuracy": (truth == guess, every),
        "true_positive_rate": (selected & actual, actual),
        "false_positive_rate": (selected & ~actual, ~actual),
        "selection_rate": (selected, every),
        "precision": (selected & actual, selected),
    }[name]
    return above.astype(np.float64), below.astype(np.float64)


def _own_positive(policy: FairnessPolicy, classes: Sequence[Scalar]) -> int:
    """As ``positive_code``; of a part without that class, as if no label was named."""
    named = policy.positive is not None and class_text(policy.positive) in map(class_text, classes)
    return positive_code(policy, classes) if named else 1


def _of_group(judged: JudgedRows, mask: Mask, above: Floats, below: Floats) -> GroupMetric | None:
    all_rows, group = ratio(above, below), ratio(above * mask, below * mask)
    if all_rows is None or group is None:
        return None
    assert all_rows.influence is not None
    assert group.influence is not None
    gap = Metric(group.value - all_rows.value, group.influence - all_rows.influence)
    estimated = estimate(gap, judged.groups)
    rows = float((below * mask).sum())
    variance, units = estimated.variance, _units(judged, (below > 0) & mask)
    if judged.task == "classification" and not math.isnan(variance):
        effect = max(1.0, rows / max(1, units))
        least = _least_variance(float((above * mask).sum()), rows, below) * effect
        variance = max(variance, least)
    return GroupMetric(
        value=group.value,
        rows=int(rows),
        gap=gap.value,
        variance=None if math.isnan(variance) else variance,
        degrees=max(1.0, units - 1.0),
    )


def _units(judged: JudgedRows, mask: Mask) -> int:
    """Independent units of the rows of ``mask``."""
    return int(mask.sum()) if judged.groups is None else len(np.unique(judged.groups[mask]))


def _least_variance(count: float, rows: float, below: Floats) -> float:
    """The variance for a group whose rows are nearly all alike: one more of each kind is added."""
    share = (count + 1) / (rows + 2)
    other = 1 - rows / float(below.sum())
    return share * (1 - share) / rows * other**2
