"""The rules about the issue service, by promtool."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rule_models import needs_promtool, promtool

from packager.deploy.prometheus.issue_service import (
    service_cases,
    service_group,
    service_queries,
    service_tests,
)
from packager.deploy.prometheus.rule_tests import test_document as document_of
from packager.deploy.prometheus.rules import rules_document


@pytest.mark.slow
@needs_promtool
def test_the_alerts_about_the_issue_service(tmp_path: Path) -> None:
    done = promtool(tmp_path, rules_document([service_group()]), service_tests("rules.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.parametrize("alert", ["IssuesServiceDown", "IssuesReconcileStale"])
@pytest.mark.parametrize("broken", ["vector(1) > 2", "vector(1)"])
def test_a_broken_rule_fails_its_tests(alert: str, broken: str, tmp_path: Path) -> None:
    document = rules_document([service_group()])
    for rule in document["groups"][0]["rules"]:
        if rule["alert"] == alert:
            rule["expr"] = broken
    cases = [case for case in service_cases() if case.name.startswith(alert)]
    tests = document_of(cases, [service_group()], "rules.yml")
    assert promtool(tmp_path, document, tests).returncode == 1


def test_both_are_about_all_traffic() -> None:
    for one in service_queries().values():
        assert (one.share, one.certainty) == ("vector(1)", "vector(1)")
        assert json.dumps([plot.query for plot in one.plot])
