"""The variance of metrics over seeds, as a table."""

from __future__ import annotations

from packager.manifest.evaluation import SeedVariance
from packager.report.seed_spread import spread_text

SPREAD = SeedVariance(
    seeds=(7, 8, 9),
    overall={"roc_auc": (0.5, 0.5, 0.5), "accuracy": (0.6, 0.7, 0.8)},
    slices={"color=E": {"accuracy": (0.1, 0.2, 0.3)}},
)


def test_every_metric_has_its_mean_deviation_and_range_overall_and_by_slice():
    first, _, head, *rows = spread_text(SPREAD).splitlines()
    assert first == "3 seeds: 7, 8, 9"
    assert head.split()[:3] == ["rows", "metric", "mean"]
    assert [row.split() for row in rows] == [
        ["all", "accuracy", "0.7000", "0.1000", "0.6000", "0.8000"],
        ["all", "roc_auc", "0.5000", "0", "0.5000", "0.5000"],
        ["color=E", "accuracy", "0.2000", "0.1000", "0.1000", "0.3000"],
    ]


def test_one_seed_has_no_deviation():
    one = SeedVariance(seeds=(7,), overall={"accuracy": (0.6,)}, slices={})
    assert spread_text(one).splitlines()[-1].split() == [
        "all",
        "accuracy",
        *["0.6000", "0", "0.6000", "0.6000"],
    ]
