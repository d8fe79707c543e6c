"""The page of suspects: what was found, then the rows themselves, worst first.

One file without anything from elsewhere; it reads on a phone, in the dark, and without scripts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from packager.data.checks.finding import DataCheckReport, Finding
from packager.report.histogram_svg import histogram
from packager.report.page_policy import POLICY, shown
from packager.review.summary import WHAT
from packager.review.verdicts import Verdict

OPEN, SHOWN = 5, 50
"""Rows of a kind that are seen at once, and that are on the page; the other files hold all."""
STYLE = Path(__file__).with_name("suspects_page.css")
_GRADES = ((0.95, "sure"), (0.8, "likely"), (0.5, "look"), (0.0, "hint"))
_WORDS = {"sure": "wrong", "likely": "likely wrong", "look": "worth a look", "hint": "a hint"}


def page(
    report: DataCheckReport, findings: Sequence[Finding], verdicts: Sequence[Verdict], title: str
) -> str:
    """The whole page; ``findings`` are shown in the order they come."""
    by_row: dict[tuple[str, int], list[Finding]] = {}
    for finding in findings:
        if finding.row is not None:
            by_row.setdefault((finding.part, finding.row), []).append(finding)
    general = [finding for finding in findings if finding.row is None]
    judged = {verdict.row_hash: verdict for verdict in verdicts}
    kinds: dict[tuple[tuple[str, str | None], ...], list[list[Finding]]] = {}
    for found in by_row.values():
        kinds.setdefault(tuple((one.detector, one.column) for one in found), []).append(found)
    cards = [card for alike in kinds.values() for card in _alike(report, alike, judged)]
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8">{POLICY}',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>Suspects: {shown(title)}</title>",
            f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body>",
            f"<header><p>Suspects</p><h1>{shown(title)}</h1>{_facts(report, by_row)}</header>",
            "<main>",
            *_found(report, findings),
            *_general(report, general),
            *_rows(cards),
            "</main></body></html>",
            "",
        ]
    )


def grade(score: float) -> str:
    """The name of a score's band."""
    return next(name for least, name in _GRADES if score >= least)


def _facts(report: DataCheckReport, by_row: dict[tuple[str, int], list[Finding]]) -> str:
    facts = {
        "rows": f"{report.rows:,}",
        "columns": f"{len(report.columns)}",
        "findings": f"{sum(report.counts.values()):,}",
        "rows listed": f"{len(by_row):,}",
    }
    items = "".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in facts.items())
    return f"<dl class=facts>{items}</dl>"


def _found(report: DataCheckReport, findings: Sequence[Finding]) -> Iterator[str]:
    """A line for each detector, worst first: how sure, what, how many."""
    worst: dict[str, Finding] = {}
    for finding in findings:
        worst.setdefault(finding.detector, finding)
    yield "<section><h2>What was found</h2>"
    if not worst:
        yield "<p>Nothing that nobody has judged yet.</p>"
    yield "<ul class=found>"
    for name, finding in worst.items():
        band = grade(finding.score)
        stops = " <strong>stops a build</strong>" if finding.blocking else ""
        yield (
            f"<li><span class='score {band}' title='{_WORDS[band]}'>{finding.score:.2f}</span>"
            f"<span class=count>{report.counts[name]:,}</span>"
            f"<span>{shown(WHAT[name])} <code>{name}</code>{stops}</span></li>"
        )
    yield "</ul>"
    yield from (f"<p class=note>{shown(note)}</p>" for note in report.notes)
    yield "</section>"


def _general(report: DataCheckReport, general: Sequence[Finding]) -> Iterator[str]:
    if general:
        yield "<section><h2>Columns and table</h2>"
        yield from (f"<article>{_finding(report, finding)}</article>" for finding in general)
        yield "</section>"


def _rows(cards: Sequence[str]) -> Iterator[str]:
    if cards:
        yield "<section><h2>Rows, worst first</h2>"
        yield from cards
        yield "</section>"


def _alike(
    report: DataCheckReport, rows: Sequence[Sequence[Finding]], judged: dict[str, Verdict]
) -> Iterator[str]:
    """The rows with the same findings: a few at once, so that the next kind is seen too."""
    cards = [_row(report, found, judged) for found in rows[:SHOWN]]
    yield from cards[:OPEN]
    if len(rows) > OPEN:
        about = ", ".join(
            f"{one.detector.replace('_', ' ')} {f'in {one.column}' if one.column else ''}".strip()
            for one in rows[0]
        )
        only = f"; {len(cards) - OPEN} of them here, the files hold all" * (len(rows) > SHOWN)
        more = f"{len(rows) - OPEN:,} more like these: {about}{only}"
        yield f"<details><summary>{shown(more)}</summary>"
        yield from cards[OPEN:]
        yield "</details>"


def _row(report: DataCheckReport, found: Sequence[Finding], judged: dict[str, Verdict]) -> str:
    first = found[0]
    place = f"{'test row' if first.part == 'test' else 'row'} {first.row:,}"
    verdict = judged.get(first.row_hash)
    said = f"<span class=verdict>verdict: {verdict.verdict}</span>" if verdict else ""
    flagged = {finding.column for finding in found}
    # What the findings name comes first: a wide row is cut off at the edge of the card.
    row = zip(report.columns, report.cells[first.row_hash], strict=True)
    cells = "".join(
        f"<div{' class=flagged' if name in flagged else ''}><dt>{shown(name)}</dt>"
        f"<dd>{'<i>empty</i>' if cell is None else shown(cell)}</dd></div>"
        for name, cell in sorted(row, key=lambda pair: pair[0] not in flagged)
    )
    return (
        f"<article><h3>{place} <code>{first.row_hash}</code>{said}</h3>"
        f"{''.join(_finding(report, finding) for finding in found)}"
        f"<dl class=cells tabindex=0 aria-label='cells of {place}'>{cells}</dl></article>"
    )


def _finding(report: DataCheckReport, finding: Finding) -> str:
    band = grade(finding.score)
    about = f"<b>{shown(finding.column)}</b> " if finding.column else ""
    return (
        f"<div class=finding><span class='score {band}' title='{_WORDS[band]}'>"
        f"{finding.score:.2f}</span><div><p>{about}{finding.detector.replace('_', ' ')}</p>"
        f"<p><span class=observed>{shown(finding.observed)}</span>"
        f"<span class=expected>expected {shown(finding.expected)}</span></p>"
        f"<p class=suggestion>{shown(finding.suggestion)}</p></div>"
        f"{_plot(report, finding)}</div>"
    )


def _plot(report: DataCheckReport, finding: Finding) -> str:
    found = report.histograms.get(finding.column or "")
    if found is None:
        return ""
    value = None
    if finding.row is not None and finding.column:
        cell = report.cells[finding.row_hash][report.columns.index(finding.column)]
        value = None if cell is None else float(cell)
    return histogram(finding.column or "", found, value)
