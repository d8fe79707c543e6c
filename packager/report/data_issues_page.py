"""Writes data issues as an HTML page: findings by detector, then the rows, worst first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from packager.data.checks.finding import DataCheckReport, DataFinding
from packager.report.histogram_svg import histogram
from packager.report.numbers import number
from packager.report.page import html_table, page, section
from packager.review.summary import DESCRIPTIONS
from packager.review.verdicts import Verdict
from packager.text import escape_markup

MAX_OPEN, MAX_SHOWN = 5, 50
"""Rows with the same findings that are shown expanded, and in total; the files hold all rows."""
_GRADES = ((0.95, "wrong"), (0.8, "likely"), (0.5, "look"), (0.0, "hint"))
_WORDS = {"wrong": "wrong", "likely": "likely wrong", "look": "to review", "hint": "a hint"}
MIN_LONG = 200
"""From this number of characters on, a cell takes the width of its card."""
_ADDRESS = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/]+=*")
_Kind = tuple[tuple[str, str | None], ...]


def issues_page(
    report: DataCheckReport,
    findings: Sequence[DataFinding],
    verdicts: Sequence[Verdict],
    title: str,
) -> str:
    """The whole page; ``findings`` keep their order."""
    by_row: dict[tuple[str, int], list[DataFinding]] = {}
    for finding in findings:
        if finding.row is not None:
            by_row.setdefault((finding.part, finding.row), []).append(finding)
    general = [finding for finding in findings if finding.row is None]
    judged = {verdict.row_hash: verdict for verdict in verdicts}
    kinds: dict[_Kind, list[list[DataFinding]]] = {}
    for row_findings in by_row.values():
        kinds.setdefault(tuple((one.detector, one.column) for one in row_findings), []).append(
            row_findings
        )
    cards = [card for alike in kinds.values() for card in _alike(report, alike, judged)]
    about = [f"<article>{_finding(report, finding)}</article>" for finding in general]
    body = [
        _detector_lines(report, findings),
        *(f'<p class="note">{escape_markup(note)}</p>' for note in report.notes),
        section("Columns and table", "\n".join(about)),
        section("Rows, worst first", "\n".join(cards)),
    ]
    return page("Data issues", title, body, _facts(report, by_row))


def grade(score: float) -> str:
    """Name of the band of ``score`` (0 to 1): ``wrong``, ``likely``, ``look`` or ``hint``."""
    return next(name for least, name in _GRADES if score >= least)


def _facts(
    report: DataCheckReport, by_row: dict[tuple[str, int], list[DataFinding]]
) -> dict[str, str]:
    return {
        "rows": number(report.rows),
        "columns": number(len(report.columns)),
        "issues": number(sum(report.counts.values())),
        "rows listed": number(len(by_row)),
    }


def _detector_lines(report: DataCheckReport, findings: Sequence[DataFinding]) -> str:
    """A line for each detector with an issue among ``findings``, worst first."""
    worst: dict[str, DataFinding] = {}
    for finding in findings:
        worst.setdefault(finding.detector, finding)
    if not worst:
        return section("What was found", "<p>No issue without a verdict.</p>")
    rows = [
        (
            DESCRIPTIONS[name],
            report.counts[name],
            f"{finding.score:.2f}",
            _WORDS[grade(finding.score)],
            "yes" if finding.blocking else "",
            name,
        )
        for name, finding in worst.items()
    ]
    heads = ("issue", "count", "worst score", "meaning", "stops a build", "detector")
    return html_table("What was found", heads, rows, right=("worst score",))


def _alike(
    report: DataCheckReport, rows: Sequence[Sequence[DataFinding]], judged: dict[str, Verdict]
) -> Iterator[str]:
    """Cards of rows with the same findings: a few expanded, so the next kind stays in view."""
    cards = [_row(report, findings, judged) for findings in rows[:MAX_SHOWN]]
    yield from cards[:MAX_OPEN]
    if len(rows) > MAX_OPEN:
        about = ", ".join(
            f"{row.detector.replace('_', ' ')} {f'in {row.column}' if row.column else ''}".strip()
            for row in rows[0]
        )
        only = f"; {len(cards) - MAX_OPEN} of them here, the files hold all" * (
            len(rows) > MAX_SHOWN
        )
        more = f"{len(rows) - MAX_OPEN:,} more like these: {about}{only}"
        yield f"<details><summary>{escape_markup(more)}</summary>"
        yield from cards[MAX_OPEN:]
        yield "</details>"


def _row(
    report: DataCheckReport, findings: Sequence[DataFinding], judged: dict[str, Verdict]
) -> str:
    first = findings[0]
    location = f"row {first.row_number}"
    verdict = judged.get(first.row_hash)
    text = (
        f'<span class="given">verdict: {escape_markup(_verdict_text(verdict))}</span>'
        if verdict
        else ""
    )
    flagged = {finding.column for finding in findings}
    # Flagged cells come first, because a wide row is wider than its card.
    row = zip(report.columns, report.cells[first.row_hash], strict=True)
    pictures = report.pictures.get(first.row_hash, {})
    cells = "".join(
        f"<div{_classes(name in flagged, cell, name in pictures)}><dt>{escape_markup(name)}</dt>"
        f"<dd>{_picture(name, pictures.get(name))}"
        f"{'<i>empty</i>' if cell is None else escape_markup(cell)}</dd></div>"
        for name, cell in sorted(row, key=lambda pair: pair[0] not in flagged)
    )
    return (
        f"<article><h3>{location} <code>{first.row_hash}</code>{text}</h3>"
        f"{''.join(_finding(report, finding) for finding in findings)}"
        f'<dl class="cells scroll" tabindex="0" aria-label="cells of {location}">{cells}</dl>'
        "</article>"
    )


def _classes(flagged: bool, cell: str | None, pictured: bool) -> str:
    shown = {"flagged": flagged, "long": len(cell or "") > MIN_LONG, "pictured": pictured}
    names = " ".join(name for name, holds in shown.items() if holds)
    return f' class="{names}"' if names else ""


def _picture(name: str, address: str | None) -> str:
    """The picture at a ``data:`` address of base64; nothing for any other address."""
    if address is None or not _ADDRESS.fullmatch(address):
        return ""
    return f'<img src="{address}" alt="{escape_markup(name)} as a picture">'


def _verdict_text(verdict: Verdict) -> str:
    return f"{verdict.verdict}, {verdict.reason}" if verdict.reason else verdict.verdict


def _finding(report: DataCheckReport, finding: DataFinding) -> str:
    band = grade(finding.score)
    about = f"<b>{escape_markup(finding.column)}</b> " if finding.column else ""
    plot = _plot(report, finding)
    shape = "finding plotted" if plot else "finding"
    return (
        f'<div class="{shape}"><span class="score {band}">'
        f"{finding.score:.2f}<small>{_WORDS[band]}</small></span>"
        f"<div><p>{about}{finding.detector.replace('_', ' ')}</p>"
        f'<p><span class="observed">{escape_markup(finding.observed)}</span>'
        f'<span class="expected">expected {escape_markup(finding.expected)}</span></p>'
        f'<p class="suggestion">{escape_markup(finding.suggestion)}</p></div>{plot}</div>'
    )


def _plot(report: DataCheckReport, finding: DataFinding) -> str:
    distribution = report.histograms.get(finding.column or "")
    if distribution is None:
        return ""
    value = None
    if finding.row is not None and finding.column:
        cell = report.cells[finding.row_hash][report.columns.index(finding.column)]
        value = None if cell is None else float(cell)
    return histogram(finding.column or "", distribution, value)
