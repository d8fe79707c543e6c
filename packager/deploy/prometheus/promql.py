"""The formulas of ``drift.py`` and ``accuracy.py`` as PromQL, with the same constants.

Arguments and results are PromQL expressions. Vectors in one operation have the same labels: those
of ``FEATURE`` (and ``bin``), or of ``SLICE``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple

from monitoring.stats.accuracy import (
    MIN_ACCURACY_DROP,
    MIN_MAE_RISE,
    MIN_SLICE_ROWS,
    MIN_SLICE_Z,
)
from monitoring.stats.drift import BIN_PRIOR, MIN_PSI, MIN_PSI_ROWS, MIN_PSI_Z, PRIOR_ROWS
from monitoring.stats.intervals import Z95
from packager.text import escape_in_literal

MODEL = "model, version"
FEATURE = "model, version, feature"
BIN = "model, version, feature, bin"
SLICE = "model, version, slice"
ANOMALY = "model, version, feature, kind"
LOOKBACK = "8m"
"""Time for which a version counts as running after its last scrape: longer than a replica needs to
restart, so that alerts continue; short enough that they end within ten minutes of the version."""


class BaselineSeries(NamedTuple):
    """The series of ``accuracy.MeanBaseline``."""

    value: str
    variance: str
    rows: str


@dataclass(frozen=True)
class Scope:
    """The series of one model: rules of several models may share one Prometheus."""

    model: str

    def series(self, name: str, *matchers: str) -> str:
        """``name`` of this model, with further ``matchers`` such as ``code="2xx"``."""
        return f"{name}{{{', '.join((f'model={quoted(self.model)}', *matchers))}}}"

    def increase(self, by: str, name: str, window: str, *matchers: str) -> str:
        """The increase of a counter over ``window``, summed over replicas by the labels ``by``."""
        return f"sum by ({by}) (increase({self.series(name, *matchers)}[{window}]))"

    def highest(self, by: str, name: str) -> str:
        """A gauge that has the same value in every replica."""
        return f"max by ({by}) (last_over_time({self.series(name)}[{LOOKBACK}]))"

    def running(self, by: str = MODEL) -> str:
        """1 for each version that has a replica, or had one within ``LOOKBACK``."""
        return f"group by ({by}) (last_over_time({self.series('model_package_info')}[{LOOKBACK}]))"


def bucket(bound: float) -> str:
    """The matcher of a histogram's bucket.

    A whole bound is ``1.0`` where it was scraped, and ``1`` where Prometheus took it over OTLP.
    """
    if bound.is_integer():
        return f'le=~"{bound:.0f}(\\\\.0)?"'
    return f'le="{bound!r}"'


def quoted(text: str) -> str:
    """A PromQL string."""
    return escape_in_literal(json.dumps(text, ensure_ascii=False))


def reference_ratio(reference: str, rows: str, bins: str) -> str:
    """Share of each bin in the reference, from counts per bin, their sum and number per feature."""
    total = f"({rows} + {BIN_PRIOR} * {bins})"
    return f"({reference} + {BIN_PRIOR}) / on ({FEATURE}) group_left () {total}"


def live_ratio(counts: str, rows: str, ratio: str) -> str:
    """Share of each bin in the live rows, shrunk towards the reference ``ratio``."""
    total = f"({rows} + {PRIOR_ROWS})"
    return f"({counts} + {PRIOR_ROWS} * {ratio}) / on ({FEATURE}) group_left () {total}"


def psi(live: str, ratio: str) -> str:
    """PSI per feature, from the live and reference shares per bin."""
    return f"sum by ({FEATURE}) (({live} - {ratio}) * ln({live} / {ratio}))"


def jensen_shannon(live: str, ratio: str) -> str:
    """Jensen-Shannon divergence per feature in bits, from the two shares per bin."""
    both = f"({live} + {ratio})"
    ours = f"0.5 * {live} * log2(2 * {live} / {both})"
    theirs = f"0.5 * {ratio} * log2(2 * {ratio} / {both})"
    return f"sum by ({FEATURE}) ({ours} + {theirs})"


def psi_z(value: str, rows: str, reference_rows: str, bins: str, design_effect: float) -> str:
    """z of a PSI; no result without live rows."""
    freedom = f"({bins} - 1)"
    noise = f"({design_effect} / ({rows} > 0) + 1 / {reference_rows})"
    spread = f"(2 / (9 * {freedom}))"
    return f"(({value} / {noise} / {freedom}) ^ (1 / 3) - (1 - {spread})) / {spread} ^ 0.5"


def feature_drifts(value: str, z: str, rows: str, design_effect: float) -> str:
    """The condition of ``drift.is_drift``; its value is the PSI."""
    least = MIN_PSI_ROWS * design_effect
    return f"{value} > {MIN_PSI} and {z} > {MIN_PSI_Z} and {rows} >= {least:g}"


def wilson(right: str, rows: str, sign: str) -> str:
    """The lower (``-``) or upper (``+``) end of Wilson's interval; no result without rows."""
    square = Z95**2
    root = f"sqrt(clamp_min({right} * ({rows} - {right}) / {rows} + {square / 4!r}, 0))"
    bound = f"({right} + {square / 2!r} {sign} {Z95!r} * {root}) / (({rows} > 0) + {square!r})"
    return f"clamp({bound}, 0, 1)"


def independent(rows: str, design_effect: str) -> str:
    """Rows over the design effect of their model's version."""
    return f"{rows} / on ({MODEL}) group_left () {design_effect}"


def share_z(share: str, rows: str, baseline: str, baseline_rows: str) -> str:
    """Two-proportion z of a share of independent rows minus its baseline; none without rows."""
    pooled = f"(({share} * {rows} + {baseline} * {baseline_rows}) / ({rows} + {baseline_rows}))"
    variance = f"{pooled} * (1 - {pooled}) * (1 / ({rows} > 0) + 1 / {baseline_rows})"
    return f"({share} - {baseline}) / sqrt({variance})"


def accuracy_regressed(share: str, rows: str, baseline: str, z: str) -> str:
    """The condition of ``accuracy.accuracy_regressed``; its value is the decrease of accuracy."""
    lost = f"{baseline} - {share} > {MIN_ACCURACY_DROP}"
    return f"{lost} and {z} < -{MIN_SLICE_Z} and {rows} >= {MIN_SLICE_ROWS}"


def variance(total: str, squares: str, rows: str) -> str:
    """Variance of values, from their sum and the sum of their squares."""
    return f"clamp_min({squares} / {rows} - ({total} / {rows}) ^ 2, 0)"


def mean_bound(mean: str, variance: str, rows: str, sign: str) -> str:
    """The lower (``-``) or upper (``+``) end of the interval of a mean of independent rows."""
    return f"{mean} {sign} {Z95!r} * sqrt({variance} / ({rows} > 0))"


def mean_z(mean: str, variance: str, rows: str, baseline: BaselineSeries) -> str:
    """z of a live mean minus the baseline's, of independent rows; none without rows."""
    error = f"sqrt({variance} / ({rows} > 0) + {baseline.variance} / {baseline.rows})"
    return f"({mean} - {baseline.value}) / {error}"


def mean_regressed(mean: str, rows: str, baseline: str, z: str) -> str:
    """The condition of ``accuracy.mean_regressed``; its value is the relative increase."""
    grown = f"{mean} / {baseline} - 1 > {MIN_MAE_RISE}"
    return f"{grown} and {z} > {MIN_SLICE_Z} and {rows} >= {MIN_SLICE_ROWS}"
