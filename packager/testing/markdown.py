"""The report of ``package test`` in Markdown, for the summary of a CI job or a comment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from packager.errors import PackageError
from packager.testing.ordered import with_verdict
from packager.text import format_number, visible
from packager.worker.test.report import Check, DataTestReport, FamilyReport

MAX_BYTES = 1_000_000
"""GitHub refuses a summary of more than 1 MiB."""
MAX_ROWS = 50
"""Checks in a table; report.json has all."""
MAX_TEXT = 300
"""Characters of a name or a sentence."""
NO_VALUE = "-"
SIGNS = {"passed": "✅", "failed": "❌", "inconclusive": "❔", "not judged": "⚪", "warned": "⚠️"}
_SPECIAL = re.compile(
    r"^[^A-Za-z0-9]|^\d(?=\d*[.)](\s|$))|[^\w\s,;%+=.:()/'\u0080-\U0010ffff-]"
    r"|(?<![^\W_])_|_(?![^\W_])|:(?!\s)|(?i:(?<=www)\.)",
    re.ASCII,
)
"""Characters that mean something in Markdown: anywhere, at the start, or in an address."""
_HEADS = ("family", "check", "packaged", "now", "change", "allowed", "rows", "q")


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
        _notes(report),
        _table("Inconclusive", with_verdict(report, "inconclusive")),
        _not_tested(report),
        f"Package `{report.root[:12]}`, {report.rows:,} rows, {report.labelled_rows:,} of them "
        f"labelled, data `{report.fingerprint[:12]}`, probability of a false alarm "
        f"{report.policy.false_alarm:g}.\n",
    ]
    return _within([part for part in parts if part], limit)


def error_as_markdown(name: str, error: PackageError) -> str:
    """What a summary says if the test of ``name`` could not be made."""
    hint = f"\n{escaped(error.hint)}\n" if error.hint else ""
    return (
        f"## ⛔ {escaped(name)} on new data: the test could not be made\n\n"
        f"{escaped(error.message)}\n{hint}"
    )


def escaped(text: str) -> str:
    """Untrusted text that is text in Markdown, in a table too, and mentions nobody.

    What could mean something becomes a character reference, which has no meaning in Markdown; a
    zero-width space keeps ``@name`` and ``#1`` from becoming links.
    """
    plain = visible(text)
    cut = plain if len(plain) <= MAX_TEXT else f"{plain[: MAX_TEXT - 1]}…"
    return _SPECIAL.sub(_reference, cut)


def _reference(found: re.Match[str]) -> str:
    letter = found.group()
    return f"&#{ord(letter)};" + ("&#8203;" if letter in "@#" else "")


def _table(title: str, checks: Sequence[Check]) -> str:
    if not checks:
        return ""
    lines = [f"### {title}\n", *_rows(_HEADS, (_cells(check) for check in checks[:MAX_ROWS]))]
    if len(checks) > MAX_ROWS:
        lines.append(f"\n{len(checks) - MAX_ROWS:,} more are in report.json.")
    return "\n".join(lines) + "\n"


def _cells(check: Check) -> tuple[str, ...]:
    return (
        check.family,
        escaped(check.name),
        _number(check.baseline),
        _number(check.now),
        _number(check.difference, sign=True),
        _number(check.limit),
        f"{check.rows:,}",
        _number(check.q),
    )


def _families(report: DataTestReport) -> str:
    heads = ("family", "verdict", "checks", "passed", "failed", "inconclusive", "why")
    return "### Families\n\n" + "\n".join(_rows(heads, map(_family, report.families))) + "\n"


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
    found = [(one.family, part) for one in report.families for part in one.not_tested]
    if not found:
        return ""
    cells = ((name, escaped(one.subject), escaped(one.why)) for name, one in found[:MAX_ROWS])
    lines = ["### Not tested\n", *_rows(("family", "what", "why"), iter(cells))]
    if len(found) > MAX_ROWS:
        lines.append(f"\n{len(found) - MAX_ROWS:,} more are in report.json.")
    return "\n".join(lines) + "\n"


def _rows(
    heads: Sequence[str], rows: Iterator[tuple[str, ...]] | map[tuple[str, ...]]
) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _number(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return NO_VALUE
    return ("+" if sign and value > 0 else "") + format_number(value)


def _within(parts: Sequence[str], limit: int) -> str:
    """The first parts that have room, then a sentence that others were left out."""
    left_out = "The rest has no room here; it is in report.json.\n"
    found: list[str] = []
    room = limit - len(left_out) - 1
    for part in parts:
        room -= len(part.encode()) + 1
        if room < 0:
            return "\n".join([*found, left_out]) if limit > len(left_out) else ""
        found.append(part)
    return "\n".join(found)
