"""The order in which checks are read."""

from __future__ import annotations

import tested_packages as made

from packager.testing.ordered import excess, with_verdict, worst_first


def test_failed_checks_come_first_and_those_of_all_rows_before_slices() -> None:
    checks = [
        made.check("passed"),
        made.unclear("unclear"),
        made.failed("slice", q=1e-9),
        made.failed("less sure", q=1e-3),
        made.failed("all rows", headline=True, q=1e-3),
        made.failed("warned", verdict="warned"),
    ]
    names = [check.name for check in worst_first(checks)]
    assert names == ["all rows", "slice", "less sure", "warned", "unclear", "passed"]


def test_of_equally_sure_checks_the_larger_change_comes_first() -> None:
    checks = [made.failed(str(d), difference=d, q=0.0) for d in (-0.05, -0.2, -0.1)]
    assert [check.name for check in worst_first(checks)] == ["-0.2", "-0.1", "-0.05"]


def test_the_excess_is_beyond_the_limit_in_the_worse_direction() -> None:
    assert excess(made.check(difference=-0.05, limit=0.02, worse=-1)) == 0.05 - 0.02
    assert excess(made.check(difference=-0.05, limit=0.02, worse=1)) == -0.05 - 0.02
    assert excess(made.check(difference=None, limit=None)) == 0


def test_checks_of_a_report_are_chosen_by_verdict() -> None:
    found = made.report(made.family("quality", [made.check(), made.failed("worse")]))
    assert [check.name for check in with_verdict(found, "failed")] == ["worse"]
