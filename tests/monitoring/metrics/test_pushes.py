"""The counters of pushes."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from monitoring.metrics.pushes import PushCounts
from monitoring.metrics.registry import Series


def test_outcomes_and_the_last_success() -> None:
    registry = CollectorRegistry()
    counts = PushCounts(Series("m", "1", registry))
    common = {"model": "m", "version": "1"}

    def last() -> float | None:
        name = "model_metrics_push_last_success_timestamp_seconds"
        return registry.get_sample_value(name, common)

    assert last() == 0
    counts.add("failed", 10.0)
    counts.add("refused", 11.0)
    assert last() == 0
    counts.add("sent", 12.0)
    counts.add("partial", 13.0)
    counts.add("failed", 14.0)
    assert last() == 13
    for outcome, expected in {"sent": 1, "partial": 1, "refused": 1, "failed": 2}.items():
        found = registry.get_sample_value(
            "model_metrics_pushes_total", {**common, "outcome": outcome}
        )
        assert found == expected
