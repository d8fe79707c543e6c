"""Formats a comparison of champion and challenger as text."""

from __future__ import annotations

from modelhost.text import truncate
from packager.replicas.shadow import ShadowReport, ShadowSlice
from packager.report.numbers import interval
from packager.report.table import Cell, table
from packager.text import escape_control_characters

MAX_NAME = 200
LASTING = "difference, any time"


def shadow_text(report: ShadowReport, columns: int | None = None) -> str:
    """Rows by outcome, then slices, each with its verdict; the overall verdict is last."""
    challengers = ", ".join(map(_name, report.challengers)) or "no answer yet"
    head = (
        f"champion {_name(report.model)} {_name(report.version)}, challenger {challengers}: "
        f"{_name(report.source)}"
    )
    counted = [(outcome, round(rows)) for outcome, rows in report.rows.items()]
    parts = [escape_control_characters(head), table(("answer", "rows"), counted, columns)]
    if report.slices:
        scores = () if report.regression else ("champion", "challenger")
        difference = "error less" if report.regression else "accuracy more"
        heads = ("slice", "labels", *scores, difference, LASTING, "verdict")
        rows = [_slice(slice_, regression=report.regression) for slice_ in report.slices]
        parts.append(table(heads, rows, columns, right=(LASTING,)))
    if report.unpaired:
        parts.append(f"{round(report.unpaired)} labels without an answer of the challenger")
    horizon = f"horizon {report.horizon:g} labels, 95 % at every look"
    verdict = report.verdict if report.verdict == "undecided" else report.verdict.upper()
    reason = escape_control_characters(truncate(report.why, 3 * MAX_NAME))
    parts.append(f"verdict: {verdict} ({reason}; {horizon})")
    return "\n\n".join(parts)


def _slice(one: ShadowSlice, *, regression: bool) -> tuple[Cell, ...]:
    scores = () if regression else (one.champion, one.challenger)
    ends = (one.difference, interval((one.low, one.high)), one.verdict)
    return _name(one.name), round(one.pairs), *scores, *ends


def _name(text: str) -> str:
    """A name sent by a server, cut to ``MAX_NAME`` characters."""
    return truncate(text, MAX_NAME)
