"""From checks to one verdict: a budget of false alarms, adjusted p-values, effect and significance.

A check fails if its difference is larger than the policy allows *and* larger than chance explains.
The policy's probability of a false alarm is divided among the families that are judged, and a
family's part in halves: one for its headline checks (of all rows), one for the others (slices,
classes), so that many slices don't hide a change of all rows. Within a half p-values are adjusted
(Benjamini and Hochberg 1995). If nothing changed, any failure is then at most as probable as the
family's part, for tests that are independent or positively dependent (Benjamini and Yekutieli
2001): halves and families add up (Bonferroni). See docs/testing.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import compress, count
from typing import NamedTuple

from monitoring.stats.adjust import benjamini_hochberg
from monitoring.stats.drift import visible_psi
from monitoring.stats.estimates import visible_difference
from packager.manifest.policy import FAMILIES, SHARES, Family, Policy
from packager.text import counted
from packager.worker.test.report import (
    Check,
    CheckVerdict,
    FamilyReport,
    FamilyVerdict,
    NotTested,
    Verdict,
)

POWER = 0.8
"""The probability with which ``Check.visible_from`` is found."""


class _Test(NamedTuple):
    q: float
    """The adjusted p-value, to be compared with the family's level."""
    share: float
    """The share of the family's level at which this test alone would fail: the adjustment's first
    step."""


class FamilyResult(NamedTuple):
    """The results of a family before the verdict."""

    checks: Sequence[Check] = ()
    not_judged: str = ""
    """Why the family can't be judged; empty if it can."""
    details: Mapping[str, object] = {}
    spends: bool = False
    """Whether its exact checks take the family's part of the budget: it was tested elsewhere."""
    not_tested: Sequence[NotTested] = ()


def levels(by_family: Mapping[Family, FamilyResult], policy: Policy) -> dict[Family, float]:
    """Each family's probability of a false alarm; unused parts go to the families that are used.

    Families of ``[test] warn`` can't fail, so they take nothing from the others.
    """
    used = [
        family
        for family, judged in by_family.items()
        if family in SHARES
        and (judged.spends or any(check.p is not None for check in judged.checks))
    ]
    failing = sum(SHARES[family] for family in used if family not in policy.warn)
    total = sum(SHARES[family] for family in used)
    return {
        family: policy.false_alarm * SHARES[family] / (total if family in policy.warn else failing)
        for family in used
    }


def judge(by_family: Mapping[Family, FamilyResult], policy: Policy) -> tuple[FamilyReport, ...]:
    """The verdicts of all checks and families."""
    parts = levels(by_family, policy)
    return tuple(
        _family(family, by_family[family], parts.get(family), policy)
        for family in FAMILIES
        if family in by_family
    )


def overall(families: Sequence[FamilyReport], policy: Policy) -> tuple[Verdict, str]:
    """The verdict of the whole test, in a word and in a sentence."""
    failed = [check for family in families for check in family.checks if check.verdict == "failed"]
    if failed:
        own = [one for one in failed if one.family == failed[0].family]
        more = f"; {counted(len(failed) - 1, 'more check')} failed" if len(failed) > 1 else ""
        return "failed", f"failed: {_first(own).why}{more}"
    open_ = [why for one in families if (why := _why_open(one, policy))]
    if not any(one.checks for one in families):
        open_ = open_ or ["nothing could be judged"]
    absent = declared(policy) - {one.family for one in families}
    open_ = open_ or [f"{name} was not judged" for name in FAMILIES if name in absent]
    if open_:
        fails = '; exit code 1 by [test] inconclusive = "fail"'
        return "inconclusive", f"inconclusive: {'; '.join(open_)}" + (
            fails if policy.inconclusive == "fail" else ""
        )
    named = [
        f"{verdict}: {', '.join(those)}"
        for verdict in ("passed", "warned", "not judged")
        if (those := [one.family for one in families if one.verdict == verdict])
    ]
    return "passed", "; ".join(named if named[0].startswith("passed") else ["passed", *named])


def declared(policy: Policy) -> frozenset[Family]:
    """The families that a test has to judge to pass: quality, and those that ``[test]`` sets."""
    tables: Mapping[Family, object] = {
        "suspects": policy.suspects,
        "drift": policy.drift,
        "calibration": policy.calibration,
        "time": policy.time,
        "weak": policy.weak,
    }
    own = {name for name, table in tables.items() if table != type(table)()}
    if policy.weak.features == 0:
        own -= {"weak"}
    if policy.fairness.columns:
        own.add("fairness")
    if policy.case:
        own.add("cases")
    return frozenset(own | {"quality"})


def _why_open(family: FamilyReport, policy: Policy) -> str:
    """Why ``family`` keeps the test from passing; empty if it doesn't."""
    if family.verdict == "inconclusive":
        return f"{family.family}: {family.why}"
    if family.verdict == "not judged" and family.family in declared(policy):
        return f"{family.family} was not judged: {family.why}"
    return ""


def _family(
    family: Family, judgement: FamilyResult, level: float | None, policy: Policy
) -> FamilyReport:
    if judgement.not_judged:
        return FamilyReport(
            family=family,
            verdict="not judged",
            why=judgement.not_judged,
            not_tested=tuple(judgement.not_tested),
            details=judgement.details,
        )
    checks = []
    for check, test in zip(judgement.checks, _tests(judgement.checks), strict=True):
        judged = check
        if test is not None and level is not None:
            judged = _judged(check, test, level)
        if judged.verdict == "failed" and (family in policy.warn or judged.severity == "warn"):
            judged = judged.model_copy(update={"verdict": "warned"})
        checks.append(judged)
    verdict, why = _of_checks(checks, [one.p is not None for one in judgement.checks])
    missing = [one for one in judgement.not_tested if one.requested]
    if missing and verdict != "failed":
        others = [why] if verdict == "inconclusive" else []
        parts = [f"{one.subject} was not tested: {one.why}" for one in missing]
        verdict, why = "inconclusive", "; ".join([*others, *parts])
    return FamilyReport(
        family=family,
        verdict=verdict,
        level=level,
        checks=_unique(checks),
        why=why,
        not_tested=tuple(judgement.not_tested),
        details=judgement.details,
    )


def _unique(checks: Sequence[Check]) -> tuple[Check, ...]:
    """``checks`` with different names: names of columns, slices and cases may be any text."""
    names = [check.name for check in checks]
    taken, unique = set(names), []
    for at, check in enumerate(checks):
        if check.name not in names[:at]:
            unique.append(check)
            continue
        number = next(n for n in count(2) if f"{check.name} ({n})" not in taken)
        name = f"{check.name} ({number})"
        taken.add(name)
        unique.append(check.model_copy(update={"name": name}))
    return tuple(unique)


def _tests(checks: Sequence[Check]) -> list[_Test | None]:
    """The test of each check; None for an exact one."""
    tests: list[_Test | None] = [None] * len(checks)
    halves = [
        [at for at, one in enumerate(checks) if one.p is not None and one.headline is headline]
        for headline in (True, False)
    ]
    share = 0.5 if all(halves) else 1.0
    for half in halves:
        values = [math.nan if (p := checks[at].p) is None else p for at in half]
        for at, q in zip(half, benjamini_hochberg(values), strict=True):
            tests[at] = _Test(q if math.isnan(q) else min(1.0, q / share), share / len(half))
    return tests


def _judged(check: Check, test: _Test, level: float) -> Check:
    """A statistical check with its verdict."""
    assert check.difference is not None
    change = check.worse * check.difference
    visible = _visible(check, level * test.share)
    verdict: CheckVerdict = "passed"
    if test.q <= level and change > (check.limit or 0.0):
        verdict = "failed"
    elif math.isnan(test.q) or _unclear(check, change, visible):
        verdict = "inconclusive"
    return check.model_copy(
        update={
            "q": None if math.isnan(test.q) else test.q,
            "p": None if check.p is None or math.isnan(check.p) else check.p,
            "visible_from": visible,
            "verdict": verdict,
        }
    )


def _unclear(check: Check, change: float, visible: float | None) -> bool:
    """Whether a check that didn't fail says too little to have passed.

    It passes if it would have found a change of the limit, or if its interval lies within what the
    policy allows. Without a limit (a floor), it passes if nothing got worse.
    """
    limit = check.limit or 0.0
    if limit == 0:
        return change > 0
    if check.interval is not None and max(check.worse * end for end in check.interval) <= limit:
        return False
    return visible is None or visible > limit


def _visible(check: Check, alpha: float) -> float | None:
    """The smallest true change that the check finds with ``POWER``; None if it is unknown."""
    if check.scale is not None:
        return visible_psi(check.scale, len(check.details["bins"]), alpha, POWER)
    if check.error is None or check.degrees is None:
        return None
    return visible_difference(check.error, check.degrees, alpha, POWER)


def _of_checks(checks: Sequence[Check], tested: Sequence[bool]) -> tuple[FamilyVerdict, str]:
    """The verdict of a family and why; ``tested``: whether each check is a statistical one."""
    failed = [check for check in checks if check.verdict == "failed"]
    if failed:
        return "failed", _first(failed).why
    # An exact check beside them, such as that of repeated rows, does not make up for few rows.
    asked = list(compress(checks, tested)) or checks
    every = all(one.verdict == "inconclusive" for one in asked)
    unclear = [one for one in checks if one.verdict == "inconclusive" and (one.headline or every)]
    if not unclear:
        warned = [check for check in checks if check.verdict == "warned"]
        return ("warned", _first(warned).why) if warned else ("passed", "")
    first = unclear[0]
    return "inconclusive", f"{_too_few(first)} to tell: {first.why}{first.could_see}"


def _too_few(check: Check) -> str:
    """Of which rows there are too few: more new rows don't help a package that held out few."""
    if 0 < check.baseline_rows < check.rows:
        return f"too few held-out rows ({check.baseline_rows:,})"
    return "too few rows"


def _first(failed: Sequence[Check]) -> Check:
    """The failed check to name first: of all rows before one of a slice, then the surest."""
    return min(failed, key=lambda one: (not one.headline, one.q is not None and one.q))
