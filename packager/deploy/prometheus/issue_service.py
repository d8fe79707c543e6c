"""The rules about the issue service itself, and their tests: one file for all models.

The service is scraped as the job ``issues``. A folder without it has no such target, and so none of
these alerts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from packager.deploy.prometheus.issue_queries import CERTAIN, AlertQueries, Plot
from packager.deploy.prometheus.rule_tests import (
    Expectation,
    RuleCase,
    TestSeries,
    test_document,
)
from packager.deploy.prometheus.rules import Alert, Group

JOB = "issues"
GROUP = "issue service"
AGE = "issues_reconcile_age_seconds"
MAX_RECONCILE_MINUTES = 10
"""The service compares its issues with Alertmanager each minute."""
UP = f'up{{job="{JOB}"}}'
_SERVICE = (("service", JOB),)


def service_group() -> Group:
    """The alerts. They have no other time scale: the service has none."""
    alerts = [
        Alert(
            "IssuesServiceDown",
            f"{UP} == 0 or (last_over_time({UP}[1d]) unless on (job) {UP})",
            "5m",
            "ticket",
            1,
            "The issue service cannot be scraped",
            "Read its log and /readyz; alerts wait in Alertmanager meanwhile, so look there.",
            labels=_SERVICE,
        ),
        Alert(
            "IssuesReconcileStale",
            f"max by (job) ({AGE}{{job={JOB!r}}}) > {60 * MAX_RECONCILE_MINUTES}",
            "5m",
            "ticket",
            2,
            "The issue service has not compared its issues with Alertmanager for ten minutes",
            "Check that it reaches Alertmanager. Until then no issue closes because its alert"
            " ended.",
            labels=_SERVICE,
        ),
    ]
    return Group(GROUP, "1m", alerts)


def service_queries() -> Mapping[str, AlertQueries]:
    """Kind of alert → its queries; both are about all traffic."""
    plots = (Plot("issue service answers", UP), Plot("seconds since the last comparison", AGE))
    return {
        alert.name: AlertQueries(CERTAIN, CERTAIN, plots)
        for alert in service_group().rules
        if isinstance(alert, Alert)
    }


def service_tests(rule_file: str) -> dict[str, Any]:
    """The content of a test file for the rules in ``rule_file``."""
    return test_document(service_cases(), [service_group()], rule_file)


def service_cases() -> list[RuleCase]:
    """Each alert firing and not firing."""
    down, stale = "IssuesServiceDown", "IssuesReconcileStale"

    def up(values: str) -> list[TestSeries]:
        return [TestSeries("up", {"job": JOB, "instance": "a"}, values)]

    def age(values: str) -> list[TestSeries]:
        return [*up("1x60"), TestSeries(AGE, {"job": JOB, "instance": "a"}, values)]

    replica = {"job": JOB, "instance": "a", "severity": "ticket"}
    cases: tuple[tuple[str, str, list[TestSeries], dict[str, str] | None], ...] = (
        (down, "fires", up("1x10 0x50"), replica),
        (down, "fires where the target is gone", up("1x10 stale"), replica),
        (down, "not where it answers", up("1x60"), None),
        (down, "not where there is none", [TestSeries("up", {"job": "shop"}, "0x60")], None),
        (down, "not for a restart", up("1x26 0x1 1x33"), None),
        (stale, "fires", age("0+60x60"), {"job": JOB, "severity": "ticket"}),
        (stale, "not where it compares each minute", age("60x60"), None),
        (stale, "not for a short gap", age("60x20 60+60x8 60x31"), None),
    )
    return [
        RuleCase(f"{alert}: {name}", series, [Expectation(30, alert, [firing] if firing else [])])
        for alert, name, series, firing in cases
    ]
