from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from modelhost.solution.usage import DURATIONS, OUTCOMES
from monitoring.metrics import members as module
from monitoring.metrics.members import (
    MAX_BINS,
    MAX_SERIES,
    MeasuredMember,
    MeasuredMembers,
    MemberCounts,
    MemberMetrics,
)
from monitoring.metrics.registry import Series

NAMES = tuple(f"b{n}" for n in range(MAX_BINS))
GIVEN = MeasuredMembers(
    [MeasuredMember("price", NAMES, range(MAX_BINS)), MeasuredMember("text")], DURATIONS
)
COUNTS = MemberCounts([1, 0, 0, 2, 0, 0, 1], 2.5, 1.5, [3, 2, 1], [3, *[0] * (MAX_BINS - 1)])


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> MemberMetrics:
    return MemberMetrics(Series("m", "1", registry), GIVEN)


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, {"model": "m", "version": "1", **labels})


def test_a_member_has_at_most_thirty_series(
    registry: CollectorRegistry, metrics: MemberMetrics
) -> None:
    assert metrics.names == ["price", "text"]
    samples = [
        sample
        for family in registry.collect()
        for sample in family.samples
        if sample.labels["member"] == "price" and not sample.name.endswith("_created")
    ]
    assert len(samples) == MAX_SERIES


def test_the_outcomes_are_those_of_the_flow() -> None:
    assert module.OUTCOMES == OUTCOMES


def test_calls_are_added(registry: CollectorRegistry, metrics: MemberMetrics) -> None:
    metrics.add({"price": COUNTS})
    metrics.add({"price": COUNTS})
    calls = "model_member_duration_seconds"
    assert value(registry, f"{calls}_count", member="price") == 8
    assert value(registry, f"{calls}_sum", member="price") == 5.0
    assert value(registry, f"{calls}_bucket", member="price", le="0.0005") == 2
    assert value(registry, f"{calls}_bucket", member="price", le="0.05") == 6
    rows = "model_member_rows_total"
    found = [value(registry, rows, member="price", outcome=one) for one in OUTCOMES]
    assert found == [6, 4, 2]
    assert value(registry, "model_member_own_seconds_total", member="price") == 3.0
    assert value(registry, "model_member_predictions_total", member="price", bin="b0") == 6
    assert value(registry, "model_member_reference_rows", member="price", bin="b7") == 7
    assert value(registry, rows, member="text", outcome="answered") == 0


def test_it_knows_in_how_many_sets_a_member_is_ready(
    registry: CollectorRegistry, metrics: MemberMetrics
) -> None:
    assert value(registry, "model_member_ready", member="text") == 0
    metrics.set_ready("text", 2)
    assert value(registry, "model_member_ready", member="text") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"calls": [1]},
        {"rows": [1, 2]},
        {"bins": [1]},
        {"calls": [True, 0, 0, 0, 0, 0, 0]},
        {"rows": [-1, 0, 0]},
        {"rows": [0.5, 0, 0]},
        {"seconds": -1.0},
        {"own": "1"},
    ],
)
def test_counts_of_another_form_add_nothing(
    registry: CollectorRegistry, metrics: MemberMetrics, changes: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="expected counts of a member's calls"):
        metrics.add({"price": COUNTS, "text": COUNTS._replace(bins=[])._replace(**changes)})
    assert value(registry, "model_member_own_seconds_total", member="price") == 0


def test_a_member_that_the_solution_lacks_is_refused(metrics: MemberMetrics) -> None:
    with pytest.raises(ValueError, match="expected counts of the solution's members"):
        metrics.add({"other": COUNTS})


def test_another_package_has_no_series(registry: CollectorRegistry) -> None:
    made = MemberMetrics(Series("m", "1", registry), MeasuredMembers())
    assert made.names == []
    assert [*registry.collect()] == []
