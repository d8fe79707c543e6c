"""Alerts become findings: whose, what, since when, and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from packager.tracker.core.moments import parse_moment
from packager.tracker.sources.alertmanager import (
    AlertStatus,
    ReceivedAlert,
    Silence,
    Webhook,
    alert_of,
    bounded_name,
    finding_of,
    muted_text,
    subject_of,
)

OURS = {
    "alertname": "FeatureDrift",
    "feature": "carat",
    "model": "diamonds",
    "version": "1.0.0-3f9c12ab45de",
    "severity": "ticket",
    "priority": "2",
}


def received(**changes: Any) -> dict[str, Any]:
    """An alert as Alertmanager 0.25 sends it."""
    return {
        "status": "firing",
        "labels": OURS,
        "annotations": {
            "summary": "carat of diamonds 1.0.0-3f9c12ab45de has drifted",
            "action": "Compare live and reference bins.",
            "runbook_url": "https://docs.example/alerts#featuredrift",
            "dashboard": "http://127.0.0.1:3100/d/abc",
        },
        "startsAt": "2026-11-29T15:47:45.473918273Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=x",
        "fingerprint": "c25c975fa50a8096",
        **changes,
    }


def message(*alerts: dict[str, Any], **changes: Any) -> Webhook:
    body = {"version": "4", "status": "firing", "alerts": alerts, "truncatedAlerts": 0, **changes}
    return Webhook.model_validate_json(json.dumps(body))


def found(**changes: Any) -> Any:
    return finding_of(alert_of(message(received(**changes)).alerts[0]))


def test_our_alert_is_a_finding_of_its_feature() -> None:
    one = found()
    assert (one.package, one.version, one.kind) == (
        "diamonds", "1.0.0-3f9c12ab45de", "FeatureDrift",
    )  # fmt: skip
    assert (one.subject, one.severity, one.firing) == ("feature=carat", "ticket", True)
    assert (one.source, one.key) == ("alertmanager", "c25c975fa50a8096")
    assert one.starts_at == parse_moment("2026-11-29T15:47:45.473918Z")
    assert one.ends_at is None
    assert one.summary == "carat of diamonds 1.0.0-3f9c12ab45de has drifted"
    assert one.action == "Compare live and reference bins."
    assert one.links == {
        "runbook": "https://docs.example/alerts#featuredrift",
        "dashboard": "http://127.0.0.1:3100/d/abc",
        "prometheus": "http://prometheus:9090/graph?g0.expr=x",
    }
    assert one.measured is False
    assert one.evidence == "Its share and certainty are not known, so each counts as 1."


def test_the_version_is_no_part_of_the_identity() -> None:
    other = {**OURS, "version": "2.0.0-aaaaaaaaaaaa"}
    assert found(labels=other, fingerprint="b").fingerprint == found().fingerprint


def test_a_delivery_is_an_episode_and_its_status() -> None:
    same = found(annotations={}).delivery
    assert same == found().delivery
    others = [
        found(status="resolved"),
        found(fingerprint="b"),
        found(startsAt="2026-11-29T16:00:00Z"),
    ]
    assert len({same, *(one.delivery for one in others)}) == 4


def test_an_alert_that_is_over_in_a_group_that_fires() -> None:
    one = found(status="resolved", endsAt="2026-11-29T16:00:00Z")
    assert (one.firing, one.ends_at) == (False, parse_moment("2026-11-29T16:00:00Z"))


@pytest.mark.parametrize(
    ("labels", "subject"),
    [
        ({"slice": "color=E"}, "slice=color=E"),
        ({"kind": "missing", "feature": "carat"}, "feature=carat, kind=missing"),
        (
            {"slice": "all", "measure": "mae", "output": "price"},
            "slice=all, output=price, measure=mae",
        ),
        ({"instance": "10.0.0.1:3000", "job": "diamonds"}, "instance=10.0.0.1:3000"),
        ({}, "package"),
        ({"feature": ""}, "package"),
        (
            {"zone": "b", "cluster": "a", "instance": "x"},
            "instance=x, cluster=a, zone=b",
        ),
        ({"a": "1, b=2"}, 'a="1, b=2"'),
        ({"a": "1", "b": "2"}, "a=1, b=2"),
    ],
)
def test_subjects(labels: dict[str, str], subject: str) -> None:
    base = {name: OURS[name] for name in OURS if name != "feature"}
    assert subject_of({**base, **labels}) == subject


@given(
    st.dictionaries(st.text(min_size=1), st.text(min_size=1), max_size=4),
    st.dictionaries(st.text(min_size=1), st.text(min_size=1), max_size=4),
)
def test_the_order_of_labels_does_not_matter(one: dict[str, str], other: dict[str, str]) -> None:
    assert subject_of({**one, **other}) == subject_of(
        dict(reversed(list({**one, **other}.items())))
    )


@pytest.mark.parametrize(
    ("labels", "package", "kind"),
    [
        ({"alertname": "Down", "job": "node"}, "node", "Down"),
        ({"alertname": "Watchdog"}, "unnamed", "Watchdog"),
        ({}, "unnamed", "unnamed"),
        ({"model": "", "job": "node", "alertname": ""}, "node", "unnamed"),
    ],
)
def test_alerts_of_others(labels: dict[str, str], package: str, kind: str) -> None:
    one = found(labels=labels, fingerprint="")
    assert (one.package, one.kind, len(one.key)) == (package, kind, 16)


@pytest.mark.parametrize(
    ("label", "severity"),
    [
        ("page", "page"),
        ("critical", "page"),
        ("ticket", "ticket"),
        ("error", "ticket"),
        ("warning", "ticket"),
        ("Info", "info"),
        ("none", "info"),
        ("", "ticket"),
        ("purple", "ticket"),
    ],
)
def test_severities(label: str, severity: str) -> None:
    assert found(labels={**OURS, "severity": label}).severity == severity


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "docs/alerts.md#featuredrift",
        "http://x y",
        "",
        "ftp://x",
        "http://" + "x" * 3000,
    ],
)
def test_only_addresses_are_links(address: str) -> None:
    assert found(annotations={"runbook_url": address}, generatorURL=address).links == {}


def test_a_rule_may_compute_share_and_certainty() -> None:
    one = found(annotations={"share": "0.22", "certainty": "0.7"})
    assert (one.share, one.certainty, one.measured) == (0.22, 0.7, True)
    assert one.evidence == "Share and certainty are those that the alert's rule computes."


@pytest.mark.parametrize("text", ["NaN", "+Inf", "-0.1", "1.1", "a", ""])
def test_a_share_that_is_none_is_not_measured(text: str) -> None:
    one = found(annotations={"share": text})
    assert (one.share, one.measured) == (1.0, False)


def test_a_description_follows_the_summary() -> None:
    notes = {"summary": "It is down", "description": "for 5 minutes"}
    assert found(annotations=notes).summary == "It is down\nfor 5 minutes"
    assert found(annotations={"summary": "same", "description": "same"}).summary == "same"


@pytest.mark.slow
@given(
    st.dictionaries(st.text(max_size=20), st.text(max_size=400), max_size=8),
    st.dictionaries(
        st.sampled_from(["summary", "share", "certainty", "runbook_url", "title", "evidence"]),
        st.text(st.characters(), max_size=3000),
    ),
)
def test_no_label_and_no_annotation_makes_an_alert_fail(
    labels: dict[str, str], notes: dict[str, str]
) -> None:
    one = finding_of(ReceivedAlert(labels, notes, 5.0, "f"))
    assert one.model_dump_json()
    assert len(one.fingerprint) == 32


def test_long_names_stay_different() -> None:
    one, other = bounded_name("x" * 300), bounded_name("x" * 299 + "y")
    assert one != other
    assert len(one) == len(other) == 200


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"status": "pending"}, "alerts.0.status"),
        ({"labels": {"a": 1}}, "alerts.0.labels.a"),
        ({"labels": None}, "alerts.0.labels"),
        ({"startsAt": "0001-01-01T00:00:00Z"}, "alerts.0.startsAt"),
        ({"startsAt": 10**400}, "alerts.0.startsAt"),
        ({"fingerprint": "x" * 201}, "alerts.0.fingerprint"),
    ],
)
def test_what_is_no_alert_is_refused(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as error:
        message(received(**change))
    first = error.value.errors()[0]
    assert ".".join(str(part) for part in first["loc"]) == place


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (AlertStatus(state="active"), ""),
        (
            AlertStatus(state="suppressed", silencedBy=("s", "t")),
            "silenced in Alertmanager until 2026-11-29T12:00:00Z by ann",
        ),
        (AlertStatus(state="suppressed", silencedBy=("gone",)), "silenced in Alertmanager"),
        (
            AlertStatus(state="suppressed", inhibitedBy=("f",)),
            "inhibited in Alertmanager by another alert",
        ),
    ],
)
def test_why_nobody_is_notified(status: AlertStatus, text: str) -> None:
    silences = {
        "s": Silence(id="s", endsAt="2026-11-29T10:00:00Z", createdBy="bob"),
        "t": Silence(id="t", endsAt="2026-11-29T12:00:00Z", createdBy="ann"),
    }
    assert muted_text(status, silences) == text


def test_the_kind_of_an_alert_is_its_name():
    labels = {**OURS, "alertname": "MemberFailed", "member": "trees"}
    told = finding_of(ReceivedAlert(labels, {}, 0.0, "ab"))
    assert (told.kind, told.subject) == ("MemberFailed", "feature=carat, member=trees")
