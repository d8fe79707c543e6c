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
    EXCLUSION_REASONS,
    PREDICTION,
    ExclusionReason,
    FeatureProfile,
    Profile,
    is_embedding,
    is_of_column,
    is_prediction,
)
from monitoring.stats.binning import MAX_FEATURES
from monitoring.stats.clusters import design_effect_of_bins
from monitoring.stats.drift import measure_drift
from packager.manifest.base import Task
from packager.manifest.labelled_outputs import labelled_outputs
from packager.manifest.manifest import Schema
from packager.manifest.policy import Policy
from packager.model.predictions import Predictions
from packager.text import counted
from packager.worker.test.new_rows import NewRows
from packager.worker.test.report import Check, NotTested
from packager.worker.test.verdict import FamilyResult
from packager.worker.train.profile import confidence

Codes = npt.NDArray[np.int64]
ONE_BIN = "its training values are in one bin; nothing can drift"
_INCLUDE = "name it in [monitoring] include"
HOW: Mapping[ExclusionReason, str] = {
    "excluded": "take it out",
    "timestamp": _INCLUDE,
    "calendar": _INCLUDE,
    "nonstationary": _INCLUDE,
    "personal": "if it is none, name it in [data] not_personal",
}
"""Reason of an exclusion → how to have the feature tested."""


def drift(
    rows: NewRows,
    predictions: Predictions,
    profile: Profile,
    policy: Policy,
    effects: Mapping[str, float],
    embedded: npt.NDArray[np.float64] | None = None,
) -> FamilyResult:
    """Compare the bins of each monitored feature, and of ``predictions``, with the package's.

    Features are compared with the training rows, answers with those to held-out rows. ``effects``:
    ``Baseline.reference_effects``; ``embedded``: the embeddings of the rows, (rows, numbers).
    """
    groups = rows.groups(policy.groups)
    columns = answer_values(predictions, rows.manifest.task, rows.manifest.schema_)
    checks = []
    for feature in _watched(profile, policy):
        values = columns.get(feature.name) if is_prediction(feature.name) else None
        if values is None and feature.column in rows.served.columns:
            values = rows.served[feature.column]
        elif is_embedding(feature.name) and embedded is not None:
            values = pd.Series([*embedded], dtype=object)
        if values is not None:
            effect = effects.get(f"drift {check_name(feature)}", 1.0)
            checks.append(_check(feature, values, groups, effect, policy))
    left_out = tuple(not_tested(profile, policy))
    if not checks:
        why = "the package monitors no feature of the new data"
        return FamilyResult(not_judged=why, not_tested=left_out)
    return FamilyResult(checks, not_tested=left_out)


def not_tested(profile: Profile, policy: Policy) -> Iterator[NotTested]:
    """The features that have no check: each with the reason, and how to have it tested."""
    cap = sum(is_of_column(one.name) for one in profile.features)
    room = (
        f"only the {counted(cap, 'most important measure')} of features with at least two bins "
        "are compared; to make room, name others in [monitoring] exclude, and build again"
    )
    for name in profile.unwatched:
        yield NotTested(subject=name, why=room)
    for name in profile.left_out:
        full = cap + _answers(profile) >= MAX_FEATURES
        yield NotTested(subject=name, why=room if full else ONE_BIN)
    for name, excluded in profile.drift_excluded.items():
        reason = EXCLUSION_REASONS.get(excluded.reason, EXCLUSION_REASONS["other"])
        yield NotTested(subject=name, why=f"{reason}; {HOW[excluded.reason]}, and build again")
    for feature in profile.features:
        if _is_ignored(feature, policy):
            why = "[test.drift] ignore names it; take it out, and build again"
            yield NotTested(subject=check_name(feature), why=why)


def _answers(profile: Profile) -> int:
    return sum(not is_of_column(feature.name) for feature in profile.features)


def answer_values(
    predictions: Predictions, task: Task, schema: Schema
) -> Mapping[str, pd.Series[Any]]:
    """Pseudo-feature of a profile → its value for each answer: ``__prediction__``."""
    if task == "outputs":
        outputs = labelled_outputs(schema.outputs)
        columns = answer_columns(outputs)
        values = values_of(columns, outputs, predictions.labels)
        return {
            column.name: pd.Series(each, dtype=object if column.categorical else float)
            for column, each in zip(columns, values, strict=True)
        }
    if task == "regression":
        return {PREDICTION: pd.Series(predictions.labels, dtype=float)}
    texts = [None if label is None else class_text(label) for label in predictions.labels]
    answers = {PREDICTION: pd.Series(texts, dtype=object)}
    sure = confidence(predictions, schema.classes)
    return answers if sure is None else {**answers, CONFIDENCE: pd.Series(sure)}


def _watched(profile: Profile, policy: Policy) -> Iterator[FeatureProfile]:
    return (feature for feature in profile.features if not _is_ignored(feature, policy))


def _is_ignored(feature: FeatureProfile, policy: Policy) -> bool:
    """A name in ``ignore`` is a feature, a measure of one, or the name of a check."""
    return bool({feature.column, feature.name, check_name(feature)} & {*policy.drift.ignore})


def check_name(feature: FeatureProfile) -> str:
    """``feature age``, ``answer prediction``: a feature may be called ``prediction``, too."""
    if is_prediction(feature.name):
        return f"answer {feature.name.replace('__', '', 2)}"
    if is_embedding(feature.name):
        return f"embedding {feature.measure}"
    return f"feature {feature.name}"


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
    shift = measure_drift((counts / effect).tolist(), (reference / packaged_effect).tolist())
    name = check_name(feature)
    why = (
        f"{name}: PSI {shift.psi:.3g}, {shift.noise:.2g} is expected without drift; the policy "
        f"allows {policy.drift.psi:g}"
        if shift.rows
        else f"{name}: none of {len(values):,} rows has a value of the packaged bins"
    )
    return Check(
        family="drift",
        name=name,
        subject=feature.name,
        metric="psi",
        baseline=shift.noise if shift.rows else None,
        now=shift.psi,
        difference=shift.psi,
        limit=policy.drift.psi,
        rows=int(counts.sum()),
        baseline_rows=int(reference.sum()),
        p=shift.p_value,
        scale=1 / shift.rows + 1 / shift.reference_rows if shift.rows else None,
        why=why,
        details={
            "bins": list(feature.bins),
            "reference": list(feature.counts),
            "counts": counts.tolist(),
        },
    )
