from __future__ import annotations

from dataclasses import replace

from rule_models import MODELS

from modelhost.solution.usage import DURATIONS
from packager.deploy.prometheus.member_alerts import member_alerts, slow_bound
from packager.deploy.prometheus.promql import Scope
from packager.deploy.prometheus.rules import Objectives
from packager.tracker.core.kinds import family_of
from packager.tracker.sources.alertmanager import SUBJECT_LABELS

SOLUTION = MODELS["classification"]


def test_they_name_the_member_and_the_tracker_knows_them() -> None:
    alerts = member_alerts(SOLUTION, Scope(SOLUTION.name))
    assert [one.name for one in alerts] == ["MemberFailed", "MemberSlow"]
    for one in alerts:
        assert "ember {{ $labels.member }} of" in one.summary
        assert family_of(one.name) == "availability"
    assert "member" in SUBJECT_LABELS


def test_another_package_has_none() -> None:
    model = MODELS["regression"]
    assert member_alerts(model, Scope(model.name)) == []


def test_a_call_is_slow_beyond_the_objective_of_requests() -> None:
    def bound(seconds: float) -> float | None:
        return slow_bound(replace(SOLUTION, objectives=Objectives(latency_seconds=seconds)))

    assert bound(0.25) == 0.25
    assert bound(0.1) == 0.25
    assert bound(max(DURATIONS)) == max(DURATIONS)
    assert bound(5.0) is None
    slow = replace(SOLUTION, objectives=Objectives(latency_seconds=5.0))
    assert [one.name for one in member_alerts(slow, Scope(slow.name))] == ["MemberFailed"]
