from __future__ import annotations

from prometheus_client import CollectorRegistry

from monitoring.metrics.member_seconds import MemberSeconds
from monitoring.metrics.registry import Series


def test_seconds_are_added_by_member_and_part() -> None:
    registry = CollectorRegistry()
    seconds = MemberSeconds(Series("m", "1", registry), ["a", "b"], ["own", "waiting"])

    def value(member: str, part: str) -> float | None:
        labels = {"model": "m", "version": "1", "member": member, "part": part}
        return registry.get_sample_value("model_member_seconds_total", labels)

    assert value("b", "waiting") == 0
    seconds.add({"a": {"own": 0.5, "waiting": 0.0}}, 0.25)
    seconds.add({"a": {"own": 0.25}}, 0.25)
    assert (value("a", "own"), value("a", "waiting"), value("b", "own")) == (0.75, 0, 0)
    common = {"model": "m", "version": "1"}
    assert registry.get_sample_value("model_flow_seconds_total", common) == 0.5
