"""``package drift``: the verdicts of the alerts, from counters summed over replicas."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from monitoring.profile.profile import EXCLUSION_REASONS
from monitoring.slices.slices import ALL
from monitoring.stats import drift
from monitoring.stats.accuracy import share_z
from monitoring.stats.adjust import benjamini_hochberg
from packager.errors import PackageError
from packager.replicas.counters import CounterTotals
from packager.replicas.slices import SliceDrift, slice_drifts

Verdicts = Literal["drift", "ok", "too few rows", "no rows"]
Verdict = Literal["drift", "no drift", "too few rows to decide", "no rows", "nothing to compare"]


class BinRows(NamedTuple):
    """Rows of a feature in one bin."""

    name: str
    reference: float
    live: float


@dataclass(frozen=True)
class FeatureDrift:
    """The comparison of one feature's live rows with the reference."""

    name: str
    measured: drift.Drift
    q_value: float
    """p-value adjusted for the number of features (Benjamini and Hochberg); NaN without rows."""
    design_effect: float
    bins: tuple[BinRows, ...] = ()

    @property
    def verdict(self) -> Verdicts:
        """The verdict; none is possible below ``MIN_PSI_ROWS`` (effective) rows."""
        if self.measured.drifting:
            return "drift"
        if not self.measured.rows:
            return "no rows"
        enough = self.measured.rows / self.design_effect >= drift.MIN_PSI_ROWS
        return "ok" if enough else "too few rows"


@dataclass(frozen=True)
class Anomaly:
    """Counts of missing, unseen, out-of-range or invalid values of one feature."""

    feature: str
    kind: str
    values: float
    ratio: float
    reference: float
    """The share when the package was built: of missing values in the training rows, of all others
    (training rows have none) in the held-out rows."""
    z: float
    anomalous: bool
    rows: float
    """Answered rows, with or without such values."""

    @property
    def verdict(self) -> Literal["more", "ok", "too few rows"]:
        """The verdict; none is possible below ``MIN_ANOMALY_ROWS`` rows."""
        if self.anomalous:
            return "more"
        return "ok" if self.rows >= drift.MIN_ANOMALY_ROWS else "too few rows"


@dataclass(frozen=True)
class ExcludedFeature:
    """A feature without drift computation, or several of them under one name."""

    name: str
    features: int
    """The number of features under this name: more than 1 only for ``other``."""
    reason: str


@dataclass(frozen=True)
class DriftReport:
    """The result of ``package drift`` for one version."""

    model: str
    version: str
    source: str
    regression: bool
    features: tuple[FeatureDrift, ...]
    anomalies: tuple[Anomaly, ...]
    slices: tuple[SliceDrift, ...]
    rows: float
    """Answered rows."""
    drift_excluded: tuple[ExcludedFeature, ...]
    cumulative: bool
    """Whether the counters only grow, so that each look sees the earlier rows again."""

    @property
    def verdict(self) -> Verdict:
        """The overall verdict; "no drift" only if there were enough rows to detect one."""
        if self.drifting:
            return "drift"
        if not self.rows and not any(feature.measured.rows for feature in self.features):
            return "no rows"
        if not self.features:
            return "nothing to compare"
        judged = any(feature.verdict == "ok" for feature in self.features)
        return "no drift" if judged else "too few rows to decide"

    @property
    def drifting(self) -> bool:
        """Whether a feature drifts, anomalies increased, or a slice got worse."""
        return (
            any(feature.measured.drifting for feature in self.features)
            or any(anomalies.anomalous for anomalies in self.anomalies)
            or any(part.regressed for part in self.slices)
        )

    def as_json(self) -> dict[str, Any]:
        """Plain data; undefined values (such as without rows) are null."""
        document = {**asdict(self), "drifting": self.drifting, "verdict": self.verdict}
        document["features"] = [
            {
                "name": feature.name,
                **asdict(feature.measured),
                "q_value": feature.q_value,
                "verdict": feature.verdict,
            }
            for feature in self.features
        ]
        for name, parts in (("anomalies", self.anomalies), ("slices", self.slices)):
            document[name] = [{**asdict(part), "verdict": part.verdict} for part in parts]
        return {key: _plain(value) for key, value in document.items()}


def drift_report(totals: CounterTotals, design_effect: float) -> DriftReport:
    """Test every feature, anomaly and slice of ``totals``."""
    return DriftReport(
        model=totals.model,
        version=totals.version,
        source=totals.source,
        regression=bool(totals.of("model_feedback_absolute_error_total")),
        features=_features(totals, design_effect),
        anomalies=_anomalies(totals),
        slices=slice_drifts(totals, design_effect),
        rows=totals.of("model_slice_predictions_total").get((ALL,), 0.0),
        drift_excluded=tuple(
            ExcludedFeature(name, int(count), EXCLUSION_REASONS.get(reason, reason))
            for (name, reason), count in sorted(totals.of("model_drift_excluded_features").items())
        ),
        cumulative=totals.cumulative,
    )


def _features(totals: CounterTotals, design_effect: float) -> tuple[FeatureDrift, ...]:
    live = totals.of("model_feature_observations_total")
    bins: dict[str, dict[str, float]] = {}
    for (feature, name), rows in totals.of("model_feature_reference_rows").items():
        bins.setdefault(feature, {})[name] = rows
    measured = {}
    for feature, reference in bins.items():
        counts = [live.get((feature, name), 0.0) for name in reference]
        try:
            measured[feature] = drift.measure_drift(
                counts, list(reference.values()), design_effect=design_effect
            )
        except ValueError as error:
            raise PackageError(
                f"feature {feature!r} of {totals.version}: {error}",
                "its series are not those of one package: see /metrics",
            ) from error
    adjusted = benjamini_hochberg([one.p_value for one in measured.values()])
    drifts = [
        FeatureDrift(
            name,
            one,
            q,
            design_effect,
            tuple(
                BinRows(bin_, rows, live.get((name, bin_), 0.0))
                for bin_, rows in bins[name].items()
            ),
        )
        for (name, one), q in zip(measured.items(), adjusted, strict=True)
    ]
    return tuple(sorted(drifts, key=lambda one: (-one.measured.psi, one.name)))


def _anomalies(totals: CounterTotals) -> tuple[Anomaly, ...]:
    rows = totals.of("model_slice_predictions_total").get((ALL,), 0.0)
    trained: dict[str, float] = {}
    for (feature, _), count in totals.of("model_feature_reference_rows").items():
        trained[feature] = trained.get(feature, 0.0) + count
    known = totals.of("model_feature_reference_anomalies_ratio")
    measured = []
    for (feature, kind), values in totals.of("model_feature_anomalies_total").items():
        if not values or not rows:
            continue
        reference = known.get((feature, kind), 0.0)
        ratio = min(1.0, values / rows)  # invalid values are in refused rows, which aren't counted
        z = share_z(ratio * rows, rows, reference, max(trained.values(), default=0.0))
        anomalous = drift.is_anomalous(ratio, reference, z, rows)
        measured.append(Anomaly(feature, kind, values, ratio, reference, z, anomalous, rows))
    return tuple(
        sorted(
            measured, key=lambda anomalies: (-anomalies.ratio, anomalies.feature, anomalies.kind)
        )
    )


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
