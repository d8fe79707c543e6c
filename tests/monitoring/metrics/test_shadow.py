"""The metrics of a shadow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from monitoring.metrics.feedback import ScoredLabel
from monitoring.metrics.registry import Series
from monitoring.metrics.shadow import (
    MAX_SERIES,
    ChallengerVersions,
    PairedLabel,
    ShadowPairMetrics,
    ShadowRowMetrics,
)

SLICES = ("__all__", *(f"s{number}" for number in range(23)))


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, {"model": "m", "version": "1"} | labels)


def names(registry: CollectorRegistry) -> list[str]:
    found = [sample.name for family in registry.collect() for sample in family.samples]
    return [name for name in found if not name.endswith("_created")]


@pytest.mark.parametrize("classes", [("a", "b"), None])
def test_the_series_are_bounded(classes: Sequence[Any] | None) -> None:
    registry = CollectorRegistry()
    series = Series("m", "1", registry)
    ShadowRowMetrics(series)
    pairs = ShadowPairMetrics(series, SLICES, classes)
    scored = ScoredLabel((1 << 24) - 1, True, 0.0, correct=None if classes is None else True)
    pairs.add(PairedLabel(scored, f"v{number}") for number in range(20))
    assert len(names(registry)) <= MAX_SERIES


def test_versions_beyond_the_bound_are_one() -> None:
    registry = CollectorRegistry()
    versions = ChallengerVersions(Series("m", "1", registry))
    for number in range(9):
        versions.see(f"v{number}")
    info = "model_shadow_challenger_info"
    assert value(registry, info, challenger="v2") == 1
    assert value(registry, info, challenger="v3") is None
    assert value(registry, info, challenger="other") == 1


def test_errors_without_bound_leave_sums_finite() -> None:
    registry = CollectorRegistry()
    pairs = ShadowPairMetrics(Series("m", "1", registry), ("__all__",), None)
    scored = ScoredLabel(1, True, 0.0, error=1e300)
    pairs.add([PairedLabel(scored, "v", error=1.0), PairedLabel(scored, "v", error=-1e308)])
    better = value(
        registry,
        "model_shadow_error_difference_total",
        slice="__all__",
        direction="challenger_better",
    )
    assert better == pytest.approx(1e290)
    squared = value(registry, "model_shadow_error_difference_squared_total", slice="__all__")
    assert squared == 1e290


def test_rows_and_differences() -> None:
    registry = CollectorRegistry()
    metrics = ShadowRowMetrics(Series("m", "1", registry))
    metrics.add({"same": 2, "dropped": 0})
    metrics.observe([0.0, 0.5, 2.0])
    assert value(registry, "model_shadow_rows_total", outcome="same") == 2
    assert value(registry, "model_shadow_rows_total", outcome="dropped") == 0
    assert value(registry, "model_shadow_difference_bucket", le="0.5") == 2
    assert value(registry, "model_shadow_difference_count") == 3
