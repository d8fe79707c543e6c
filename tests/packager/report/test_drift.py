from __future__ import annotations

import math

from packager.replicas.drift import DriftReport, ExcludedFeature, SliceDrift
from packager.report.drift import MAX_NAME, as_text


def report(name: str = "far", labels: float = 500.0) -> DriftReport:
    part = SliceDrift(
        name=name, rows=12345.0, labels=labels, score=0.5, low=0.4, high=math.nan, baseline=None,
        baseline_rows=0.0, design_effect=1.0, z=math.nan, regressed=True,
    )  # fmt: skip
    return DriftReport(
        model="m", version="1-a", source="1 replica since their start", regression=False,
        cumulative=True,
        features=(), anomalies=(), rows=0.0, slices=(part,),
        drift_excluded=(ExcludedFeature("other", 7, "x"),),
    )  # fmt: skip


def test_counts_have_commas_and_what_is_not_known_is_left_out_or_a_dash() -> None:
    lines = as_text(report()).splitlines()
    assert [line.split() for line in lines if line.startswith(("slice", "far"))] == [
        ["slice", "rows", "labels", "accuracy", "verdict"],
        ["far", "12,345", "500", "0.5000", "WORSE"],
    ]
    assert "7 others" in as_text(report())


def test_names_that_a_server_sent_have_an_end_and_steer_nothing() -> None:
    text = as_text(report("x" * 5_000 + "\x1b[2J"))
    assert max(map(len, text.splitlines())) < MAX_NAME + 80
    assert "\x1b" not in as_text(report("\x1b[2J"))
