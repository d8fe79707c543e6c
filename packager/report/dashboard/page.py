"""The page of a view: choices as links, then the panels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from packager.deploy.prometheus.rules import MonitoredModel
from packager.report.dashboard.address import VIEWS, WINDOWS, PageAddress
from packager.report.dashboard.answers import MarkedTime, ViewAnswer
from packager.report.dashboard.panel_html import PanelContext, panel_html
from packager.report.data_test_plot import folded, words
from packager.report.page import page
from packager.text import escape_markup

STYLE = Path(__file__).with_name("dashboard.css")
TITLES = {"fleet": "All models", "model": "Model", "slice": "Slice"}
FEW = 12
"""Choices that are shown without unfolding."""


@dataclass(frozen=True)
class Choices:
    """The variables and their values on the page of a server; a file has none."""

    address: PageAddress
    versions: Sequence[str] = ()
    slices: Sequence[str] = ()
    features: Sequence[str] = ()
    over_time: bool = True
    """Whether there are windows and views: not for one server's totals."""


def clock(at: float) -> str:
    """A time of day, for pages that are read on the same day: ``2026-01-31 12:03:11 UTC``."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def html_page(title: str, facts: Mapping[str, str], body: Iterable[str], footer: str) -> str:
    """A page with the style of dashboards."""
    return page("Dashboard", title, body, facts, footer, STYLE.read_text(encoding="utf-8"))


def view_body(answer: ViewAnswer, context: PanelContext, prefix: int = 0) -> list[str]:
    """The panels below their headings; ``prefix``: of their numbers, if a page has several."""
    sections, number = [], prefix
    for index, (heading, panels) in enumerate(answer.rows):
        shown = []
        for panel in panels:
            number += 1
            shown.append(panel_html(panel, number, context))
        name = f"part-{prefix + index}"
        sections.append(
            f'<section aria-labelledby="{name}"><h2 id="{name}">{words(heading)}</h2>'
            f'<div class="panels">{"".join(shown)}</div></section>'
        )
    if answer.left_out:
        listed = "".join(f"<li>{words(title)}</li>" for title in answer.left_out)
        titles = folded("Panels that need a Prometheus", f"<ul>{listed}</ul>")
        sections.append(titles)
    return [_moments(answer), *sections]


def _moments(answer: ViewAnswer) -> str:
    """The times that the plots mark by lines."""
    if not answer.moments:
        return ""
    listed = "".join(map(_moment, answer.moments))
    title = f"Marked in the plots: {len(answer.moments)}"
    return folded(title, f'<ul class="moments">{listed}</ul>')


def _moment(one: MarkedTime) -> str:
    kind, sign = ("wrong", "\u25b2") if one.colour == "red" else ("new", "\u25bc")
    return f'<li><span class="{kind}">{sign}</span> {clock(one.at)} {words(one.title)}</li>'


def navigation(choices: Choices) -> str:
    """Links to the same page with another choice."""
    address = choices.address
    rows = []
    if choices.over_time:
        rows.append(_row("View", [(TITLES[v], address.link(view=v), v == address.view)
                                  for v in VIEWS]))  # fmt: skip
        rows.append(_row("Last", [(w, address.link(window=w), w == address.window)
                                  for w in WINDOWS]))  # fmt: skip
    if address.view != "fleet":
        rows.append(_versions(choices))
        if address.view == "slice":
            rows.append(_names("Slice", choices.slices, address, "slice"))
        else:
            rows.append(_names("Feature", choices.features, address, "feature"))
    refresh = [
        ("now", address.link(), False),
        ("every minute", address.link(refresh=True), address.refresh),
        ("never", address.link(refresh=False), not address.refresh),
    ]
    rows.append(_row("Refresh", refresh))
    return f'<nav class="choices" aria-label="Choices">{"".join(rows)}</nav>'


def _versions(choices: Choices) -> str:
    if len(choices.versions) < 2:
        return ""
    address = choices.address
    selected = set(address.versions) or set(choices.versions)
    links = [("all", address.link(versions=()), not address.versions)]
    links += [
        (version, address.link(versions=(version,)), selected == {version})
        for version in choices.versions
    ]
    return _row("Version", links)


def _names(title: str, names: Sequence[str], address: PageAddress, field: str) -> str:
    current = getattr(address, field)
    links = [(name, address.link(**{field: name}), name == current) for name in names]
    if len(links) <= FEW:
        return _row(title, links) if len(links) > 1 else ""
    shown_links = [link for link in links if link[2]] or links[:1]
    rest = _row(title, links)
    return f"{_row(title, shown_links)}{folded(f'{title}: all {len(links)}', rest)}"


def _row(title: str, links: Sequence[tuple[str, str, bool]]) -> str:
    current = {True: ' aria-current="true"', False: ""}
    items = "".join(
        f'<li><a href="{escape_markup(href)}"{current[chosen]}>{words(text, 60)}</a></li>'
        for text, href, chosen in links
    )
    return f'<div><span class="choice">{words(title)}</span><ul>{items}</ul></div>'


def model_facts(
    model: MonitoredModel | None, versions: Sequence[str], window: str, at: float
) -> dict[str, str]:
    """The facts in the head of a page."""
    named = {} if model is None else {"task": model.task}
    known = {"versions": str(len(versions))} if versions and model else {}
    return {**named, **known, "window": f"last {window}", "as of": clock(at)}
