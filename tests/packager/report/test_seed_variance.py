from __future__ import annotations

from packager.manifest.evaluation import SeedVariance
from packager.report.seed_variance import spread_text


def test_every_metric_has_mean_deviation_and_range() -> None:
    found = SeedVariance(
        seeds=(7, 8, 9), overall={"accuracy": (0.5, 0.6, 0.7)}, slices={"a": {"mae": (1200.0,) * 3}}
    )
    assert [line.split("  ") for line in spread_text(found).splitlines()[:1]] == [
        ["3 seeds: 7, 8, 9"]
    ]
    rows = [line.split() for line in spread_text(found).splitlines()[3:]]
    assert rows == [
        ["all", "accuracy", "0.6000", "0.1000", "0.5000", "0.7000"],
        ["a", "mae", "1,200", "0", "1,200", "1,200"],
    ]
    one = SeedVariance(seeds=(7,), overall={"accuracy": (0.5,)}, slices={})
    assert spread_text(one).splitlines()[-1].split()[3] == "0"
