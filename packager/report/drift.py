"""Formats a drift report as text tables."""

from __future__ import annotations

from modelhost.text import truncate
from monitoring.slices.slices import ALL
from packager.replicas.drift import Anomaly, DriftReport, ExcludedFeature, FeatureDrift
from packager.replicas.slices import SliceDrift
from packager.report.numbers import interval, probability
from packager.report.table import Cell, table
from packager.text import escape_control_characters

MAX_NAME = 200
INTERVAL = "95 % interval"
LASTING = "change, any time"
USUAL = {"missing": "training", "invalid": "-"}
"""Kind of anomaly → rows in which its reference share was measured (default: held-out)."""


def as_text(report: DriftReport, columns: int | None = None) -> str:
    """Features, anomalies and slices, each with its verdict; the overall verdict is last."""
    head = f"{_name(report.model)} {_name(report.version)}: {_name(report.source)}"
    parts = [escape_control_characters(head)]
    if report.features:
        heads = ("feature", "rows", "PSI", "noise", "z", "q", "JS bits", "verdict")
        rows = map(_feature, report.features)
        parts.append(table(heads, rows, columns, right=("q",)))
    if report.anomalies:
        heads = ("anomaly", "kind", "values", "share", "usual", "usual in", "z", "verdict")
        parts.append(table(heads, map(_anomaly, report.anomalies), columns))
    if report.drift_excluded:
        excluded = [(_named(one), _name(one.reason)) for one in report.drift_excluded]
        parts.append(table(("not compared", "reason"), excluded, columns))
    if report.slices:
        structured = any(part.output is not None for part in report.slices)
        score = "mean error" if report.regression else "mean" if structured else "accuracy"
        named = ("output", "measure") if structured else ()
        # An interval of this look alone would mislead who looks at growing counters again.
        ends = ("baseline", LASTING) if report.cumulative else (INTERVAL, "baseline")
        heads = (*named, "slice", "rows", "labels", score, *ends, "z", "verdict")
        # By slice only measures that are judged; --json has all.
        shown = [
            p for p in report.slices if p.output is None or p.baseline is not None or p.name == ALL
        ]
        judged = (_slice(part, lasting=report.cumulative) for part in shown)
        parts.append(table(heads, judged, columns, right=(INTERVAL, LASTING)))
    parts.append(f"verdict: {report.verdict}")
    return "\n\n".join(parts)


def _feature(feature: FeatureDrift) -> tuple[Cell, ...]:
    one = feature.measured
    numbers = (one.psi, one.noise, one.z, probability(feature.q_value), one.js)
    return _name(feature.name), round(one.rows), *numbers, _marked(feature.verdict)


def _anomaly(odd: Anomaly) -> tuple[Cell, ...]:
    usual = USUAL.get(odd.kind, "held-out")
    shares = (odd.ratio, odd.reference, usual, odd.z)
    return _name(odd.feature), odd.kind, round(odd.values), *shares, _marked(odd.verdict)


def _named(one: ExcludedFeature) -> str:
    return _name(one.name) if one.features == 1 else f"{one.features} others"


def _slice(part: SliceDrift, *, lasting: bool) -> tuple[Cell, ...]:
    now = interval((part.low, part.high)), part.baseline
    ends = (part.baseline, interval((part.change_low, part.change_high))) if lasting else now
    named = () if part.output is None else (_name(part.output), _name(part.measure or ""))
    counts = (_name(part.name), round(part.rows), round(part.labels))
    return *named, *counts, part.score, *ends, part.z, _marked(part.verdict)


def _marked(verdict: str) -> str:
    """The verdict, in capitals if it needs attention."""
    return verdict.upper() if verdict in ("drift", "more", "worse") else verdict


def _name(text: str) -> str:
    """A name sent by a server, cut to ``MAX_NAME`` characters."""
    return truncate(text, MAX_NAME)
