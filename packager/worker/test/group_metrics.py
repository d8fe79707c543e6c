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
from packager.manifest.policy import FairnessPolicy
from packager.worker.test.baseline import GroupMetric
from packager.worker.test.judged_rows import JudgedRows

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
CLASS_METRICS = ("accuracy",)
TWO_CLASS_METRICS = ("true_positive_rate", "false_positive_rate", "selection_rate", "precision")
NUMBER_METRICS = ("mae", "bias")


def check_metrics(
    policy: FairnessPolicy, names: Sequence[str], classes: Sequence[Scalar] | None
) -> None:
    """Raise ``UsageError`` if a metric of ``[test.fairness] gap`` is not one of the package.

    ``classes``: of a classification; None for a regression.
    """
    known: tuple[str, ...] = NUMBER_METRICS
    if classes is not None:
        known = (*CLASS_METRICS, *TWO_CLASS_METRICS) if len(classes) == 2 else CLASS_METRICS
    for name in names:
        if name not in known:
            of = "two classes" if name in TWO_CLASS_METRICS else "this task"
            raise UsageError(
                f"[test.fairness] gap: expected {', '.join(known)}, got {name!r}",
                f"{name} is no metric of {of}" if classes is None else "check its spelling",
            )
    if classes is not None:
        positive_code(policy, classes)


def positive_code(policy: FairnessPolicy, classes: Sequence[Scalar]) -> int:
    """The place of the positive class; raise ``UsageError`` if there is none of its name."""
    if policy.positive is None:
        return 1
    names = [class_text(label) for label in classes]
    wanted = class_text(policy.positive)
    if wanted not in names:
        raise UsageError(
            f"[test.fairness] positive: expected one of {', '.join(names)}, got {wanted}",
            "name the label that counts as positive",
        )
    return names.index(wanted)


def group_metrics(
    judged: JudgedRows, masks: Mapping[str, Mask], names: Sequence[str], policy: FairnessPolicy
) -> dict[str, dict[str, GroupMetric]]:
    """Group → metric → its value and distance; those without a row are absent.

    ``masks``: group → mask, shape (n,); ``names``: metrics.
    """
    parts = {name: _parts(judged, name, policy) for name in names}
    return {
        group: {
            name: found
            for name, (above, below) in parts.items()
            if (found := _of_group(judged, mask, above, below)) is not None
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
    code = positive_code(policy, judged.classes or ())
    every, chosen, actual = np.ones(len(truth), np.bool_), guess == code, truth == code
    above, below = {
        "accuracy": (truth == guess, every),
        "true_positive_rate": (chosen & actual, actual),
        "false_positive_rate": (chosen & ~actual, ~actual),
        "selection_rate": (chosen, every),
        "precision": (chosen & actual, chosen),
    }[name]
    return above.astype(np.float64), below.astype(np.float64)


def _of_group(judged: JudgedRows, mask: Mask, above: Floats, below: Floats) -> GroupMetric | None:
    all_rows, group = ratio(above, below), ratio(above * mask, below * mask)
    if all_rows is None or group is None:
        return None
    assert all_rows.influence is not None
    assert group.influence is not None
    gap = Metric(group.value - all_rows.value, group.influence - all_rows.influence)
    found = estimate(gap, judged.groups)
    rows = float((below * mask).sum())
    variance, units = found.variance, _units(judged, (below > 0) & mask)
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
