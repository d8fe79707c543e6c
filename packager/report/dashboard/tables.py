"""Tables of panels: a row for each set of labels, a column for each query; and those of plots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized

from packager.deploy.grafana.panel import Query
from packager.report.dashboard.answers import AnsweredSeries, PanelAnswer
from packager.report.dashboard.bars_svg import bins_of
from packager.report.dashboard.values import SIGNS, label_names, level, unit_of
from packager.report.data_test_plot import data_table, words
from packager.report.table import Cell
from packager.text import escape_markup

MAX_ROWS = 200
LinkOf = Callable[[str, str], str]
"""Label and value → the address of what it names; empty without one."""
Key = tuple[str, ...]


def joined(
    answer: PanelAnswer, hidden: Sequence[str]
) -> tuple[list[str], Mapping[Key, list[float | None]]]:
    """Names of labels, and their values → the value of each query that has a legend."""
    names = [name for name in label_names(answer.queries) if name not in hidden]
    rows: dict[Key, list[float | None]] = {}
    for index, several in enumerate(answer.queries):
        for one in several:
            key = tuple(one.labels.get(name, "") for name in names)
            rows.setdefault(key, [None] * len(answer.queries))[index] = one.last
    return names, dict(sorted(rows.items()))


def panel_table(answer: PanelAnswer, hidden: Sequence[str], link: LinkOf) -> str:
    """The table of a panel, at most ``MAX_ROWS`` rows of it."""
    names, rows = joined(answer, hidden)
    shown = [(i, q) for i, q in enumerate(answer.panel.queries) if q.legend]
    shown = [(i, q) for i, q in shown if any(values[i] is not None for values in rows.values())]
    heads = "".join(f'<th scope="col">{words(name)}</th>' for name in names)
    heads += "".join(f'<th scope="col" class="number">{words(q.legend)}</th>' for _, q in shown)
    body = "".join(
        f"<tr>{_labels(names, key, link)}"
        f"{''.join(_value(answer, query, values[i]) for i, query in shown)}</tr>"
        for key, values in [*rows.items()][:MAX_ROWS]
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{words(answer.title)}">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{_more(rows)}"
    )


def _labels(names: Sequence[str], key: Key, link: LinkOf) -> str:
    cells = []
    for index, (name, value) in enumerate(zip(names, key, strict=True)):
        text = words(value, 60) if value else ""
        address = link(name, value) if value else ""
        shown = f'<a href="{escape_markup(address)}">{text}</a>' if address else text
        tag = 'th scope="row"' if index == 0 else "td"
        cells.append(f"<{tag}><span>{shown}</span></{tag.split()[0]}>")
    return "".join(cells)


def _value(answer: PanelAnswer, query: Query, value: float | None) -> str:
    if value is None:
        return '<td class="number">-</td>'
    kind = level(value, query.steps, query.base)
    text = f"{unit_of(answer.panel, query).written(value)}{SIGNS.get(kind, '')}"
    return f'<td class="number {kind}">{words(text)}</td>'


def series_table(answer: PanelAnswer, series: Sequence[tuple[str, Query, AnsweredSeries]]) -> str:
    """First, smallest, largest and last value of each line, folded."""
    rows: list[list[Cell]] = []
    for name, query, one in series:
        values = [value for _, value in one.points]
        write = unit_of(answer.panel, query).written
        rows.append([name, *map(write, (values[0], min(values), max(values), values[-1]))])
    heads = ["series", "first", "smallest", "largest", "last"]
    return f"{data_table(answer.title, heads, rows[:MAX_ROWS])}{_more(rows)}"


def bins_table(answer: PanelAnswer) -> str:
    """The values of each bin, folded."""
    write = answer.panel.unit.written
    rows: list[list[Cell]] = [
        [name or "(empty)", *("-" if value is None else write(value) for value in values)]
        for name, values in bins_of(answer)
    ]
    heads = ["bin", *(query.legend for query in answer.panel.queries)]
    return f"{data_table(answer.title, heads, rows[:MAX_ROWS])}{_more(rows)}"


def _more(rows: Sized) -> str:
    """Text with the number of rows that a table leaves out."""
    more = len(rows) - MAX_ROWS
    return f'<p class="note">{more:,} more rows are not shown.</p>' if more > 0 else ""
