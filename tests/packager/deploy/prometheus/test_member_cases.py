from __future__ import annotations

from rule_models import MODELS

from packager.deploy.prometheus.member_cases import member_cases
from packager.deploy.prometheus.rule_tests import TestCaseBuilder


def test_each_alert_has_cases_in_which_it_fires_and_is_silent() -> None:
    cases = member_cases(TestCaseBuilder(MODELS["classification"]))
    for alert in ("MemberFailed", "MemberSlow"):
        own = [case for case in cases if case.name.startswith(f"{alert}:")]
        assert {bool(case.expected[0].firing) for case in own} == {True, False}


def test_another_package_has_none() -> None:
    assert member_cases(TestCaseBuilder(MODELS["regression"])) == []
