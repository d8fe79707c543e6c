"""Events in the shape of PagerDuty's Events API, version 2: pure.

Whatever can send an alert to PagerDuty can send it here. ``dedup_key`` is the subject of the issue.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from packager.tracker.core.finding import LINK, MAX_LINKS, MAX_VALUES, Finding, Severity
from packager.tracker.core.texts import MAX_TEXT, Text, storable
from packager.tracker.sources.alertmanager import NOT_MEASURED, bounded_name

EVENT = "Event"
"""The kind of an event without a class."""
MAX_DEDUP_KEY = 255
SEVERITIES: Mapping[str, Severity] = {
    "critical": "page",
    "error": "ticket",
    "warning": "info",
    "info": "info",
}


def _number_or_none(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e300 and math.isfinite(value) else None


class _Received(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class EventPayload(_Received):
    """The event."""

    summary: Annotated[Text, Field(min_length=1)]
    source: Annotated[Text, Field(min_length=1)]
    severity: Literal["critical", "error", "warning", "info"]
    component: Text = ""
    group: Text = ""
    event_class: Annotated[Text, Field(alias="class")] = ""
    custom_details: dict[str, Annotated[float | None, BeforeValidator(_number_or_none)]] = {}
    """Only its numbers are kept: texts might be rows."""

    @model_validator(mode="before")
    @classmethod
    def _leave_out(cls, data: Any) -> Any:
        """Drop absent values, which senders write as null, and details that are one text."""
        if not isinstance(data, dict):
            return data
        present = {name: value for name, value in data.items() if value is not None}
        if not isinstance(present.get("custom_details", {}), dict):
            del present["custom_details"]
        return present


class EventLink(_Received):
    """A link or an image."""

    href: str = ""
    src: str = ""
    text: str | None = ""


class PagerEvent(_Received):
    """One event."""

    routing_key: str = ""
    event_action: Literal["trigger", "acknowledge", "resolve"]
    dedup_key: Annotated[str | None, Field(max_length=MAX_DEDUP_KEY)] = None
    payload: EventPayload | None = None
    links: tuple[EventLink, ...] | None = ()
    images: tuple[EventLink, ...] | None = ()

    @model_validator(mode="after")
    def _check(self) -> PagerEvent:
        if self.event_action == "trigger" and self.payload is None:
            raise ValueError("payload: expected one with trigger")
        if self.event_action != "trigger" and not self.dedup_key:
            raise ValueError(f"dedup_key: expected one with {self.event_action}")
        return self


def event_source(sender: str) -> str:
    """``Finding.source`` of the events of a token; dedup keys of two tokens are apart."""
    return bounded_name(f"events/{sender}")


def event_finding(event: PagerEvent, dedup_key: str, sender: str, now: float) -> Finding:
    """The finding of an event that triggers.

    Times of events are those of their arrival: senders repeat a timestamp for another incident.
    """
    payload = event.payload
    assert payload is not None  # PagerEvent checks it
    details = {
        bounded_name(name): value
        for name, value in payload.custom_details.items()
        if value is not None
    }
    share, certainty = details.get("share"), details.get("certainty")
    known = {
        name: value
        for name, value in (("share", share), ("certainty", certainty))
        if value is not None and 0 <= value <= 1
    }
    evidence = f"{event_source(sender)} says so." if "share" in known else NOT_MEASURED
    return Finding.model_validate(
        {
            "package": bounded_name(payload.component or payload.source),
            "kind": bounded_name(payload.event_class or EVENT),
            "subject": bounded_name(dedup_key),
            "severity": SEVERITIES[payload.severity],
            "evidence": evidence,
            "title": payload.summary,
            "source": event_source(sender),
            "key": dedup_key,
            "starts_at": now,
            "values": dict(list(details.items())[:MAX_VALUES]),
            "links": _links(event),
            **known,
        }
    )


def _links(event: PagerEvent) -> dict[str, str]:
    links: dict[str, str] = {}
    for number, one in enumerate((*(event.links or ()), *(event.images or ())), 1):
        url = one.href or one.src
        if len(url) <= MAX_TEXT and LINK.fullmatch(url) and str(storable(url)) == url:
            links[bounded_name(one.text or f"link {number}")] = url
    return dict(list(links.items())[:MAX_LINKS])
