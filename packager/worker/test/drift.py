"""Drift of features and answers between the packaged rows and new rows, with its noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.metrics.class_labels import class_text
from monitoring.profile.answers import answer_columns, values_of
from monitoring.profile.profile import (
    CONFIDENCE,
    PREDICTION,
    FeatureProfile,
    Profile,
    is_prediction,
)
from monitoring.stats.clusters import design_effect_of_bins
from monitoring.stats.drift import measure_drift
from packager.manifest.base import Task
from packager.manifest.labelled_outputs import labelled_outputs
from packager.manifest.manifest import Schema
from packager.manifest.policy import Policy
from packager.model.predictions import Predictions
from packager.worker.test.new_rows import NewRows
from packager.worker.test.report import Check
from packager.worker.test.verdict import Judged
from packager.worker.train.profile import confidence

Codes = npt.NDArray[np.int64]


def drift(
    rows: NewRows,
    found: Predictions,
    profile: Profile,
    policy: Policy,
    effects: Mapping[str, float],
) -> Judged:
    """Compare the bins of each monitored feature, and of the answers ``found``, with the package's.

    Features are compared with the training rows, answers with those to held-out rows. ``effects``:
    ``Baseline.reference_effects``.
    """
    groups = rows.groups(policy.groups)
    columns = answer_values(found, rows.manifest.task, rows.manifest.schema_)
    checks = []
    for feature in _watched(profile, policy):
        values = columns.get(feature.name)
        if values is None and feature.column in rows.served.columns:
            values = rows.served[feature.column]
        if values is not None:
            effect = effects.get(f"drift {shown_name(feature)}", 1.0)
            checks.append(_check(feature, values, groups, effect, policy))
    if not checks:
        return Judged(not_judged="the package monitors no feature of the new data")
    return Judged(checks)


def answer_values(found: Predictions, task: Task, schema: Schema) -> Mapping[str, pd.Series[Any]]:
    """Pseudo-feature of a profile → its value for each answer: ``__prediction__``."""
    if task == "outputs":
        outputs = labelled_outputs(schema.outputs)
        columns = answer_columns(outputs)
        values = values_of(columns, outputs, found.labels)
        return {
            column.name: pd.Series(each, dtype=object if column.categorical else float)
            for column, each in zip(columns, values, strict=True)
        }
    if task == "regression":
        return {PREDICTION: pd.Series(found.labels, dtype=float)}
    texts = [None if label is None else class_text(label) for label in found.labels]
    answers = {PREDICTION: pd.Series(texts, dtype=object)}
    sure = confidence(found, schema.classes)
    return answers if sure is None else {**answers, CONFIDENCE: pd.Series(sure)}


def _watched(profile: Profile, policy: Policy) -> Iterator[FeatureProfile]:
    ignored = {*policy.drift.ignore}
    for feature in profile.features:
        if not {feature.column, feature.name, shown_name(feature)} & ignored:
            yield feature


def shown_name(feature: FeatureProfile) -> str:
    """The name of a feature for people: ``prediction`` for ``__prediction__``."""
    return feature.name.replace("__", "") if is_prediction(feature.name) else feature.name


def _check(
    feature: FeatureProfile,
    values: pd.Series[Any],
    groups: Codes | None,
    packaged_effect: float,
    policy: Policy,
) -> Check:
    bins = feature.bin_indices(values)
    counts = np.bincount(bins[bins >= 0], minlength=len(feature.bins))
    reference = np.asarray(feature.counts, np.float64)
    effect = design_effect_of_bins(bins, groups, len(feature.bins))
    # Rows of a single bin don't show their effect: that of the other side is the best guess.
    if np.count_nonzero(counts) < 2:
        effect = packaged_effect
    elif np.count_nonzero(reference) < 2:
        packaged_effect = effect
    # Independent rows: few of them in a bin are few, though each is repeated.
    found = measure_drift((counts / effect).tolist(), (reference / packaged_effect).tolist())
    name = shown_name(feature)
    why = (
        f"{name}: PSI {found.psi:.3g}, {found.noise:.2g} is expected without drift; the policy "
        f"allows {policy.drift.psi:g}"
        if found.rows
        else f"{name}: none of {len(values):,} rows has a value of the packaged bins"
    )
    return Check(
        family="drift",
        name=name,
        subject=name,
        metric="psi",
        baseline=found.noise if found.rows else None,
        now=found.psi,
        difference=found.psi,
        limit=policy.drift.psi,
        rows=int(counts.sum()),
        baseline_rows=int(reference.sum()),
        p=found.p_value,
        scale=1 / found.rows + 1 / found.reference_rows if found.rows else None,
        why=why,
        details={
            "bins": list(feature.bins),
            "reference": list(feature.counts),
            "counts": counts.tolist(),
        },
    )
