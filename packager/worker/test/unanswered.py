"""Rows that a regression answers without a number, compared with the package's held-out rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from monitoring.slices.slices import ALL
from monitoring.stats.clusters import design_effect
from monitoring.stats.estimates import Estimate, compare
from packager.manifest.policy import Policy
from packager.model.predictions import Predictions
from packager.worker.test.baseline import Baseline
from packager.worker.test.report import Check
from packager.worker.train.evaluate import numbers

Codes = npt.NDArray[np.int64]
NAME = "prediction without a number"


def unanswered(
    predictions: Predictions, groups: Codes | None, baseline: Baseline, policy: Policy
) -> Check | None:
    """Compare the share of answers without a finite number; None if there are none on both sides.

    Quality is measured on the other rows, so it says nothing about these. ``predictions``: of a
    regression, n rows; ``groups``: the group of each row, shape (n,), None for independent rows.
    """
    losses = baseline.slices[ALL].losses
    if losses is None:
        return None
    flags = ~np.isfinite(numbers(predictions.labels))
    share = 1 - losses.rows / baseline.rows
    if not flags.any() and share == 0:
        return None
    effect = design_effect(flags, groups)
    before = _share(share, baseline.rows, effect)
    now = _share(float(flags.mean()), len(flags), effect)
    seen = compare(before, now)
    return Check(
        family="suspects",
        name=NAME,
        metric="unanswered",
        baseline=share,
        baseline_rows=baseline.rows,
        now=now.value,
        difference=seen.difference,
        interval=seen.interval(),
        limit=policy.suspects.rise,
        rows=len(flags),
        p=seen.p_value(1),
        error=seen.error,
        degrees=seen.degrees,
        why=f"{now.value:.2%} of the answers are no number, {share:.2%} when packaged",
    )


def _share(value: float, rows: int, effect: float) -> Estimate:
    variance = value * (1 - value) / max(1, rows - 1) * effect
    return Estimate(value, variance, rows, max(1, rows - 1), True)
