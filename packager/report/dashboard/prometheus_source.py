"""Asks a Prometheus for the panels of a view."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from packager.deploy.grafana.chosen import VariableValues, named
from packager.deploy.grafana.panel import Mark, Panel, Query, View
from packager.report.dashboard.address import MAX_VERSIONS
from packager.report.dashboard.answers import AnsweredSeries, MarkedTime, PanelAnswer, ViewAnswer
from packager.tracker.sources.http_queries import DeclinedError
from packager.tracker.sources.prometheus import PrometheusClient

POINTS = {"timeseries": 150, "status-history": 48}
"""Points of a series over a window."""
SHORTEST_STEP = 15.0
"""Seconds: the interval of scrapes."""
AT_ONCE = 4
"""Queries under way."""
MAX_MOMENTS = 12
INFO = "model_package_info"


class PrometheusSource:
    """The server at ``url``; every method raises ``SourceAwayError`` if it doesn't answer."""

    def __init__(self, url: str, now: Callable[[], float] = time.time) -> None:
        self._client = PrometheusClient(url)
        self._now = now

    def versions(self, model: str, seconds: int) -> list[str]:
        """The versions of ``model`` that ran within ``seconds``, those that run now last."""
        info = VariableValues(model).filled(f'{INFO}{{model="$model"}}')
        lately = self._labels(f"group by (version) (last_over_time({info}[{seconds}s]))", "version")
        running = set(self._labels(f"group by (version) ({info})", "version"))
        return sorted(lately, key=lambda version: (version in running, version))[-MAX_VERSIONS:]

    def models(self) -> list[str]:
        """The models that ran within 30 days."""
        return self._labels(f"group by (model) (last_over_time({INFO}[30d]))", "model")

    def values(self, chosen: VariableValues, series: str, label: str) -> list[str]:
        """The values of a label in ``series`` (with variables) now."""
        return self._labels(f"group by ({label}) ({chosen.filled(series)})", label)

    def _labels(self, query: str, label: str) -> list[str]:
        return sorted({one.labels.get(label, "") for one in self._client.instant(query)})

    def answer(self, view: View, chosen: VariableValues, seconds: int) -> ViewAnswer:
        """All panels of ``view`` over the last ``seconds``."""
        end = float(int(self._now()))
        start = end - seconds
        queries = [(panel, one) for panel in view.panels for one in _repeated(panel, chosen)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda one: self._panel(one[0], one[1], start, end), queries))
            marks = list(pool.map(lambda mark: self._moments(mark, chosen, start, end), view.marks))
        rows = [
            (heading, [one for one in answers if one.panel in panels])
            for heading, panels in view.rows
        ]
        moments = sorted((one for several in marks for one in several), key=lambda one: one.at)
        return ViewAnswer(rows, start, end, moments)

    def _panel(self, panel: Panel, chosen: VariableValues, start: float, end: float) -> PanelAnswer:
        step = _step(panel, end - start)
        title = chosen.title(panel.title)
        if panel.repeat and chosen.versions:
            title = f"{title}, {chosen.versions[0]}"
        try:
            queries = [self._query(panel, query, chosen, start, end) for query in panel.queries]
        except DeclinedError as error:
            return PanelAnswer(panel, title, problem=f"Prometheus refused the query: {error}")
        return PanelAnswer(panel, title, queries, step)

    def _query(
        self, panel: Panel, query: Query, chosen: VariableValues, start: float, end: float
    ) -> list[AnsweredSeries]:
        expression = chosen.filled(query.expression)
        if panel.instant:
            samples = self._client.instant(expression)
            series = [AnsweredSeries(one.labels, [(end, one.value)]) for one in samples]
        else:
            ranged = self._client.over_time(expression, start, end, _step(panel, end - start))
            series = [AnsweredSeries(one.labels, one.points) for one in ranged if one.points]
        return sorted(series, key=lambda one: named(query.legend, one.labels))

    def _moments(
        self, mark: Mark, chosen: VariableValues, start: float, end: float
    ) -> list[MarkedTime]:
        """When each series of a mark began, the latest ones."""
        step = max(60.0, (end - start) / 300)
        try:
            series = self._client.over_time(chosen.filled(mark.expression), start, end, step)
        except DeclinedError:
            return []  # the panels say why
        began = [
            MarkedTime(at, named(mark.title, one.labels), mark.colour)
            for one in series
            for at in _beginnings([at for at, _ in one.points], step)
            if at > start + step
        ]
        return sorted(began, key=lambda one: one.at)[-MAX_MOMENTS:]


def _repeated(panel: Panel, chosen: VariableValues) -> Sequence[VariableValues]:
    """A panel of one version is drawn for each of them."""
    if panel.repeat != "version" or not chosen.versions:
        return [chosen]
    return [replace(chosen, versions=(version,)) for version in chosen.versions]


def _step(panel: Panel, seconds: float) -> float:
    return max(SHORTEST_STEP, seconds / POINTS.get(panel.kind, 1))


def _beginnings(times: Sequence[float], step: float) -> list[float]:
    return [at for index, at in enumerate(times) if not index or at - times[index - 1] > 1.5 * step]
