from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from monitoring.metrics.registry import Series
from packager.manifest.solution import Solution, SolutionMember
from serving.prediction.flow_times import FlowTimes

MEMBER = SolutionMember(name="a", package="a", version="1", root="0", process="own")


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def counted(registry: CollectorRegistry) -> FlowTimes:
    solution = Solution(flow="flow:run", members=(MEMBER,))
    return FlowTimes(Series("m", "1", registry), solution)


def test_times_are_counted_by_part(counted: FlowTimes, registry: CollectorRegistry) -> None:
    counted.count({"times": {"members": {"a": [1, 0.5, 0, 2]}, "flow": 0.25}})
    counted.count({})  # another answer of the same batch
    common = {"model": "m", "version": "1", "member": "a"}
    found = [
        registry.get_sample_value("model_member_seconds_total", {**common, "part": part})
        for part in ("own", "crossing", "waiting", "overlapped")
    ]
    assert found == [1, 0.5, 0, 2]


@pytest.mark.parametrize(
    "times",
    [
        {"members": {"b": [1, 1, 1, 1]}, "flow": 0},
        {"members": {"a": [1, 1, 1]}, "flow": 0},
        {"members": {"a": [1, 1, -1, 1]}, "flow": 0},
        {"members": {"a": [1, 1, float("inf"), 1]}, "flow": 0},
        {"members": {}, "flow": "0"},
    ],
)
def test_another_form_is_no_answer(counted: FlowTimes, times: Any) -> None:
    with pytest.raises(ValueError, match="expected seconds of"):
        counted.count({"times": times})
