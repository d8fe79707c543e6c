"""Pages from a Prometheus, or from one server's counters."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, Protocol

from packager.deploy.grafana.chosen import VariableValues
from packager.deploy.grafana.panel import View
from packager.deploy.grafana.views import fleet_view, model_view, slice_view
from packager.deploy.prometheus.rules import MonitoredModel
from packager.errors import PackageError
from packager.replicas.counters import CounterTotals
from packager.report.dashboard.address import VIEWS, PageAddress
from packager.report.dashboard.answers import PanelAnswer, ViewAnswer
from packager.report.dashboard.page import (
    TITLES,
    Choices,
    clock,
    html_page,
    model_facts,
    navigation,
    view_body,
)
from packager.report.dashboard.panel_html import PanelContext
from packager.report.dashboard.prometheus_source import PrometheusSource
from packager.report.dashboard.scraped_source import scraped_answer
from packager.report.data_test_plot import shortened, words
from packager.text import counted, did_you_mean
from packager.tracker.sources.http_queries import SourceAwayError, shown_address

PANELS_OF_A_VIEW = 100


class SitePage(NamedTuple):
    """A page, and its HTTP status."""

    status: int
    html: str


class DashboardSite(Protocol):
    """Renders the pages."""

    def served(self, address: PageAddress) -> SitePage:
        """The page of an address, with links to others."""


class PrometheusSite:
    """Pages about ``model`` from the Prometheus at ``url``."""

    def __init__(self, model: MonitoredModel, url: str, issues: str = "") -> None:
        self._model = model
        self._url = shown_address(url)
        self._source = PrometheusSource(url)
        self._issues = issues
        self._reached: float | None = None

    def check(self) -> None:
        """Raise ``PackageError`` if there is no Prometheus, or if it doesn't know the model."""
        try:
            models = self._source.models()
        except SourceAwayError as error:
            raise PackageError(
                str(error), "name a Prometheus that runs: --prometheus http://HOST:9090"
            ) from error
        self._reached = time.time()
        if self._model.name not in models:
            known = ", ".join(models[:20]) or "none"
            raise PackageError(
                f"{self._url}: expected series of the model {self._model.name!r} within 30 days,"
                f" got those of: {known}",
                did_you_mean(self._model.name, models)
                or "let this Prometheus scrape /metrics of its servers: package deploy writes the"
                " configuration",
            )

    def served(self, address: PageAddress) -> SitePage:
        """The page of one view; status 503 if Prometheus doesn't answer."""
        try:
            versions, variables = self._chosen(address)
            view = self._view(address)
            answer = self._source.answer(view, _of(view, variables), address.seconds)
            features = self._names(variables, "model_feature_reference_rows", "feature")
            slices = self._names(variables, "model_slice_predictions_total", "slice")
        except SourceAwayError as error:
            return SitePage(503, self._away(address, str(error)))
        self._reached = time.time()
        choices = Choices(address, versions, slices, features)
        context = self._context(answer, address, len(variables.versions), variables, linked=True)
        body = [navigation(choices), *view_body(answer, context)]
        about = None if address.view == "fleet" else self._model
        facts = model_facts(about, versions, address.window, answer.end)
        return SitePage(200, html_page(self._title(view, variables), facts, body, self._footer()))

    def file(self, address: PageAddress) -> str:
        """One page with all three views; raises ``PackageError`` if Prometheus is away."""
        try:
            versions, variables = self._chosen(address)
            parts = []
            for index, name in enumerate(VIEWS):
                view = self._view(replace(address, view=name))
                answer = self._source.answer(view, _of(view, variables), address.seconds)
                context = self._context(
                    answer, address, len(variables.versions), variables, linked=False
                )
                heading = f"{TITLES[name]}{f' {variables.slice}' if name == 'slice' else ''}"
                parts.append(f'<h2 class="view" id="{name}">{words(heading, 120)}</h2>')
                parts += view_body(answer, context, (index + 1) * PANELS_OF_A_VIEW)
        except SourceAwayError as error:
            raise PackageError(str(error), "is this Prometheus running?") from error
        facts = model_facts(self._model, versions, address.window, answer.end)
        jumps = " · ".join(f'<a href="#{name}">{TITLES[name]}</a>' for name in VIEWS)
        body = [f'<nav aria-label="Views"><p>{jumps}</p></nav>', *parts]
        return html_page(self._model.name, facts, body, self._footer())

    def _chosen(self, address: PageAddress) -> tuple[list[str], VariableValues]:
        versions = self._source.versions(self._model.name, address.seconds)
        requested = tuple(address.versions) or tuple(versions) or (self._model.version,)
        plain = self._model.features[0] if self._model.features else ""
        feature = address.feature or plain
        return versions, VariableValues(self._model.name, requested, address.slice, feature)

    def _names(self, chosen: VariableValues, metric: str, label: str) -> list[str]:
        series = f'{metric}{{model="$model", version=~"$version"}}'
        return self._source.values(chosen, series, label)

    def _view(self, address: PageAddress) -> View:
        if address.view == "fleet":
            return fleet_view()
        return model_view(self._model) if address.view == "model" else slice_view(self._model)

    def _context(
        self,
        answer: ViewAnswer,
        address: PageAddress,
        versions: int,
        chosen: VariableValues,
        *,
        linked: bool,
    ) -> PanelContext:
        def link(label: str, value: str) -> str:
            if not linked or label not in ("slice", "feature") or address.view == "fleet":
                return ""
            if label == "slice":
                return address.link(view="slice", slice=value)
            return address.link(view="model", feature=value)

        fleet = address.view == "fleet"
        model = "" if fleet else chosen.model or ""
        shown = 0 if fleet else versions
        return PanelContext(answer, address.window, shown, link, self._issues, model)

    def _title(self, view: View, chosen: VariableValues) -> str:
        part = shortened(chosen.slice)
        return f"{self._model.name}: {part}" if view.name == "slice" else view.title

    def _footer(self) -> str:
        return f"Prometheus at {self._url}"

    def _away(self, address: PageAddress, detail: str) -> str:
        """A page whose panels say since when there is no answer."""
        since = "it was never reached" if self._reached is None else (
            f"not reached since {clock(self._reached)}"
        )  # fmt: skip
        reason = f"No data: Prometheus did not answer, {since}."
        view = self._view(address)
        variables = VariableValues(self._model.name, (), address.slice, address.feature)
        rows = [
            (heading, [PanelAnswer(panel, variables.title(panel.title)) for panel in panels])
            for heading, panels in view.rows
        ]
        now = time.time()
        answer = ViewAnswer(rows, now - address.seconds, now)
        context = PanelContext(answer, address.window, 0, lambda *_: "", problem=reason)
        body = [
            f'<p class="lead bad">{words(detail, 500)}</p>',
            navigation(Choices(address)),
            *view_body(answer, context),
        ]
        facts = model_facts(self._model, [], address.window, now)
        return html_page(self._title(view, variables), facts, body, self._footer())


class ScrapedSite:
    """Pages about what one server counted since its start."""

    def __init__(self, model: MonitoredModel, read: Callable[[], CounterTotals]) -> None:
        self._model = model
        self._read = read

    def served(self, address: PageAddress) -> SitePage:
        """The page of now; status 503 if the server doesn't answer."""
        try:
            return SitePage(200, self._page(address, linked=True))
        except PackageError as error:
            body = [f'<p class="lead bad">{words(str(error), 500)}</p>']
            facts = {"as of": clock(time.time())}
            return SitePage(503, html_page(f"Model {self._model.name}", facts, body, ""))

    def file(self, address: PageAddress) -> str:
        """The page as a file; raises ``PackageError`` if the server doesn't answer."""
        return self._page(address, linked=False)

    def _page(self, address: PageAddress, *, linked: bool) -> str:
        totals = self._read()
        feature = address.feature or next(iter(self._model.features), "")
        view = model_view(self._model)
        answer = scraped_answer(view, totals, feature)
        shown = replace(address, view="model", feature=feature)

        def link(label: str, value: str) -> str:
            return shown.link(feature=value) if linked and label == "feature" else ""

        context = PanelContext(answer, "since the server's start", 1, link)
        choices = Choices(shown, features=self._model.features, over_time=False)
        lead = (
            "What one server counted since it started. Where a description names a window, read"
            " that. With --prometheus there are all replicas, and lines over time:"
            f" {counted(len(answer.left_out), 'further panel')}."
        )
        body = [f'<p class="note">{words(lead, 500)}</p>']
        body += [navigation(choices) if linked else "", *view_body(answer, context)]
        facts = {"version": totals.version, "counted": totals.source, "as of": clock(answer.end)}
        return html_page(f"Model {self._model.name}", facts, body, "")


def _of(view: View, chosen: VariableValues) -> VariableValues:
    """The choices of a view; the fleet view has none, as it shows all models."""
    return VariableValues() if view.name == "fleet" else chosen
