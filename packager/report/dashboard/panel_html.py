"""One panel as HTML: its drawing, its legend, how to read it, its table, or why it is empty."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from packager.deploy.grafana.panel import Query
from packager.report.dashboard.answers import AnsweredSeries, PanelAnswer, ViewAnswer
from packager.report.dashboard.bars_svg import KINDS, bars, strips
from packager.report.dashboard.series_svg import MAX_LINES, series_svg
from packager.report.dashboard.tables import LinkOf, bins_table, panel_table, series_table
from packager.report.dashboard.values import LEVELS, level, series_named, unit_of
from packager.report.data_test_plot import words
from packager.text import escape_markup

MAX_STRIPS = 40
_RECORDED = re.compile(r"\b[a-z_]+:[a-z_]+:\w+")
Named = Sequence[tuple[str, Query, AnsweredSeries]]


@dataclass(frozen=True)
class PanelContext:
    """The data that all panels of a page share."""

    view: ViewAnswer
    window: str
    versions: int
    """Number of chosen versions: with one, nothing names it."""
    link: LinkOf
    issues: str = ""
    """Address of the issue tracker; empty without one."""
    model: str = ""
    problem: str = ""
    """Why no panel has data."""


def panel_html(answer: PanelAnswer, number: int, context: PanelContext) -> str:
    """A section of the page."""
    panel = answer.panel
    wide = " whole" if panel.width == 24 else ""
    name = f"panel-{number}"
    content = _empty(answer, context) or _drawn(answer, context)
    return (
        f'<section class="panel{wide}" id="{name}" aria-labelledby="{name}-title">'
        f'<h3 id="{name}-title">{words(answer.title, 120)}</h3>{content}'
        f'<p class="note">{words(panel.text, 500)}{_axis_unit(answer)}</p>'
        f"{_issues(answer, context)}</section>"
    )


def _axis_unit(answer: PanelAnswer) -> str:
    unit = answer.panel.unit.name
    return f" Unit: {words(unit)}." if unit and answer.panel.kind == "timeseries" else ""


def _issues(answer: PanelAnswer, context: PanelContext) -> str:
    if not context.issues:
        return ""
    links = []
    for alert in answer.panel.alerts:
        filters = {"package": context.model, "kind": alert} if context.model else {"kind": alert}
        address = f"{context.issues.rstrip('/')}/?{urlencode(filters)}"
        links.append(f'<a href="{escape_markup(address)}">{words(alert)}</a>')
    return f'<p class="note">Issues: {", ".join(links)}</p>' if links else ""


def _empty(answer: PanelAnswer, context: PanelContext) -> str:
    """Why there is nothing to draw; empty if there is."""
    reason = context.problem or answer.problem
    if not reason and answer.empty:
        reason = f"No data in the last {context.window}."
        if answer.panel.instant and answer.panel.title == "Open alerts":
            reason = "No alert fires."
        elif all(_RECORDED.search(query.expression) for query in answer.panel.queries):
            reason += (
                " It is recorded by the rules that package deploy writes: without them, or without"
                " such rows, there is none."
            )
    return f'<p class="empty">{words(reason, 500)}</p>' if reason else ""


def _drawn(answer: PanelAnswer, context: PanelContext) -> str:
    match answer.panel.kind:
        case "stat":
            return _stat(answer, context)
        case "table":
            hidden = ("version",) if context.versions == 1 else ()
            return panel_table(answer, hidden, context.link)
        case "barchart":
            keys = zip(KINDS, (q.legend for q in answer.panel.queries), strict=False)
            return f"{_legend(keys)}{bars(answer)}{bins_table(answer)}"
        case "status-history":
            return _history(answer, context)
        case _:
            return _series(answer, context)


def _stat(answer: PanelAnswer, context: PanelContext) -> str:
    panel = answer.panel
    pairs = []
    for name, query, one in series_named(answer, versions=context.versions):
        kind = level(one.last, panel.steps, panel.base)
        text = unit_of(panel, query).written(one.last)
        pairs.append(f'<div><dt>{words(name)}</dt><dd class="{kind}">{words(text)}</dd></div>')
    return f'<dl class="facts">{"".join(pairs)}</dl>'


def _series(answer: PanelAnswer, context: PanelContext) -> str:
    every = series_named(answer, versions=context.versions)
    drawn = _largest(every, MAX_LINES)
    label = f"{answer.title}; last values: " + ", ".join(
        f"{name} {unit_of(answer.panel, query).written(one.last)}" for name, query, one in drawn
    )
    svg = series_svg(answer, [one for _, _, one in drawn], context.view, label)
    keys = [
        (f"l{index}", f"{name} {unit_of(answer.panel, query).written(one.last)}")
        for index, (name, query, one) in enumerate(drawn)
    ]
    return f"{svg}{_legend(keys)}{_note(drawn, every)}{series_table(answer, every)}"


def _history(answer: PanelAnswer, context: PanelContext) -> str:
    every = series_named(answer, versions=context.versions)
    drawn = _largest(every, MAX_STRIPS)
    html = strips(answer, [(name, one) for name, _, one in drawn], context.view)
    steps = [*answer.panel.steps.items()]
    first = f"below {answer.panel.unit.written(steps[0][0])}"
    keys = [
        (f"cell {LEVELS[answer.panel.base]}", first),
        *(
            (f"cell {LEVELS[colour]}", f"from {answer.panel.unit.written(bound)}")
            for bound, colour in steps
        ),
    ]
    return f"{_legend(keys)}{html}{_note(drawn, every)}{series_table(answer, every)}"


def _largest(every: Named, most: int) -> Named:
    """The series with the largest last values, in the order of their names."""
    if len(every) <= most:
        return every
    indices = sorted(range(len(every)), key=lambda i: -abs(every[i][2].last))[:most]
    return [every[i] for i in sorted(indices)]


def _note(drawn: Named, every: Named) -> str:
    if len(drawn) == len(every):
        return ""
    return (
        f'<p class="note">Drawn are {len(drawn)} of {len(every):,} series: those with the largest'
        " last values. Choose a version, or read the table.</p>"
    )


def _legend(keys: Iterable[tuple[str, str]]) -> str:
    """Class of the style and name of each series."""
    items = "".join(
        f'<li><svg class="key {kind}" width="18" height="10" aria-hidden="true">'
        f'<line class="curve {kind}" x1="1" y1="5" x2="17" y2="5"/></svg>{words(name, 90)}</li>'
        for kind, name in keys
    )
    return f'<ul class="legend">{items}</ul>'
