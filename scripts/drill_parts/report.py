"""The report of a drill: one page with what was checked, and plots over its time."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from drill_parts.checks import Check, Record
from drill_parts.timeline import Series, timeline
from packager.report.page import html_table, page, section

STEP_SECONDS = 2.0
"""Width of an interval of the plots."""


def write_report(record: Record, file: Path) -> None:
    """Write the page."""
    failed = record.failed
    facts = {
        "checks": f"{len(record.checks) - len(failed)} of {len(record.checks)}",
        "duration": f"{record.now / 60:.1f} min",
        **record.figures,
    }
    many = "1 check fails" if len(failed) == 1 else f"{len(failed)} checks fail"
    body = [
        *([html_table("What failed", CHECK_HEADS, _checks(record, failed))] if failed else []),
        _plots(record),
        html_table("Phases", ("", "phase", "from", "took", "checks that hold"), _phases(record)),
        html_table("Issues in the order in which they opened", ISSUE_HEADS, _issues(record)),
        html_table("Checks", CHECK_HEADS, _checks(record, record.checks)),
    ]
    title = many if failed else "every check holds"
    file.write_text(page("drill", title, body, facts), encoding="utf-8")


CHECK_HEADS = ("phase", "check", "found", "verdict", "at")
ISSUE_HEADS = ("kind", "subject", "version", "band", "priority", "opened")


def _plots(record: Record) -> str:
    spans = [(one.title, one.start, one.end) for one in record.phases]
    plots = [
        timeline("Latency of requests (ms)", spans, _latency(record), log=True),
        timeline("Requests in a second, by version", spans, _rates(record)),
        timeline("Requests without an answer", spans, _lost(record)),
    ]
    return section("Over time", "".join(plots))


def _buckets(record: Record) -> dict[float, list[tuple[float, int, str]]]:
    """Start of an interval → (seconds, status, version) of the requests that were due in it."""
    found: dict[float, list[tuple[float, int, str]]] = {}
    for one in record.sent:
        start = (one.at - record.began) // STEP_SECONDS * STEP_SECONDS
        found.setdefault(start, []).append((one.seconds, one.status, one.version))
    return dict(sorted(found.items()))


def _latency(record: Record) -> Sequence[Series]:
    median, slow = [], []
    for start, answers in _buckets(record).items():
        seconds = sorted(1000 * took for took, _, _ in answers)
        median.append((start, statistics.median(seconds)))
        slow.append((start, seconds[int(0.99 * (len(seconds) - 1))]))
    return [Series("p99", slow), Series("median", median)]


def _rates(record: Record) -> Sequence[Series]:
    buckets = _buckets(record)
    versions = sorted({version for found in buckets.values() for _, _, version in found if version})
    return [
        Series(
            version,
            [
                (start, sum(one == version for _, _, one in found) / STEP_SECONDS)
                for start, found in buckets.items()
            ],
        )
        for version in versions
    ]


def _lost(record: Record) -> Sequence[Series]:
    points = [
        (start, float(sum(status != 200 for _, status, _ in found)))
        for start, found in _buckets(record).items()
    ]
    return [Series("lost", points)]


def _number(record: Record, title: str) -> int:
    """The number of a phase, as the plots have it."""
    return [one.title for one in record.phases].index(title) + 1


def _phases(record: Record) -> list[list[str | float]]:
    found: list[list[str | float]] = []
    for number, one in enumerate(record.phases, start=1):
        own = [check.holds for check in record.checks if check.phase == one.title]
        held = f"{sum(own)} of {len(own)}" if own else "none"
        took = f"{one.end - one.start:.0f} s"
        found.append([str(number), one.title, f"{one.start:.0f} s", took, held])
    return found


def _checks(record: Record, checks: Sequence[Check]) -> list[list[str | float]]:
    return [
        [
            str(_number(record, one.phase)),
            *(one.name, one.found, "holds" if one.holds else "FAILS", f"{one.at:.0f} s"),
        ]
        for one in checks
    ]


def _issues(record: Record) -> list[list[str | float]]:
    return [
        [one.kind, one.subject, one.version, f"P{one.band}", one.priority, f"{at:.0f} s"]
        for at, one in record.issues
    ]
