"""Drift of features and answers between the training rows and new rows, with its noise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from monitoring.profile.profile import FeatureProfile, Profile, is_prediction
from monitoring.stats.drift import measure_drift
from packager.manifest.policy import Policy
from packager.worker.test.new_rows import NewRows
from packager.worker.test.report import Check
from packager.worker.test.verdict import Judged


def drift(rows: NewRows, profile: Profile, policy: Policy) -> Judged:
    """Compare the bins of each monitored feature with those of the training rows."""
    checks = [
        _check(feature, rows.served[feature.column], policy)
        for feature in _compared(profile, rows, policy)
    ]
    if not checks:
        return Judged(not_judged="the package monitors no feature of the new data")
    return Judged(checks)


def _compared(profile: Profile, rows: NewRows, policy: Policy) -> Iterator[FeatureProfile]:
    for feature in profile.features:
        if is_prediction(feature.name) or feature.column not in rows.served.columns:
            continue
        if feature.column not in policy.drift.ignore and feature.name not in policy.drift.ignore:
            yield feature


def _check(feature: FeatureProfile, values: pd.Series[Any], policy: Policy) -> Check:
    bins = feature.bin_indices(values)
    counts = np.bincount(bins[bins >= 0], minlength=len(feature.bins))
    found = measure_drift(counts.tolist(), feature.counts)
    return Check(
        family="drift",
        name=feature.name,
        subject=feature.name,
        metric="psi",
        baseline=found.noise,
        now=found.psi,
        difference=found.psi,
        limit=policy.drift.psi,
        rows=int(found.rows),
        baseline_rows=int(found.reference_rows),
        p=found.p_value,
        why=f"{feature.name} drifted: PSI {found.psi:.3g}, {found.noise:.2g} is expected by chance",
        details={
            "bins": list(feature.bins),
            "reference": list(feature.counts),
            "counts": counts.tolist(),
        },
    )
