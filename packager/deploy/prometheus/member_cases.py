"""Test cases of the alerts about members of a solution."""

from __future__ import annotations

from packager.deploy.prometheus.member_alerts import CALLS, ROWS, slow_bound
from packager.deploy.prometheus.rule_tests import RuleCase, TestCaseBuilder, TestSeries


def member_cases(builder: TestCaseBuilder) -> list[RuleCase]:
    """Each of these alerts, firing and not firing; none for a package that is no solution."""
    if not builder.model.members:
        return []
    bound = slow_bound(builder.model)
    return [*_failures(builder), *([] if bound is None else _slowness(builder, bound))]


def _failures(builder: TestCaseBuilder) -> list[RuleCase]:
    alert, member = "MemberFailed", builder.model.members[0]
    firing = {"member": member, "severity": "ticket"}

    def rows(answered: str, failed: str, null: str = "0x60") -> list[TestSeries]:
        outcomes = {"answered": answered, "failed": failed, "null": null}
        return [
            builder.series(ROWS, values, member=member, outcome=outcome)
            for outcome, values in outcomes.items()
        ]

    def ready(sets: str, model: str = "1x60") -> list[TestSeries]:
        return [
            builder.series("model_member_ready", sets, member=member),
            builder.series("model_processes", model, state="ready"),
        ]

    return [
        builder.case("fires", alert, 30, rows("0+9x60", "0+1x60"), firing),
        builder.case("fires for nulls", alert, 30, rows("0+9x60", "0x60", "0+1x60"), firing),
        builder.case("not for one in thirty", alert, 30, rows("0+29x60", "0+1x60")),
        builder.case("not for five rows", alert, 30, rows("0x60", "0x20 5x40")),
        builder.case("not once it is over", alert, 60, rows("0+9x60", "0+1x30 30x30")),
        builder.case("fires for one that is never ready", alert, 30, ready("1x10 0x50"), firing),
        builder.case("not while it restarts", alert, 30, ready("1x25 0x35")),
        builder.case("not while the model loads", alert, 30, ready("0x60", "0x60")),
    ]


def _slowness(builder: TestCaseBuilder, bound: float) -> list[RuleCase]:
    alert, member = "MemberSlow", builder.model.members[-1]
    firing = {"member": member, "severity": "ticket"}

    def calls(every: str, quick: str) -> list[TestSeries]:
        return [
            builder.series(f"{CALLS}_count", every, member=member),
            builder.series(f"{CALLS}_bucket", quick, member=member, le=repr(bound)),
        ]

    return [
        builder.case("fires", alert, 60, calls("0+100x90", "0+40x90"), firing),
        builder.case("not for one in a thousand", alert, 60, calls("0+1000x90", "0+999x90")),
        builder.case("not for five calls", alert, 60, calls("0x50 5x40", "0x90")),
    ]
