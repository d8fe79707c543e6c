"""Questions to Prometheus, and answers that are none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_sources import FakePrometheus, answering

from packager.deploy.prometheus import promql
from packager.tracker.sources.http_queries import DeclinedError, SourceAwayError
from packager.tracker.sources.prometheus import LOOKBACK_SECONDS, PrometheusClient
from packager.tracker.sources.queries import KindQueries

LABELS = {"model": "shop", "feature": 'car"at\\\n'}


@pytest.fixture
def prometheus() -> FakePrometheus:
    return FakePrometheus()


@pytest.fixture
def client(prometheus: FakePrometheus) -> Iterator[PrometheusClient]:
    with answering(prometheus.answer) as address:
        yield PrometheusClient(address)


def test_a_version_runs_as_long_as_the_rules_say() -> None:
    assert f"{LOOKBACK_SECONDS // 60}m" == promql.LOOKBACK


def test_a_drill_has_shorter_hours(prometheus: FakePrometheus) -> None:
    with answering(prometheus.answer) as address:
        client = PrometheusClient(address, 60)
        client.lives()
        client.complete()
    assert "[8s]" in prometheus.asked[0]
    assert "[60s:1s]) >= 60 and" in prometheus.asked[2]


def test_labels_are_put_in_as_strings(prometheus: FakePrometheus, client: PrometheusClient) -> None:
    prometheus.answers = {"share": [({}, 0.25)]}
    found = client.measured(KindQueries(share="share{model={model}, f={feature}}"), LABELS)
    assert found == (0.25, None)
    assert prometheus.asked == [r'share{model="shop", f="car\"at\\\n"}']


@pytest.mark.parametrize(
    ("values", "share"),
    [
        ([0.2, 0.4], 0.4),
        ([-1.0], 0.0),
        ([7.0], 1.0),
        ([], None),
        ([float("nan")], None),
        ([float("inf")], None),
        ([float("nan"), 0.1], 0.1),
    ],
)
def test_a_share_is_from_0_to_1_or_not_known(
    prometheus: FakePrometheus, client: PrometheusClient, values: list[float], share: float | None
) -> None:
    prometheus.answers = {"share": [({"n": str(n)}, one) for n, one in enumerate(values)]}
    assert client.measured(KindQueries(share="share"), {}).share == share


def test_versions_that_run_and_did_are_asked_once_for_a_burst(
    prometheus: FakePrometheus, client: PrometheusClient
) -> None:
    one, two = ({"model": "shop", "version": "1"}, 1.0), ({"model": "shop", "version": "2"}, 1.0)
    prometheus.answers = {"[480s]": [two], "[1d]": [one, two]}
    for _ in range(10):
        lives = client.lives()
    assert len(prometheus.asked) == 2
    assert lives.is_gone("shop", "1")
    assert not lives.is_gone("shop", "2")
    assert not lives.is_gone("shop", "3")


@pytest.mark.parametrize("answer", [[], {}, {"data": {"result": 5}}, "x", {"data": {"result": [
    {"metric": {"a": 1}, "value": [1, "2"]}]}}, {"data": {"result": [
        {"value": [1, "x"]}]}}])  # fmt: skip
def test_an_answer_of_something_else_is_no_answer(answer: object) -> None:
    with (
        answering(lambda *_: answer) as address,
        pytest.raises(SourceAwayError, match="expected Prometheus' answer to a query"),
    ):
        PrometheusClient(address).instant("up")


def test_an_answer_of_too_many_series_is_declined() -> None:
    with (
        answering(lambda *_: {"data": {"result": [{}] * 5001}}) as address,
        pytest.raises(DeclinedError, match="got more than 5000 series"),
    ):
        PrometheusClient(address).instant("x")


def test_a_server_that_fails_is_away(prometheus: FakePrometheus, client: PrometheusClient) -> None:
    prometheus.broken = True
    with pytest.raises(SourceAwayError, match="expected status 200, got 500"):
        client.measured(KindQueries(share="share"), {})
