"""Events in PagerDuty's shape as findings; service/test_incoming.py sends them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tracked import T0

from packager.tracker.sources.events import PagerEvent, event_finding

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)
VALUE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)


def event(**payload: Any) -> PagerEvent:
    given_ = {"summary": "s", "source": "host", "severity": "error", **payload}
    body = {"event_action": "trigger", "payload": given_}
    return PagerEvent.model_validate_json(json.dumps(body))


@pytest.mark.parametrize(
    ("severity", "ours"),
    [("critical", "page"), ("error", "ticket"), ("warning", "info"), ("info", "info")],
)
def test_severities(severity: str, ours: str) -> None:
    assert event_finding(event(severity=severity), "k", "ci", T0).severity == ours


def test_absent_values_and_details_of_another_shape() -> None:
    one = event_finding(event(component=None, custom_details="a row"), "k", "ci", T0)
    assert (one.package, one.kind, one.subject, one.values) == ("host", "Event", "k", {})
    assert (one.source, one.key, one.starts_at) == ("events/ci", "k", T0)
    assert one.measured is False


@given(TEXT, TEXT, st.dictionaries(st.text(max_size=300), VALUE, max_size=5))
def test_no_event_makes_it_fail(component: str, key: str, details: dict[str, Any]) -> None:
    found = event_finding(event(component=component, custom_details=details), key, "ci", T0)
    assert found.model_dump_json()
    assert all(isinstance(one, float) for one in found.values.values())
