"""Value of a label of each row for the model, by reason: from the model's answers and the profile.

Every score is 0 or more, one for each row; only ratios within a reason mean anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.profile.calibration import wrong_probability
from monitoring.profile.profile import Profile, is_of_column
from monitoring.slices.slices import ALL, SliceSet
from monitoring.stats.drift import measure_drift
from packager.manifest.manifest import Manifest
from packager.progress import Progress

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
MIN_DRIFT_Z = 4.5
MIN_DRIFT_PSI = 0.05
"""A feature counts as drifted from here on: half of what raises an alert in weeks of counting."""
MIN_BIN_RATIO = 1.2
"""Rows are drifted in bins that are so many times as frequent as in training."""


@dataclass(frozen=True)
class ExpectedLoss:
    """The loss that the package expects of each row, shape (n,)."""

    mean: Floats
    """Of a classifier the probability that the answer is wrong, else the mean absolute error."""
    deviation: Floats
    """Standard deviation of the loss around it."""
    share: bool
    """Whether the loss is 0 or 1."""
    source: str
    """Its source, for people; empty if all rows are alike."""


def expected_loss(
    answers: Sequence[Mapping[str, Any]],
    manifest: Manifest,
    profile: Profile | None,
    masks: Mapping[str, Mask],
) -> ExpectedLoss:
    """The loss that is expected of each answer: by its confidence, its width, or its slice."""
    outputs = manifest.schema_.outputs
    kind = outputs[0].kind if len(outputs) == 1 else "json" if outputs else None
    if manifest.task == "classification" or kind == "label":
        confidences = _confidences(answers)
        if confidences is not None:
            wrong = wrong_probability(confidences, None if profile is None else profile.calibration)
            deviation = np.sqrt(wrong * (1 - wrong))
            return ExpectedLoss(wrong, deviation, True, "calibrated confidence")
        accuracy = _of_slices(manifest, "accuracy", masks, len(answers))
        wrong = np.clip(1 - accuracy, 1e-3, 1 - 1e-3)
        source = "accuracy of the packaged slices" if np.ptp(wrong) else ""
        return ExpectedLoss(wrong, np.sqrt(wrong * (1 - wrong)), True, source)
    if kind == "quantiles":
        width = np.array([_width(answer["prediction"]) for answer in answers], np.float64)
        known = width[np.isfinite(width) & (width > 0)]
        if len(known):
            width = np.where(np.isfinite(width) & (width > 0), width, np.median(known))
            return ExpectedLoss(width, width, False, "width between the outer quantiles")
    mae = _of_slices(manifest, "mae", masks, len(answers))
    source = "mean absolute error of the packaged slices" if np.ptp(mae) else ""
    return ExpectedLoss(mae, mae, False, source)


def suspicion(answers: Sequence[Mapping[str, Any]], profile: Profile | None) -> Floats:
    """The number of flags of each row: missing, unseen and out-of-range values.

    Without those of features whose anomalies say nothing, as for counters.
    """
    excluded = {} if profile is None else profile.drift_excluded

    def counts(flag: str) -> bool:
        name, _, kind = flag.rpartition(":")
        return name not in excluded or excluded[name].counts(kind)

    flags = [sum(counts(flag) for flag in answer.get("flags", ())) for answer in answers]
    return np.array(flags, np.float64)


def drift_of_rows(
    frame: pd.DataFrame, profile: Profile | None, progress: Progress
) -> tuple[Floats, tuple[str, ...]]:
    """Degree to which each row belongs to what became more frequent, and the drifted features.

    The sum over drifted features of the logarithm of how many times as frequent the row's bin is.
    """
    total, drifted = np.zeros(len(frame)), []
    for feature in () if profile is None else profile.features:
        if not is_of_column(feature.name) or feature.column not in frame.columns:
            continue
        if feature.name in profile.drift_excluded:  # type: ignore[union-attr]
            continue
        try:
            bins = feature.bin_indices(frame[feature.column])
        except (TypeError, ValueError) as error:  # such as times in JSON, which are text
            progress.warn(f"drift of {feature.name} is not considered: {error}")
            continue
        live = np.bincount(bins[bins >= 0], minlength=len(feature.bins)).astype(np.float64)
        if not live.sum() or len(feature.bins) < 2:
            continue
        drift = measure_drift(live.tolist(), feature.counts)
        if not (drift.z > MIN_DRIFT_Z and drift.psi > MIN_DRIFT_PSI):
            continue
        reference = np.asarray(feature.counts, np.float64) + 0.5
        ratio = (live / live.sum()) / (reference / reference.sum())
        gain = np.where(ratio >= MIN_BIN_RATIO, np.log(np.maximum(ratio, 1.0)), 0.0)
        total += np.where(bins >= 0, gain[np.maximum(bins, 0)], 0.0)
        drifted.append(feature.name)
    return total, tuple(drifted)


def small_slices(masks: Mapping[str, Mask], labels: Floats, minimum: float) -> Floats:
    """Rows of slices that would get fewer than ``minimum`` labels: the smaller, the more.

    ``labels``: the probability of each row so far, shape (n,).
    """
    score = np.zeros(len(labels))
    for name, mask in masks.items():
        rows = int(mask.sum())
        enough = min(minimum, rows)
        if name == ALL or not rows:
            continue
        lacking = max(0.0, 1 - float(labels[mask].sum()) / enough)
        score[mask] += lacking / rows
    return score


def slice_masks(frame: pd.DataFrame, manifest: Manifest, progress: Progress) -> dict[str, Mask]:
    """Declared slice → mask of its rows, shape (n,), ``__all__`` first.

    Rows without the columns, or with others' types, are in no slice, and that is reported.
    """
    everything: dict[str, Mask] = {ALL: np.ones(len(frame), bool)}
    slices = SliceSet(manifest.slices.columns, manifest.slices.rules)
    if len(slices.names) < 2:
        return everything
    try:
        return slices.masks(frame)
    except (KeyError, ValueError) as error:
        progress.warn(f"no slice is considered: {error}")
        return everything


def _confidences(answers: Sequence[Mapping[str, Any]]) -> Floats | None:
    """The probability of each answer's label, shape (n,); None without probabilities."""
    highest = [max(values.values(), default=np.nan) if values else np.nan
             for values in (answer.get("probabilities") for answer in answers)]  # fmt: skip
    numbers = np.array(highest, np.float64)
    return None if np.isnan(numbers).all() else numbers


def _width(answer: Any) -> float:
    values = [] if answer is None else list(answer.values())
    if len(values) < 2 or values[0] is None or values[-1] is None:
        return np.nan
    widths = np.array(values[-1], np.float64) - np.array(values[0], np.float64)
    return float(widths.mean())  # over the steps of a forecast


def _of_slices(manifest: Manifest, metric: str, masks: Mapping[str, Mask], rows: int) -> Floats:
    """The packaged ``metric`` of the smallest declared slice that each row is in, shape (n,)."""
    evaluation = manifest.evaluation
    overall = 1.0 if evaluation is None else evaluation.overall.values.get(metric, 1.0)
    estimates = np.full(rows, overall)
    if evaluation is None:
        return estimates
    measured = [(values.rows, name) for name, values in evaluation.slices.items()
                if name in masks and name != ALL and metric in values.values]  # fmt: skip
    for held, name in sorted(measured, reverse=True):
        value = evaluation.slices[name].values[metric]
        # Shrunk towards the overall value: a slice of a few rows says little.
        estimates[masks[name]] = (held * value + 20 * overall) / (held + 20)
    return np.asarray(np.maximum(estimates, 1e-12), np.float64)
