"""The checks of a report in the order in which a person wants to read them."""

from __future__ import annotations

from collections.abc import Iterable

from packager.manifest.policy import FAMILIES
from packager.worker.test.report import Check, DataTestReport

RANKS = ("failed", "warned", "inconclusive", "passed")


def worst_first(checks: Iterable[Check]) -> list[Check]:
    """Failed before warned before inconclusive before passed; then by family, then the surest.

    Families are in the order of ``FAMILIES``: a broken schema explains drift, and drift a loss of
    quality. In a family, checks of all rows come first.
    """
    return sorted(checks, key=_sort_key)


def with_verdict(report: DataTestReport, *verdicts: str) -> list[Check]:
    """The report's checks with one of ``verdicts``, worst first."""
    return worst_first(check for check in report.checks if check.verdict in verdicts)


def excess(check: Check) -> float:
    """The change for the worse beyond what the policy allows; negative within it."""
    change = 0.0 if check.difference is None else check.worse * check.difference
    return change - (check.limit or 0.0)


def _sort_key(check: Check) -> tuple[int, int, bool, float, float]:
    surest = 0.0 if check.q is None else check.q
    family = FAMILIES.index(check.family)
    return RANKS.index(check.verdict), family, not check.headline, surest, -excess(check)
