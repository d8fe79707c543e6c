"""Kept and lost answers are counted from 0."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from monitoring.metrics.kept_answers import KeptAnswerMetrics
from monitoring.metrics.registry import Series


def test_both_series_exist_from_the_start() -> None:
    registry = CollectorRegistry()
    metrics = KeptAnswerMetrics(Series("m", "1", registry))

    def value(outcome: str) -> float | None:
        labels = {"model": "m", "version": "1", "outcome": outcome}
        return registry.get_sample_value("model_kept_answers_total", labels)

    assert (value("kept"), value("lost")) == (0, 0)
    metrics.kept.inc(3)
    assert (value("kept"), value("lost")) == (3, 0)
