"""The plot of an alert, of the queries of its kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_sources import FakePrometheus, answering

from packager.tracker.core.plot import BinsPlot, SeriesPlot
from packager.tracker.sources.plots import drawn
from packager.tracker.sources.prometheus import PrometheusClient
from packager.tracker.sources.queries import KindQueries, PlotQuery

NOW = 1_764_000_000.0


@pytest.fixture
def prometheus() -> FakePrometheus:
    return FakePrometheus()


@pytest.fixture
def client(prometheus: FakePrometheus) -> Iterator[PrometheusClient]:
    with answering(prometheus.answer) as address:
        yield PrometheusClient(address)


def bars(name: str) -> PlotQuery:
    return PlotQuery(title=name, query=f"{name} of {{feature}}", form="bars")


def times(*names: str) -> KindQueries:
    return KindQueries(plot=tuple(PlotQuery(title=one, query=f"query of {one}") for one in names))


def test_bins_of_numbers_are_in_order_with_both_shares(
    prometheus: FakePrometheus, client: PrometheusClient
) -> None:
    names = [">= 2", "other", "0.5 to 2", "< -1", "-1 to 0.5", "Ideal"]
    prometheus.answers = {
        "live": [({"bin": name}, 0.1 * n) for n, name in enumerate(names)],
        "reference": [({"bin": "0.5 to 2"}, 0.9), ({"bin": "10 to 20"}, 1.7)],
    }
    queries = KindQueries(plot=(bars("live"), bars("reference"), *times("PSI").plot))
    found = drawn(client, queries, {"feature": "carat"}, NOW - 60, NOW)
    assert isinstance(found, BinsPlot)
    assert found.title == "carat: live"
    assert found.bins == ("< -1", "-1 to 0.5", "0.5 to 2", ">= 2", "10 to 20", "Ideal", "other")
    assert found.reference == (0, 0, 0.9, 0, 1.0, 0, 0)
    assert found.live[2] == pytest.approx(0.2)
    assert prometheus.asked == ['live of "carat"', 'reference of "carat"']


def test_lines_with_a_band_and_a_baseline(
    prometheus: FakePrometheus, client: PrometheusClient
) -> None:
    prometheus.answers = {
        "of accuracy": [({}, 0.8)],
        "of low": [({}, 0.7)],
        "of high": [({}, 0.9)],
        "of when packaged": [({}, 0.95)],
    }
    queries = times("accuracy", "low", "high", "when packaged")
    found = drawn(client, queries, {}, NOW - 60, NOW)
    assert isinstance(found, SeriesPlot)
    (line,) = found.lines
    assert (line.name, len(line.points)) == ("accuracy", 11)
    last = line.points[-1]
    assert (last.at, last.value, last.low, last.high) == (NOW, 0.8, 0.7, 0.9)
    assert [(one.name, one.value) for one in found.levels] == [("when packaged", 0.95)]


def test_several_series_of_one_query_have_their_labels(
    prometheus: FakePrometheus, client: PrometheusClient
) -> None:
    prometheus.answers = {
        "of rows": [({"__name__": "n", "version": str(one)}, one) for one in range(9)]
    }
    found = drawn(client, times("rows"), {}, NOW, NOW)
    assert isinstance(found, SeriesPlot)
    assert [one.name for one in found.lines] == [f"rows: version={one}" for one in range(4)]


def test_nothing_to_draw(prometheus: FakePrometheus, client: PrometheusClient) -> None:
    assert drawn(client, KindQueries(), {}, NOW, NOW) is None
    assert drawn(client, times("rows"), {}, NOW, NOW) is None
    assert drawn(client, KindQueries(plot=(bars("a"), bars("b"))), {}, NOW, NOW) is None
    prometheus.answers = {"of rows": [({}, float("nan"))]}
    assert drawn(client, times("rows"), {}, NOW, NOW) is None
