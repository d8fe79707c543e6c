"""Test cases for the duration of alerts, derived from the cases that fire.

A version without replicas has no alert after ten minutes; a version whose replicas come and go
keeps its alerts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from packager.deploy.prometheus.rule_tests import Expectation, RuleCase, TestSeries

ENDED = 10
"""Minutes after the last replica; by then no alert of its version may fire."""
PERIOD, AWAY = 10, 4
"""The last ``AWAY`` of every ``PERIOD`` minutes have no scrape."""
PART = re.compile(r"(-?[\d.]+)(?:\+([\d.]+))?x(\d+)")


def lasting_cases(cases: Sequence[RuleCase], model: str) -> list[RuleCase]:
    """Two more cases for the first case in which each alert of a version fires."""
    first: dict[str, RuleCase] = {}
    for case in cases:
        (expected,) = case.expected
        if expected.firing:
            first.setdefault(expected.alert, case)
    return [
        variant for case in first.values() for variant in (_ended(case, model), _flapping(case))
    ]


def _ended(case: RuleCase, model: str) -> RuleCase:
    """All replicas of this version end as the alert fires; another version continues."""
    (expected,) = case.expected
    minute = expected.minute
    series = [replace(one, values=_cut(one.values, minute)) for one in case.series]
    newer = TestSeries(
        "model_package_info",
        {"model": model, "version": "newer", "instance": "z"},
        f"1x{minute + ENDED}",
    )
    after = Expectation(minute + ENDED, expected.alert, [])
    name = f"{expected.alert}: ends after its version"
    return RuleCase(name, [*series, newer], [expected, after])


def _flapping(case: RuleCase) -> RuleCase:
    """Scrapes fail for several minutes in every period, also at the evaluated time."""
    (expected,) = case.expected
    series = [replace(one, values=_with_gaps(one.values)) for one in case.series]
    minute = expected.minute - expected.minute % PERIOD
    name = f"{expected.alert}: stays while replicas come and go"
    return RuleCase(name, series, [replace(expected, minute=minute)])


def _cut(values: str, minute: int) -> str:
    """``values`` up to ``minute``, then stale."""
    parts, start = [], 0
    for first, step, last in _parts(values):
        if start <= minute:
            parts.append(_part(first, step, min(last, minute - start)))
        start += last + 1
    return " ".join([*parts, "stale"])


def _with_gaps(values: str) -> str:
    """``values`` with a gap at the end of every period."""
    texts, minute = [], 0
    for first, step, last in _parts(values):
        done = 0
        while done <= last:
            away = minute > 0 and (minute - 1) % PERIOD >= PERIOD - AWAY
            until = minute + (PERIOD - AWAY if not away else PERIOD) - (minute - 1) % PERIOD
            count = min(last + 1 - done, max(1, until - minute))
            texts.append(_gap(count) if away else _part(first + step * done, step, count - 1))
            done += count
            minute += count
    return " ".join(texts)


def _gap(count: int) -> str:
    return "stale" if count == 1 else f"stale _x{count - 1}"


def _part(first: float, step: float, last: int) -> str:
    return f"{first:.6f}+{step:.6f}x{last}" if step else f"{first:g}x{last}"


def _parts(values: str) -> Iterator[tuple[float, float, int]]:
    """First value, step per minute, and the number of values after the first."""
    for text in values.split():
        match = PART.fullmatch(text)
        if match is None:
            raise ValueError(f"expected values like 0+10x60, got {text!r}")
        yield float(match[1]), float(match[2] or 0), int(match[3])
