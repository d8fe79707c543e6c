"""The counters of servers and of a Prometheus: found, summed, or refused with a reason."""

from __future__ import annotations

import pytest
from metrics_servers import ANY, answering, exposition

from packager.errors import PackageError, UsageError
from packager.replicas.counters import (
    ModelSelector,
    metrics_address,
    query_prometheus,
    scrape_replicas,
)


def test_mixed_versions_are_refused_until_one_is_chosen() -> None:
    new = exposition({"low": 1, "middle": 1, "high": 1}, version="2-b")
    with answering(exposition({"low": 5, "middle": 3, "high": 2}), new) as urls:
        with pytest.raises(PackageError, match="expected one model version, got m 1-a, m 2-b") as e:
            scrape_replicas(urls, ANY)
        assert "--version" in e.value.hint
        assert scrape_replicas(urls, ModelSelector(None, "2-b")).version == "2-b"
        with pytest.raises(PackageError, match="expected one model version 3, got m 1-a, m 2-b"):
            scrape_replicas(urls, ModelSelector(None, "3"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html>", "/metrics: expected metrics, got other content .'invalid metric name:<html>'"),
        ("up 1\n", "expected metrics of a package, got others .1 series"),
        ("", "expected metrics of a package, got others .0 series"),
        ('a{b="c"d} 1', "Invalid labels: b="),
        ("a x", "could not convert string to float: .*x"),
    ],
)
def test_what_isnt_metrics_of_a_package_is_said(text: str, message: str) -> None:
    with answering(text) as urls, pytest.raises(PackageError, match=message):
        scrape_replicas(urls, ANY)


def test_statuses_and_addresses_that_fail_are_said() -> None:
    with answering("down", status=503) as urls:
        with pytest.raises(PackageError, match="expected status 200, got 503: 'down'"):
            scrape_replicas(urls, ANY)
        with pytest.raises(UsageError, match="expected every replica once, got it twice"):
            scrape_replicas([*urls, *urls], ANY)
    with pytest.raises(PackageError, match="no answer: ConnectionError"):
        scrape_replicas(["http://127.0.0.1:1/metrics"], ANY)
    for wrong in ("localhost:3000", "metrics", "http://"):
        with pytest.raises(UsageError, match=f"^{wrong}: expected an address like http"):
            scrape_replicas([wrong], ANY)


@pytest.mark.parametrize(
    "given", ["http://a:3000", "http://a:3000/", "http://a:3000/metrics", "http://a:3000/metrics/"]
)
def test_metrics_are_found_at_the_address_of_a_server(given: str) -> None:
    assert metrics_address(given) == "http://a:3000/metrics"
    assert metrics_address("https://a/models/one?x=1") == "https://a/models/one/metrics?x=1"


def test_the_same_replica_under_two_addresses_is_named_twice() -> None:
    with pytest.raises(UsageError, match="expected every replica once"):
        scrape_replicas(["http://127.0.0.1:1", "http://127.0.0.1:1/metrics"], ANY)


def test_a_prometheus_that_is_none_is_said() -> None:
    with (
        answering("{}") as urls,
        pytest.raises(PackageError, match="expected Prometheus' answer to a query"),
    ):
        query_prometheus(urls[0], "1d", ANY)
    with pytest.raises(UsageError, match="--window: expected a number and one of s, m, h, d, w"):
        query_prometheus("http://127.0.0.1:1", "1 day", ANY)
