"""Gauges that a package sets once: statistics of its training rows and held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from monitoring.metrics.members import MeasuredMembers
from monitoring.metrics.registry import Series
from monitoring.profile.profile import FeatureProfile, Profile, is_of_column
from monitoring.scoring.outputs import LabelledOutput, measured_slices

OTHER = "other"
MAX_NAMED = 13
"""Features whose anomalies are counted separately; all others are ``OTHER``."""
MAX_EXCLUDED = 2
"""Features without drift that have a series each."""
ANOMALIES = ("missing", "unseen", "below_range", "above_range", "invalid")


class HeldOutScore(NamedTuple):
    """A score of held-out rows that labels are compared with."""

    value: float | None
    """Accuracy, mean absolute error, or the headline of an output; None if unknown."""
    rows: float
    """Independent rows: held-out rows over their design effect."""
    variance: float | None = None
    """Of the error of one row; None for a share, whose value gives it."""


Baseline = Mapping[str, HeldOutScore]
"""By slice."""


@dataclass(frozen=True)
class MeasuredPackage:
    """The package version that metrics describe."""

    model: str
    version: str
    digest: str
    """The package root."""
    profile: Profile | None
    slices: Sequence[str]
    """Slice names, in the order of their bits."""
    classes: Sequence[Any] | None
    """Labels that a classifier predicts; None for a regression."""
    baseline: Baseline
    outputs: Sequence[LabelledOutput] = ()
    """The outputs of a model with ``[outputs]``; then ``classes`` is None."""
    output_baseline: Mapping[tuple[str, str], HeldOutScore] = field(default_factory=dict)
    """By output and slice: the output's headline measure."""
    design_effect: float = 1.0
    """Of the losses of held-out rows, at least 1."""
    optional: Sequence[str] = ()
    """Features that a request may leave out."""
    members: MeasuredMembers = field(default_factory=MeasuredMembers)
    """Of a solution."""
    platform: str = ""
    """``linux/arm64``; empty if the package names none."""
    proved_on: str = ""
    """The platform on which the compiled form was compared with the model: see ``expose_proof``."""


def expose_reference(series: Series, digest: str, profile: Profile | None) -> None:
    """Set the gauges of the package and of the reference rows for drift."""
    series.gauge("model_package_info", "1 for the package served.", "digest")(digest, 1)
    rows = series.gauge(
        "model_feature_reference_rows", "Reference rows in a bin.", "feature", "bin"
    )
    for feature in profile.features if profile else ():
        for text, count in zip(feature.bins, feature.counts, strict=True):
            rows(feature.name, text, count)
    excluded = series.gauge(
        "model_drift_excluded_features",
        "Features for which no drift is computed, by reason.",
        "feature",
        "reason",
    )
    for (name, reason), count in _excluded_features(profile).items():
        excluded(name, reason, count)
    ratio = series.gauge(
        "model_feature_reference_anomalies_ratio",
        "Share of such values in the reference rows.",
        "feature",
        "kind",
    )
    usual = profile.reference_anomalies if profile else {}
    for name, kinds in named_features(profile).items():
        for kind in kinds:
            if kind != "invalid":
                ratio(name, kind, usual.get(name, {}).get(kind, 0.0))


def expose_proof(series: Series, package: MeasuredPackage) -> Callable[[str], None]:
    """Set ``model_proof_info``; return a function that sets it again.

    ``proved_on``: ``native``, ``emulation``, ``start`` (by the server itself), ``nothing`` yet, or
    ``differs``. A package that names no platform has no such series.
    """
    if not package.platform:
        return lambda _: None
    info = series.gauge(
        "model_proof_info",
        "1 for where the compiled form was compared with the model.",
        "platform",
        "proved_on",
    )
    info(package.platform, package.proved_on, 1)

    def set_proof(proved_on: str) -> None:
        info(package.platform, package.proved_on, 0)
        info(package.platform, proved_on, 1)

    return set_proof


def expose_design_effect(series: Series, effect: float) -> None:
    """Set the gauge of the design effect by which monitoring divides labels."""
    series.gauge("model_label_design_effect", "Design effect of held-out rows' losses.")(effect)


def expose_baseline(series: Series, baseline: Baseline, *, regression: bool) -> None:
    """Set the gauges of the quality on held-out rows, by slice."""
    kind = ("mae", "Mean absolute error") if regression else ("accuracy_ratio", "Accuracy")
    measured = series.gauge(
        f"model_slice_baseline_{kind[0]}", f"{kind[1]} on held-out rows.", "slice"
    )
    rows = series.gauge(
        "model_slice_baseline_effective_rows", "Independent held-out rows in a slice.", "slice"
    )
    variance = series.gauge(
        "model_slice_baseline_error_variance", "Variance of a held-out row's error.", "slice"
    )
    for name, score in baseline.items():
        rows(name, score.rows)
        if score.value is not None:
            measured(name, score.value)
        if score.variance is not None:
            variance(name, score.variance)


def expose_output_baseline(series: Series, package: MeasuredPackage) -> None:
    """Set the gauges of the quality of structured answers on held-out rows, by output and slice."""
    labels = ("output", "measure", "slice")
    measured = series.gauge("model_output_baseline", "A measure on held-out rows.", *labels)
    rows = series.gauge(
        "model_output_baseline_effective_rows", "Independent held-out rows.", *labels
    )
    variance = series.gauge(
        "model_output_baseline_error_variance", "Variance of a held-out row's error.", *labels
    )
    slice_counts = measured_slices(package.outputs, len(package.slices))
    for output in package.outputs:
        for name in package.slices[: slice_counts[output.name]]:
            score = package.output_baseline.get((output.name, name))
            if score is None or score.value is None:
                continue
            label_values = output.name, output.headline, name
            measured(*label_values, score.value)
            rows(*label_values, score.rows)
            if score.variance is not None:
                variance(*label_values, score.variance)


def named_features(profile: Profile | None) -> dict[str, tuple[str, ...]]:
    """Features whose anomalies are counted separately, and the kinds possible for each."""
    if profile is None:
        return {}
    named: dict[str, tuple[str, ...]] = {}
    for feature in profile.features:
        if is_of_column(feature.name):
            named.setdefault(feature.column, _kinds(feature, profile))
    for name, why in profile.drift_excluded.items():
        kinds = tuple(kind for kind in ANOMALIES if why.counts(kind))
        if kinds and len(named) < MAX_NAMED:
            named[name] = kinds
    for name in profile.left_out[: max(0, MAX_NAMED - len(named))]:
        named[name] = ANOMALIES
    return named


def _excluded_features(profile: Profile | None) -> dict[tuple[str, str], int]:
    """(Feature, reason) → 1 for the first ``MAX_EXCLUDED``, ``other`` → number of the rest."""
    excluded = list(profile.drift_excluded.items()) if profile else []
    counts = {(name, str(why.reason)): 1 for name, why in excluded[:MAX_EXCLUDED]}
    more = len(excluded) - MAX_EXCLUDED
    return {**counts, (OTHER, OTHER): more} if more > 0 else counts


def _kinds(feature: FeatureProfile, profile: Profile) -> tuple[str, ...]:
    if feature.measure is not None:
        judged = {*profile.reference_anomalies.get(feature.column, ()), "missing", "invalid"}
        return tuple(kind for kind in ANOMALIES if kind in judged)
    absent = ("unseen",) if feature.kind == "numeric" else ("below_range", "above_range")
    return tuple(kind for kind in ANOMALIES if kind not in absent)
