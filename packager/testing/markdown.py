"""The report of ``package test`` in Markdown, for the summary of a CI job or a comment."""

from __future__ import annotations

from collections.abc import Sequence

from packager.errors import PackageError
from packager.testing.markdown_members import members_markdown
from packager.testing.markdown_text import NO_VALUE, escaped, signed, table_lines
from packager.testing.ordered import with_verdict
from packager.worker.test.report import Check, DataTestReport, FamilyReport

MAX_BYTES = 1_000_000
"""GitHub refuses a summary of more than 1 MiB."""
MAX_ROWS = 50
"""Checks in a table; report.json has all."""
SIGNS = {"passed": "✅", "failed": "❌", "inconclusive": "❔", "not judged": "⚪", "warned": "⚠️"}
_HEADS = ("family", "check", "packaged", "now", "change", "allowed", "rows", "q")
_SEEN = "visible from"
"""The smallest change that as many rows would have shown: why a check is inconclusive."""


def as_markdown(report: DataTestReport, limit: int = MAX_BYTES) -> str:
    """The verdict, what failed, a table of the families, and what was not judged.

    At most ``limit`` bytes in UTF-8: the last parts are left out first.
    """
    shown = SIGNS[report.verdict]
    parts = [
        f"## {shown} {escaped(report.name)} {escaped(report.version)} on new data: "
        f"{report.verdict}\n",
        f"{escaped(report.sentence)}\n",
        _table("Failed", with_verdict(report, "failed")),
        _table("Warnings", with_verdict(report, "warned")),
        _families(report),
        "" if report.attribution is None else members_markdown(report.attribution),
        _notes(report),
        _table("Inconclusive", with_verdict(report, "inconclusive"), seen=True),
        _not_tested(report),
        f"Package `{report.root[:12]}`, {report.rows:,} rows, {report.labelled_rows:,} of them "
        f"measured with labels, data `{report.fingerprint[:12]}`, probability of a false alarm "
        f"{report.policy.false_alarm:g}.\n",
    ]
    return _within([part for part in parts if part], limit)


def error_as_markdown(name: str, error: PackageError) -> str:
    """The summary for a test of ``name`` that failed to run."""
    hint = f"\n{escaped(error.hint)}\n" if error.hint else ""
    return (
        f"## ⛔ {escaped(name)} on new data: the test could not be made\n\n"
        f"{escaped(error.message)}\n{hint}"
    )


def _table(title: str, checks: Sequence[Check], *, seen: bool = False) -> str:
    if not checks:
        return ""
    heads = (*_HEADS, _SEEN) if seen else _HEADS
    rows = [
        (*_cells(check), signed(check.visible_from)) if seen else _cells(check) for check in checks
    ]
    lines = [f"### {title}\n", *table_lines(heads, iter(rows[:MAX_ROWS]))]
    if len(checks) > MAX_ROWS:
        lines.append(f"\n{len(checks) - MAX_ROWS:,} more are in report.json.")
    return "\n".join(lines) + "\n"


def _cells(check: Check) -> tuple[str, ...]:
    return (
        check.family,
        escaped(check.name),
        signed(check.baseline),
        signed(check.now),
        signed(check.difference, sign=True),
        signed(check.limit),
        f"{check.rows:,}",
        signed(check.q),
    )


def _families(report: DataTestReport) -> str:
    heads = ("family", "verdict", "checks", "passed", "failed", "inconclusive", "why")
    return "### Families\n\n" + "\n".join(table_lines(heads, map(_family, report.families))) + "\n"


def _family(family: FamilyReport) -> tuple[str, ...]:
    counts = [
        sum(check.verdict == verdict for check in family.checks)
        for verdict in ("passed", "failed", "inconclusive")
    ]
    return (
        family.family,
        f"{SIGNS[family.verdict]} {family.verdict}",
        f"{len(family.checks):,}",
        *(f"{count:,}" for count in counts),
        escaped(family.why) or NO_VALUE,
    )


def _notes(report: DataTestReport) -> str:
    return "\n".join(f"- {escaped(note)}" for note in report.notes[:MAX_ROWS]) + "\n" * bool(
        report.notes
    )


def _not_tested(report: DataTestReport) -> str:
    not_tested = [(family.family, part) for family in report.families for part in family.not_tested]
    if not not_tested:
        return ""
    cells = ((name, escaped(one.subject), escaped(one.why)) for name, one in not_tested[:MAX_ROWS])
    lines = ["### Not tested\n", *table_lines(("family", "what", "why"), iter(cells))]
    if len(not_tested) > MAX_ROWS:
        lines.append(f"\n{len(not_tested) - MAX_ROWS:,} more are in report.json.")
    return "\n".join(lines) + "\n"


def _within(parts: Sequence[str], limit: int) -> str:
    """The first parts that have room, then a sentence that others were left out."""
    left_out = "The rest has no room here; it is in report.json.\n"
    included: list[str] = []
    room = limit - len(left_out) - 1
    for part in parts:
        room -= len(part.encode()) + 1
        if room < 0:
            return "\n".join([*included, left_out]) if limit > len(left_out) else ""
        included.append(part)
    return "\n".join(included)
