"""The report of ``package test`` as text: what failed, a line a family, and the verdict."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from packager.report.attribution import attribution_text
from packager.report.data_test_examples import rules_line
from packager.report.numbers import digits, probability
from packager.report.table import Cell, table
from packager.testing.ordered import excess, with_verdict
from packager.text import counted, escape_control_characters, listed
from packager.worker.test.details import WeakDetails
from packager.worker.test.report import Check, DataTestReport, FamilyReport

MAX_SHOWN = 20
"""Failed checks, and warnings, that are shown; report.json has all."""
MAX_RULES = 5
MAX_NAMED = 10
"""Features, slices or groups that are named on a line."""
TOO_FEW = re.compile(r"^too few [a-z -]*rows(?: \([\d,]+\))? to tell: ")
HEADS = ("check", "packaged", "now", "change", "allowed", "rows", "q")
NUMBERS = HEADS[1:]


def as_text(report: DataTestReport, columns: int | None = None) -> str:
    """Failures, warnings, a line for each family, notes; the verdict is on the last line.

    ``columns``: the width of the terminal; None keeps each line whole.
    """
    parts = [
        _wrapped(_title(report), columns),
        *_checks("failed", with_verdict(report, "failed"), columns),
        *_checks("warnings", with_verdict(report, "warned"), columns),
        table(("family", "verdict", "checks", ""), _families(report), columns),
        *_weak(report),
        *(() if report.attribution is None else attribution_text(report.attribution, columns)),
        *_not_tested(report, columns),
        "\n".join(_wrapped(f"note: {note}", columns) for note in report.notes),
        _wrapped(report.sentence, columns),
    ]
    return "\n\n".join(part for part in parts if part)


def _title(report: DataTestReport) -> str:
    return (
        f"{report.name} {report.version} ({report.root[:12]}) on {counted(report.rows, 'row')}, "
        f"{report.labelled_rows:,} of them measured with labels"
    )


def _checks(title: str, checks: Sequence[Check], columns: int | None) -> Iterator[str]:
    """A table of the statistical checks; exact ones, such as cases, are sentences."""
    if not checks:
        return
    shown = checks[:MAX_SHOWN]
    lines = [f"{title}:"]
    measured = [check for check in shown if check.q is not None]
    if measured:
        lines.append(table(HEADS, map(_row, measured), columns, right=NUMBERS, indent=2))
    lines += [
        textwrap.indent(_wrapped(f"{check.family}: {check.why or check.name}", columns, 4), "  ")
        for check in shown
        if check.q is None
    ]
    if len(checks) > MAX_SHOWN:
        lines.append(f"  and {len(checks) - MAX_SHOWN:,} more; --output writes all")
    yield "\n".join(lines)


def _row(check: Check) -> tuple[Cell, ...]:
    return (
        f"{check.family}: {check.name}",
        digits(check.baseline),
        digits(check.now),
        digits(check.difference, sign=True),
        digits(check.limit),
        f"{check.rows:,}",
        probability(check.q),
    )


def _families(report: DataTestReport) -> Iterator[tuple[Cell, ...]]:
    for family in report.families:
        yield family.family, family.verdict, len(family.checks) or "", _remark(family, report)


def _remark(family: FamilyReport, report: DataTestReport) -> str:
    """The remark on a family: why it was not judged, or the check nearest its limit."""
    if family.verdict == "not judged":
        return family.why
    if family.verdict == "inconclusive" and not family.checks:
        return family.why
    words = []
    for verdict, remark in (
        ("failed", "failed"),
        ("warned", "warned"),
        ("inconclusive", "with too few rows to tell"),
    ):
        count = sum(check.verdict == verdict for check in family.checks)
        words += [f"{count:,} {remark}"] if count else []
    if family.verdict == "inconclusive" and family.why not in report.sentence:
        words.append(TOO_FEW.sub("", family.why))
    near = _nearest(family.checks) if family.verdict in ("passed", "warned") else None
    if near is not None and near.limit is not None:
        allowed = digits(near.worse * near.limit, sign=True)
        words.append(
            f"nearest to its limit: {near.name}, {digits(near.difference, sign=True)} of {allowed}"
        )
    return "; ".join(words)


def _nearest(checks: Sequence[Check]) -> Check | None:
    """The passed check whose change for the worse takes most of what the policy allows."""
    moved = [
        check
        for check in checks
        if check.verdict == "passed" and check.limit and check.worse * (check.difference or 0) > 0
    ]
    return max(moved, key=lambda check: excess(check) / (check.limit or 1.0), default=None)


def _weak(report: DataTestReport) -> Iterator[str]:
    """The lines to paste into package.toml for the weak slices that were found."""
    for family in report.families:
        details = WeakDetails.of(family.details) if family.family == "weak" else None
        if details is not None and details.slices:
            lines = [
                f"  {rules_line(slice_.rule)}  # {slice_.rows:,} rows, loss "
                f"{digits(slice_.loss)} instead of {digits(slice_.expected)}"
                for slice_ in details.slices[:MAX_RULES]
            ]
            yield "\n".join(["weak slices, as lines for [slices.rules] of package.toml:", *lines])


def _not_tested(report: DataTestReport, columns: int | None) -> Iterator[str]:
    """The parts of families that were not tested, with the same reason on one line."""
    lines = []
    for family in report.families:
        by_reason: dict[str, list[str]] = {}
        for one in family.not_tested:
            by_reason.setdefault(one.why, []).append(one.subject)
        for why, subjects in by_reason.items():
            line = _wrapped(f"{family.family}: {listed(subjects, MAX_NAMED)}: {why}", columns, 4)
            lines.append(textwrap.indent(line, "  "))
    if lines:
        yield "\n".join(["not tested:", *lines])


def _wrapped(text: str, columns: int | None, less: int = 0) -> str:
    """Text in lines of at most ``columns - less`` characters; None keeps it on one."""
    plain = escape_control_characters(text)
    if columns is None:
        return plain
    return textwrap.fill(plain, max(20, columns - less), break_on_hyphens=False)
