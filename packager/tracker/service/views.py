"""Issues and events as the API shows them."""

from __future__ import annotations

from typing import Any

from packager.tracker.core.issue import Event, Issue
from packager.tracker.core.priority import explanation
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.store.reader import StoredEvent

_INNER = {"active", "ended", "bounces", "numbers", "quiet_seconds"}
_OF_OBSERVATION = {"version", "source", "scope", "muted", "measured"}


def issue_view(issue: Issue, settings: ServiceSettings) -> dict[str, Any]:
    """An issue as JSON."""
    shown = issue.model_dump(mode="json", exclude=_INNER)
    numbers = issue.numbers.model_dump(mode="json", exclude=_OF_OBSERVATION)
    return {
        **shown,
        **numbers,
        "family": issue.family,
        "firing": issue.firing,
        "muted": issue.muted,
        "observations": len(issue.active),
        "band": issue.band,
        "priority": issue.priority,
        "explanation": explanation(issue.numbers.rank, issue.numbers.evidence, issue.shift),
        "url": issue_url(issue.id, settings),
    }


def event_view(stored: StoredEvent) -> dict[str, Any]:
    """An event as JSON."""
    return {"id": stored.id, **_dumped(stored.event)}


def _dumped(event: Event) -> dict[str, Any]:
    return event.model_dump(mode="json")


def issue_url(number: int, settings: ServiceSettings) -> str:
    """The address of an issue's page."""
    return f"{settings.public_url.rstrip('/')}/issues/{number}"
