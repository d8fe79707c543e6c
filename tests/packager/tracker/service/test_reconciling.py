"""The service beside an Alertmanager and a Prometheus that answer, restart, or don't answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fake_sources import FakeAlertmanager, FakePrometheus, answering
from tracked import MINUTE, TrackedService, tracked_service

from packager.tracker.service import reconciling
from packager.tracker.service.reconciling import reconcile
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.sources.http_queries import SourceAwayError
from packager.tracker.sources.queries import KindQueries, PlotQuery
from packager.tracker.sources.source_health import SourceHealth, health_of
from packager.tracker.store.database import StoreError
from packager.tracker.store.plots import plot_of

pytestmark = pytest.mark.slow

QUERIES = {
    "shop": {
        "FeatureDrift": KindQueries(
            share="share_of{feature={feature}}",
            certainty="certainty_of{feature={feature}}",
            action="Compare the bins.",
            runbook="https://docs.example/alerts#featuredrift",
            plot=(PlotQuery(title="PSI of the last day", query="psi{feature={feature}}"),),
        )
    }
}


@pytest.fixture
def alertmanager() -> FakeAlertmanager:
    return FakeAlertmanager(started_at=time.time() - 3600)


@pytest.fixture
def prometheus() -> FakePrometheus:
    return FakePrometheus()


Start = Callable[..., TrackedService]


@pytest.fixture
def start(
    tmp_path: Path, alertmanager: FakeAlertmanager, prometheus: FakePrometheus
) -> Iterator[Start]:
    with ExitStack() as stack:

        def run(*others: FakeAlertmanager, asks: bool = False, **changes: Any) -> TrackedService:
            places = [stack.enter_context(answering(one.answer)) for one in (alertmanager, *others)]
            measured = stack.enter_context(answering(prometheus.answer)) if asks else ""
            settings = ServiceSettings(
                alertmanager=", ".join(places), prometheus=measured, look_seconds=0.01,
                reconcile_seconds=changes.pop("reconcile_seconds", 3600), queries=QUERIES,
                **changes,
            )  # fmt: skip
            return stack.enter_context(tracked_service(tmp_path, settings))

        yield run


def compare(service: TrackedService) -> None:
    """One comparison, in the service's own loop, as its background task does it."""
    assert service.client.portal is not None
    service.client.portal.call(reconcile, service.context)


def health(service: TrackedService, source: Any = "alertmanager") -> SourceHealth:
    with service.tracker.store.read() as store:
        return health_of(store, source)


def until(service: TrackedService, condition: Callable[[], Any], seconds: float = 30) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not after {seconds} s")


def test_it_compares_at_once_and_a_silenced_alert_stays_open_and_says_so(
    start: Start, alertmanager: FakeAlertmanager
) -> None:
    now = time.time()
    alertmanager.hold("carat", now - 60, silenced_by=("s1",))
    alertmanager.hold("depth", now - 60)
    alertmanager.silences = [
        {"id": "s1", "endsAt": "2099-01-01T00:00:00Z", "createdBy": "ann", "comment": "known"}
    ]
    service = start()
    until(service, lambda: health(service).done_at)
    found = {one["subject"]: one for one in service.issues()}
    text = "silenced in Alertmanager until 2099-01-01T00:00:00Z by ann"
    assert found["feature=carat"]["muted"] == text
    assert found["feature=depth"]["muted"] == ""
    assert service.metric("issues_reconcile_age_seconds") < 60
    assert service.metric("issues_reconcile_failures_total") == 0
    assert service.metric('issues_open{package="shop",band="P1"}') == 2
    assert 0 <= service.metric('issues_oldest_open_seconds{band="P1"}') < 60
    # It ends while it is silenced, of which nothing is ever sent.
    del alertmanager.alerts["f-carat"]
    compare(service)
    assert [one["subject"] for one in service.issues()] == ["feature=depth"]


def test_out_of_reach_nothing_is_over_and_it_says_since_when(
    start: Start, alertmanager: FakeAlertmanager
) -> None:
    alertmanager.hold("carat", time.time())
    service = start(reconcile_seconds=0.01)
    until(service, lambda: service.issues())
    alertmanager.broken = True
    alertmanager.alerts.clear()
    until(service, lambda: service.metric("issues_reconcile_failures_total") > 1)
    since = health(service).failed_since
    assert since is not None
    assert time.time() - since < 60
    assert "expected status 200, got 500" in health(service).error
    until(service, lambda: service.metric("issues_reconcile_failing_seconds") > 0)
    assert len(service.issues()) == 1
    alertmanager.broken = False
    until(service, lambda: health(service).failed_since is None)
    assert health(service).error == ""
    until(service, lambda: not service.issues())


def test_an_alertmanager_that_has_just_started_ends_nothing(
    start: Start, alertmanager: FakeAlertmanager
) -> None:
    alertmanager.hold("carat", time.time())
    service = start()
    until(service, lambda: service.issues())
    alertmanager.alerts.clear()
    alertmanager.started_at = time.time() - 4 * MINUTE
    compare(service)
    assert len(service.issues()) == 1
    alertmanager.started_at = time.time() - 6 * MINUTE
    compare(service)
    assert service.issues() == []


def test_of_several_replicas_one_that_has_the_alert_is_enough_and_all_must_answer(
    start: Start, alertmanager: FakeAlertmanager
) -> None:
    other = FakeAlertmanager(started_at=time.time() - 3600)
    alertmanager.hold("carat", time.time())
    other.hold("depth", time.time())
    service = start(other)
    until(service, lambda: len(service.issues()) == 2)
    alertmanager.alerts.clear()
    other.broken = True
    with pytest.raises(SourceAwayError):
        compare(service)
    assert len(service.issues()) == 2
    other.broken = False
    compare(service)
    assert [one["subject"] for one in service.issues()] == ["feature=depth"]


@pytest.mark.parametrize("held", ["text", None, {"labels": {}}, {"fingerprint": "", "labels": {}}])
def test_an_answer_of_something_else_ends_nothing(
    start: Start, alertmanager: FakeAlertmanager, held: Any
) -> None:
    alertmanager.hold("carat", time.time())
    service = start()
    until(service, lambda: service.issues())
    alertmanager.alerts = {"x": held}
    with pytest.raises(
        SourceAwayError, match="expected an answer of Alertmanager's API, version 2: 0"
    ):
        compare(service)
    assert len(service.issues()) == 1


def test_a_message_that_leaves_alerts_out_is_followed_by_a_comparison(
    start: Start, alertmanager: FakeAlertmanager
) -> None:
    service = start()
    until(service, lambda: health(service).done_at)
    alertmanager.hold("carat", time.time())
    assert service.issues() == []
    body = {"alerts": [], "truncatedAlerts": 1}
    service.client.post("/webhooks/alertmanager", json=body, headers=service.report)
    until(service, lambda: service.issues())


# Prometheus.


def test_a_new_alert_gets_its_share_certainty_and_plot_and_keeps_the_last_answer(
    start: Start, alertmanager: FakeAlertmanager, prometheus: FakePrometheus
) -> None:
    prometheus.answers = {
        'share_of{feature="carat"}': [({}, 0.22)],
        'certainty_of{feature="carat"}': [({}, 0.7)],
        'psi{feature="carat"}': [({}, 0.4)],
    }
    alertmanager.hold("carat", time.time())
    service = start(asks=True)
    until(service, lambda: [one for one in service.issues() if one["share"] == 0.22])
    (issue,) = service.issues()
    assert (issue["certainty"], issue["band"]) == (0.7, 2)
    assert issue["priority"] == pytest.approx(100 * 0.6 * 0.22 * 0.7)
    assert issue["evidence"] == "Prometheus answers: share 0.22, certainty 0.7."
    assert issue["action"] == "Compare the bins."
    assert issue["links"] == {"runbook": "https://docs.example/alerts#featuredrift"}
    with service.tracker.store.read() as store:
        kept = plot_of(store, issue["id"])
    assert kept is not None
    assert kept.plot.title == "PSI of the last day"
    until(service, lambda: health(service, "prometheus").done_at)
    assert service.metric("issues_prometheus_up") == 1
    prometheus.broken = True
    compare(service)
    until(service, lambda: health(service, "prometheus").failed_since)
    assert service.metric("issues_prometheus_up") == 0
    assert service.metric("issues_prometheus_failures_total") >= 1
    assert service.issues()[0]["share"] == 0.22


def test_while_prometheus_is_away_no_alert_counts_as_over(
    start: Start, alertmanager: FakeAlertmanager, prometheus: FakePrometheus
) -> None:
    alertmanager.hold("carat", time.time(), version="1")
    service = start(asks=True)
    until(service, lambda: service.issues())
    prometheus.broken = True
    held = dict(alertmanager.alerts)
    alertmanager.alerts.clear()
    over = {**held["f-carat"], "status": "resolved", "endsAt": "2026-11-29T10:00:00Z"}
    service.client.post("/webhooks/alertmanager", json={"alerts": [over]}, headers=service.report)
    compare(service)
    assert len(service.issues()) == 1
    assert health(service, "prometheus").failed_since is not None
    prometheus.broken = False
    compare(service)
    assert service.issues() == []


def test_the_end_of_a_version_leaves_its_issue_to_the_next_one(
    start: Start, alertmanager: FakeAlertmanager, prometheus: FakePrometheus
) -> None:
    one, two = ({"model": "shop", "version": "1"}, 1.0), ({"model": "shop", "version": "2"}, 1.0)
    alertmanager.hold("carat", time.time(), version="1")
    service = start(asks=True)
    until(service, lambda: service.issues())
    prometheus.answers = {"[480s]": [two], "[1d]": [one, two]}
    alertmanager.alerts.clear()
    compare(service)
    (issue,) = service.issues()
    assert issue["unobserved"] is True
    prometheus.answers["count_over_time"] = [two]
    compare(service)
    (issue,) = service.issues(state="all")
    assert (issue["state"], issue["resolved_in"]) == ("resolved", "2")
    asked = next(text for text in prometheus.asked if "count_over_time" in text)
    assert "[3600s:60s]" in asked
    assert ">= 60" in asked


def test_a_store_that_fails_does_not_end_the_comparisons(
    start: Start, alertmanager: FakeAlertmanager, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = start(reconcile_seconds=0.01)
    until(service, lambda: health(service).done_at)

    def refuse(*_: Any) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        for name in ("note_success", "note_failure"):
            patch.setattr(reconciling, name, refuse)
        until(service, lambda: service.context.sources.counters.failures["alertmanager"] > 1)
    alertmanager.hold("carat", time.time())
    until(service, lambda: service.issues())
    until(service, lambda: health(service).failed_since is None)
