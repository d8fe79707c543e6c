"""Messages of other programs over HTTP: what they open, and what hostile ones do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tracked import T0, TrackedService, tracked_service

from packager.tracker.core.moments import format_moment


class Clock:
    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(tmp_path: Path, clock: Clock) -> Iterator[TrackedService]:
    with tracked_service(tmp_path, clock=clock) as found:
        yield found


def alert(name: str = "carat", status: str = "firing", start: float = T0) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {
            "alertname": "FeatureDrift",
            "feature": name,
            "model": "shop",
            "version": "1",
            "severity": "ticket",
        },
        "annotations": {"summary": f"{name} has drifted"},
        "startsAt": format_moment(start),
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": f"f-{name}",
    }


def post(service: TrackedService, *alerts: dict[str, Any], **changes: Any) -> Any:
    body = {"version": "4", "status": "firing", "alerts": alerts, "truncatedAlerts": 0, **changes}
    return service.client.post("/webhooks/alertmanager", json=body, headers=service.report)


def test_each_alert_has_its_own_status(service: TrackedService) -> None:
    post(service, alert("carat"), alert("depth"))
    answer = post(service, alert("carat"), alert("depth", "resolved"))
    assert [one["result"] for one in answer.json()["findings"]] == ["same", "resolved"]
    assert [one["subject"] for one in service.issues()] == ["feature=carat"]


@pytest.mark.slow
def test_the_same_message_a_hundred_times_is_one_issue_and_one_event(
    service: TrackedService, clock: Clock
) -> None:
    for _ in range(100):
        clock.now += 60
        assert post(service, alert()).status_code == 200
    (issue,) = service.issues(state="all")
    assert issue["last_seen"] == format_moment(T0 + 6000)
    assert [one["what"] for one in service.events(issue["id"])] == ["opened"]
    assert service.metric('issues_deliveries_total{source="alertmanager",result="same"}') == 99


def test_drift_of_eleven_inputs_of_one_cause_is_one_line(
    service: TrackedService, clock: Clock
) -> None:
    for number in range(11):
        clock.now += 30
        post(service, alert(f"column {number}"))
    assert len(service.issues()) == 11
    (line,) = service.issues(folded="true")
    assert len(service.issues(cause=line["cause"])) == 11


def test_it_needs_a_token(service: TrackedService) -> None:
    body = {"alerts": []}
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
        answer = service.client.post("/webhooks/alertmanager", json=body, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["message"] == "expected a token or a login"
    assert service.metric('issues_requests_rejected_total{code="unauthorized"}') == 3


def test_a_message_that_leaves_alerts_out_asks_for_a_comparison(service: TrackedService) -> None:
    post(service, alert())
    assert not service.context.sources.reconcile_now.is_set()
    post(service, alert(), truncatedAlerts=3)
    assert service.context.sources.reconcile_now.is_set()


@pytest.mark.slow
def test_more_than_a_thousand_alerts_are_refused_and_compared(service: TrackedService) -> None:
    small = {"status": "firing", "labels": {}, "startsAt": "2026-01-01T00:00:00Z"}
    answer = post(service, *[small] * 1001)
    assert answer.status_code == 413
    assert answer.json()["error"]["message"] == "alerts: expected at most 1000, got 1001"
    assert service.context.sources.reconcile_now.is_set()
    assert post(service, *[small] * 1000).status_code == 200


HOSTILE: list[bytes] = [
    b"",
    b"null",
    b"[]",
    b"{",
    b'{"alerts": 5}',
    b'{"alerts": [5]}',
    b'{"alerts": [{"status": "firing"}]}',
    b'{"alerts": [{"status": "firing", "labels": {"a": null}, "startsAt": "x"}]}',
    b'{"alerts": [], "truncatedAlerts": -1}',
    b'{"alerts": [], "truncatedAlerts": 1e999}',
    b"\xff\xfe",
    b'{"alerts": ' + b"[" * 100_000,
    b'{"alerts": [{"status": "firing", "labels": {"a": "\\ud800"}, "startsAt": 1}]}',
    b'{"alerts": [{"status": "firing", "labels": {}, "startsAt": 1' + b"0" * 5000 + b"}]}",
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("path", ["/webhooks/alertmanager", "/api/v1/events"])
def test_hostile_bodies_are_refused_with_a_message(
    service: TrackedService, body: bytes, path: str
) -> None:
    answer = service.client.post(path, content=body, headers=service.report)
    assert answer.status_code == 400
    assert answer.text
    assert service.issues(state="all") == []


def test_a_body_of_more_than_a_mebibyte_is_refused(service: TrackedService) -> None:
    for path in ("/webhooks/alertmanager", "/api/v1/events"):
        answer = service.client.post(path, content=b" " * (2 << 20), headers=service.report)
        assert answer.status_code == 413
        assert "at most 1048576 bytes" in answer.json()["error"]["message"]


def test_hostile_texts_are_kept_as_text(service: TrackedService) -> None:
    hostile = alert("<script>alert(1)</script>\0\N{RIGHT-TO-LEFT OVERRIDE}'; drop table issue;--")
    hostile["annotations"] = {"summary": "x" * 900_000, "runbook_url": "javascript:alert(1)"}
    assert post(service, hostile).status_code == 200
    (issue,) = service.issues()
    assert issue["links"] == {}
    assert len(issue["summary"]) == 2000


# Events in PagerDuty's shape.


def event(service: TrackedService, action: str = "trigger", **changes: Any) -> Any:
    body = {
        "routing_key": service.secret,
        "event_action": action,
        "dedup_key": "db-7",
        "payload": {
            "summary": "Disk is full",
            "source": "db-7.example",
            "severity": "error",
            "component": "postgres",
            "class": "disk",
            "custom_details": {"free": 0.5, "text": "a row", "share": 0.25, "deep": {"a": 1}},
        },
        "links": [{"href": "https://wiki.example/disk", "text": "wiki"}, {"href": "javascript:x"}],
        "images": [{"src": "https://img.example/a.png", "alt": "plot"}],
        **changes,
    }
    return service.client.post("/api/v1/events", content=json.dumps(body))


def test_an_event_opens_an_issue_of_its_dedup_key(service: TrackedService) -> None:
    answer = event(service)
    assert answer.status_code == 202
    assert answer.json() == {
        "status": "success",
        "message": "Event processed",
        "dedup_key": "db-7",
    }
    (issue,) = service.issues()
    assert (issue["package"], issue["kind"], issue["subject"]) == ("postgres", "disk", "db-7")
    assert (issue["title"], issue["severity"], issue["share"]) == ("Disk is full", "ticket", 0.25)
    assert issue["values"] == {"free": 0.5, "share": 0.25}
    assert issue["links"] == {
        "wiki": "https://wiki.example/disk",
        "link 3": "https://img.example/a.png",
    }


def test_triggers_of_one_key_are_one_issue_whatever_they_say(service: TrackedService) -> None:
    event(service)
    other = {"summary": "Fuller", "source": "elsewhere", "severity": "critical"}
    assert event(service, payload=other).status_code == 202
    (issue,) = service.issues(state="all")
    assert (issue["title"], issue["band"]) == ("Fuller", 1)


def test_an_event_is_acknowledged_and_resolved_by_its_key(
    service: TrackedService, clock: Clock
) -> None:
    event(service)
    assert event(service, "acknowledge", payload=None).status_code == 202
    assert service.issues()[0]["state"] == "acknowledged"
    assert event(service, "resolve", payload=None).status_code == 202
    (issue,) = service.issues(state="all")
    assert issue["state"] == "resolved"
    assert [one["what"] for one in service.events(issue["id"])] == [
        "resolved", "acknowledged", "opened",
    ]  # fmt: skip
    clock.now += 1
    event(service)
    assert service.issues()[0]["regressions"] == 1


def test_the_end_of_an_unknown_event_is_taken(service: TrackedService) -> None:
    for action in ("acknowledge", "resolve"):
        assert event(service, action, payload=None).status_code == 202
    assert service.issues(state="all") == []


def test_an_event_without_a_key_gets_one(service: TrackedService) -> None:
    body = {
        "event_action": "trigger",
        "payload": {"summary": "s", "source": "x", "severity": "info"},
    }
    answer = service.client.post("/api/v1/events", json=body, headers=service.report)
    (issue,) = service.issues()
    assert issue["subject"] == answer.json()["dedup_key"]
    assert (issue["package"], issue["kind"], issue["severity"]) == ("x", "Event", "info")


def test_a_wrong_routing_key_is_refused_whatever_the_header_says(service: TrackedService) -> None:
    assert event(service, routing_key="wrong").status_code == 401


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"payload": None}, "body: payload: expected one with trigger"),
        (
            {"event_action": "resolve", "dedup_key": None},
            "body: dedup_key: expected one with resolve",
        ),
        ({"event_action": "explode"}, "event_action: expected 'trigger'"),
        ({"dedup_key": "x" * 256}, "dedup_key: expected at most 255 characters"),
        ({"payload": {"summary": "s"}}, "payload.source: expected a value, got none"),
        (
            {"payload": {"summary": "s", "source": "x", "severity": "bad"}},
            "payload.severity: expected '",
        ),
    ],
)
def test_an_event_that_is_none_is_refused_in_the_same_shape(
    service: TrackedService, changes: dict[str, Any], message: str
) -> None:
    answer = event(service, **changes)
    assert answer.status_code == 400
    told = answer.json()
    assert (told["status"], told["message"]) == ("invalid event", "Event object is invalid")
    assert told["errors"][0].startswith(message)
