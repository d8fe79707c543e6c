"""The findings of ``package drift``: those of the alerts of the same names."""

from __future__ import annotations

import math
from collections.abc import Iterator

from monitoring.slices.slices import ALL
from monitoring.stats.distributions import normal_tail
from packager.findings.drift_plots import plot_of_anomaly, plot_of_feature, plot_of_slice
from packager.replicas.drift import Anomaly, DriftReport, FeatureDrift
from packager.replicas.slices import SliceDrift
from packager.tracker.core.finding import PACKAGE_SUBJECT, Finding, Report, ScanReport, Unjudged
from packager.tracker.core.priority import DRIFT_CERTAINTY
from packager.tracker.core.texts import named

SOURCE = "drift"
ACTION = "`package drift URL` shows the numbers; the page of alerts says what to do about each."


def findings_of_drift(report: DriftReport, at: float) -> Report:
    """The report of a look at the counters of one version."""
    scan = ScanReport(
        package=report.model,
        version=report.version,
        source=SOURCE,
        scope=named(f"counters of {report.version}"),
        complete=True,
        at=at,
        unjudged=tuple(_unjudged(report)),
    )
    return Report(findings=tuple(_findings(report, at)), scan=scan)


def _findings(report: DriftReport, at: float) -> Iterator[Finding]:
    for feature in report.features:
        if feature.verdict == "drift":
            yield _feature(feature, report, at)
    for anomaly in report.anomalies:
        if anomaly.verdict == "more":
            yield _anomaly(anomaly, report, at)
    for part in report.slices:
        if part.verdict == "worse":
            yield _slice(part, report, at)


def _feature(feature: FeatureDrift, report: DriftReport, at: float) -> Finding:
    measured = feature.measured
    return Finding(
        package=report.model,
        version=report.version,
        kind="FeatureDrift",
        subject=named(f"feature={feature.name}"),
        share=min(measured.total_variation, 1.0),
        certainty=DRIFT_CERTAINTY * _sure(feature.q_value),
        evidence=f"PSI {measured.psi:.3g} of {measured.rows:,.0f} rows, q = {feature.q_value:.3g}",
        title=f"{feature.name} has drifted from its training distribution",
        action=ACTION,
        source=SOURCE,
        key=report.version,
        starts_at=at,
        values={"psi": measured.psi, "rows": measured.rows},
        plot=plot_of_feature(feature),
    )


def _anomaly(anomaly: Anomaly, report: DriftReport, at: float) -> Finding:
    rise = max(anomaly.ratio - anomaly.reference, 0.0)
    return Finding(
        package=report.model,
        version=report.version,
        kind="AnomalyRate",
        subject=named(f"feature={anomaly.feature},kind={anomaly.kind}"),
        share=min(rise, 1.0),
        certainty=_sure(normal_tail(anomaly.z)),
        evidence=(
            f"{anomaly.ratio:.3g} of {anomaly.rows:,.0f} rows, {anomaly.reference:.3g} at build; "
            f"z = {anomaly.z:.3g}"
        ),
        title=f"{anomaly.feature} has more {anomaly.kind} values than at build",
        action=ACTION,
        source=SOURCE,
        key=report.version,
        starts_at=at,
        values={"ratio": anomaly.ratio, "reference": anomaly.reference},
        plot=plot_of_anomaly(anomaly, report.anomalies),
    )


def _slice(part: SliceDrift, report: DriftReport, at: float) -> Finding:
    whole = part.name == ALL
    share = 1.0 if whole or not report.rows else min(part.rows / report.rows, 1.0)
    prefix = "" if part.output is None else f"output={part.output},"
    subject = PACKAGE_SUBJECT if whole and not prefix else f"{prefix}slice={part.name}"
    return Finding(
        package=report.model,
        version=report.version,
        kind="SliceRegression" if part.output is None else "OutputRegression",
        subject=named(subject),
        share=share,
        certainty=_sure(part.q),
        evidence=f"{part.labels:,.0f} labels; z = {part.z:.3g}, q = {part.q:.3g}",
        title=f"{part.name} is worse than at build",
        action=ACTION,
        source=SOURCE,
        key=report.version,
        starts_at=at,
        values={"score": part.score, "labels": part.labels},
        plot=plot_of_slice(part, report.slices),
    )


def _unjudged(report: DriftReport) -> Iterator[Unjudged]:
    """The subjects with too few rows to say that their drift is over."""
    for feature in report.features:
        if feature.verdict not in ("drift", "ok"):
            yield Unjudged(kind="FeatureDrift", subject=named(f"feature={feature.name}"))
    if not report.features:
        yield Unjudged(kind="FeatureDrift")
    if any(anomaly.verdict == "too few rows" for anomaly in report.anomalies) or not (
        report.rows and report.anomalies
    ):
        yield Unjudged(kind="AnomalyRate")
    if any(part.verdict not in ("worse", "ok") for part in report.slices) or not report.slices:
        yield Unjudged(kind="SliceRegression")
        yield Unjudged(kind="OutputRegression")


def _sure(q: float) -> float:
    return 0.0 if math.isnan(q) else min(max(1 - q, 0.0), 1.0)
