from __future__ import annotations

import pytest
from metrics_servers import ANY, answering, exposition

from packager.findings.drift_plots import plot_of_anomaly, plot_of_feature, plot_of_slice
from packager.replicas.counters import scrape_replicas
from packager.replicas.drift import DriftReport, drift_report
from packager.tracker.core.plot import IntervalsPlot


def report() -> DriftReport:
    with answering(exposition({"low": 100, "middle": 200, "high": 700}, 50, 50)) as urls:
        return drift_report(scrape_replicas(urls, ANY), 1.0)


def test_bins_of_a_feature_are_shares_of_all_rows():
    plot = plot_of_feature(report().features[0])
    assert plot is not None
    assert dict(zip(plot.bins, plot.live, strict=True)) == pytest.approx(
        {"low": 0.1, "middle": 0.2, "high": 0.7}
    )
    assert sum(plot.reference) == pytest.approx(1)


def test_an_anomaly_has_its_share_with_an_interval_and_the_bound_of_the_alert():
    found = report()
    plot = plot_of_anomaly(found.anomalies[0], found.anomalies)
    row = plot.rows[0]
    assert row.subject
    assert row.low is not None
    assert row.high is not None
    assert row.low < row.value < row.high
    assert row.bound == pytest.approx((row.reference or 0) + 0.02)


def test_a_slice_is_drawn_with_the_other_slices():
    found = report()
    worse = next(one for one in found.slices if one.verdict == "worse")
    plot = plot_of_slice(worse, found.slices)
    assert isinstance(plot, IntervalsPlot)
    assert plot.rows[0].subject
    assert plot.rows[0].reference == worse.baseline
    assert plot.rows[0].value == worse.score
