"""Alertmanager's alerts as findings: pure. Its webhook (v4) and its API (v2) name the same alerts.

The fingerprint of an alert has the version in it, so it is the key of an observation and never the
identity of an issue.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from packager.tracker.core.finding import LINK, PACKAGE_SUBJECT, Finding, Severity
from packager.tracker.core.moments import Moment, format_moment, parse_moment
from packager.tracker.core.texts import MAX_NAME, MAX_TEXT, storable

ALERTMANAGER = "alertmanager"
"""``Finding.source`` of alerts."""
MAX_ALERTS = 1_000
UNNAMED = "unnamed"
"""The package of an alert with neither ``model`` nor ``job``, the kind of one without a name."""
SUBJECT_LABELS = ("feature", "slice", "output", "measure", "kind", "member", "instance", "column")
"""The order of labels in a subject; others follow by name."""
NO_SUBJECT = frozenset({"alertname", "model", "version", "severity", "priority", "job"})
SEVERITIES: Mapping[str, Severity] = {
    "page": "page",
    "critical": "page",
    "ticket": "ticket",
    "error": "ticket",
    "warning": "ticket",
    "info": "info",
    "none": "info",
}
NOT_MEASURED = "Its share and certainty are not known, so each counts as 1."
OF_ITS_RULE = "Share and certainty are those that the alert's rule computes."
LINKS = {"runbook_url": "runbook", "dashboard": "dashboard"}


def _end_or_none(value: Any) -> float | None:
    """The end of an alert; of one that fires it is a time to come, or the year 1."""
    try:
        return parse_moment(value)
    except ValueError:
        return None


End = Annotated[float | None, BeforeValidator(_end_or_none)]


class _Received(BaseModel):
    """A record of Alertmanager: fields that we don't know are not read."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class WebhookAlert(_Received):
    """One alert of a message."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: Annotated[Moment, Field(alias="startsAt")]
    ends_at: Annotated[End, Field(alias="endsAt")] = None
    generator: Annotated[str, Field(alias="generatorURL")] = ""
    fingerprint: Annotated[str, Field(max_length=MAX_NAME)] = ""


class Webhook(_Received):
    """A message of Alertmanager's webhook, version 4.

    The status of the group (``status``) is not read: a group that fires has alerts that are over.
    """

    alerts: tuple[WebhookAlert, ...]
    truncated: Annotated[int, Field(alias="truncatedAlerts", ge=0)] = 0
    """Alerts that the message leaves out."""


class AlertStatus(_Received):
    """Whether people are notified of an alert, and what keeps them from it."""

    state: str = ""
    silenced_by: Annotated[tuple[str, ...], Field(alias="silencedBy")] = ()
    inhibited_by: Annotated[tuple[str, ...], Field(alias="inhibitedBy")] = ()


class HeldAlert(_Received):
    """An alert that fires, as the API lists it."""

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: Annotated[Moment, Field(alias="startsAt")]
    generator: Annotated[str, Field(alias="generatorURL")] = ""
    fingerprint: Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
    status: AlertStatus = AlertStatus()


class Silence(_Received):
    """A silence of the API."""

    id: str
    ends_at: Annotated[End, Field(alias="endsAt")] = None
    created_by: Annotated[str, Field(alias="createdBy")] = ""


class ReceivedAlert(NamedTuple):
    """An alert, however it came."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: float
    fingerprint: str
    generator: str = ""
    firing: bool = True
    ends_at: float | None = None
    muted: str = ""


def alert_of(received: WebhookAlert) -> ReceivedAlert:
    """An alert of a message."""
    firing = received.status == "firing"
    return ReceivedAlert(
        received.labels,
        received.annotations,
        received.starts_at,
        received.fingerprint or _digest(sorted(received.labels.items()))[:16],
        received.generator,
        firing,
        None if firing else received.ends_at,
    )


def alert_held(held: HeldAlert, silences: Mapping[str, Silence]) -> ReceivedAlert:
    """An alert of the API; ``silences``: by id."""
    return ReceivedAlert(
        held.labels,
        held.annotations,
        held.starts_at,
        held.fingerprint,
        held.generator,
        muted=muted_text(held.status, silences),
    )


def muted_text(status: AlertStatus, silences: Mapping[str, Silence]) -> str:
    """Why nobody is notified of an alert, and until when; empty if somebody is."""
    if status.silenced_by:
        known = [silences[one] for one in status.silenced_by if one in silences]
        last = max(known, key=lambda one: one.ends_at or 0.0, default=None)
        if last is None or last.ends_at is None:
            return "silenced in Alertmanager"
        by = f" by {last.created_by}" if last.created_by else ""
        return f"silenced in Alertmanager until {format_moment(last.ends_at)}{by}"
    return "inhibited in Alertmanager by another alert" if status.inhibited_by else ""


def finding_of(alert: ReceivedAlert) -> Finding:
    """The finding of an alert. No label and no annotation makes it fail."""
    labels, notes = alert.labels, alert.annotations
    numbers = _numbers(notes)
    status = "firing" if alert.firing else "resolved"
    return Finding.model_validate(
        {
            "package": package_of(labels),
            "version": labels.get("version", ""),
            "kind": bounded_name(labels.get("alertname", "")),
            "subject": subject_of(labels),
            "firing": alert.firing,
            "severity": severity_of(labels),
            "evidence": notes.get("evidence") or (OF_ITS_RULE if numbers else NOT_MEASURED),
            "muted": alert.muted,
            "title": notes.get("title", ""),
            "summary": _summary(notes),
            "action": notes.get("action", ""),
            "source": ALERTMANAGER,
            "key": alert.fingerprint,
            "delivery": _digest([alert.fingerprint, alert.starts_at, status]),
            "starts_at": alert.starts_at,
            "ends_at": alert.ends_at,
            "links": _links(alert),
            **numbers,
        }
    )


def package_of(labels: Mapping[str, str]) -> str:
    """The package that an alert is about: its label ``model``, else ``job``."""
    return bounded_name(labels.get("model") or labels.get("job") or "")


def severity_of(labels: Mapping[str, str]) -> Severity:
    """The severity of an alert; a ticket if its label says nothing that is known."""
    return SEVERITIES.get(labels.get("severity", "").lower(), "ticket")


def subject_of(labels: Mapping[str, str]) -> str:
    """``feature=carat``, or several labels in a stable order; ``package`` if there are none."""
    known = [name for name in SUBJECT_LABELS if labels.get(name)]
    others = sorted(name for name in labels if labels[name] and name not in known)
    parts = [
        f"{name}={_value(labels[name])}" for name in (*known, *others) if name not in NO_SUBJECT
    ]
    return bounded_name(", ".join(parts)) if parts else PACKAGE_SUBJECT


def bounded_name(text: str) -> str:
    """A name of at most ``MAX_NAME`` characters, of which different texts have different ones."""
    clean = str(storable(text))
    if len(clean) <= MAX_NAME:
        return clean or UNNAMED
    mark = f"… {_digest(clean)[:16]}"
    return clean[: MAX_NAME - len(mark)] + mark


def _value(text: str) -> str:
    """A label's value, quoted where it could be read as several labels."""
    return json.dumps(text, ensure_ascii=False) if set(text) & set(',"') else text


def _summary(notes: Mapping[str, str]) -> str:
    texts = (notes.get(name, "").strip() for name in ("summary", "description", "message"))
    return "\n".join(dict.fromkeys(text for text in texts if text))


def _links(alert: ReceivedAlert) -> dict[str, str]:
    links = {name: alert.annotations.get(note, "") for note, name in LINKS.items()}
    links["prometheus"] = alert.generator
    return {
        name: url
        for name, url in links.items()
        if LINK.fullmatch(url) and len(url) <= MAX_TEXT and str(storable(url)) == url
    }


def _numbers(notes: Mapping[str, str]) -> dict[str, float]:
    """Share and certainty, where the rule computes them."""
    if "share" not in notes:
        return {}
    numbers = {name: _part(notes[name]) for name in ("share", "certainty") if name in notes}
    known = {name: value for name, value in numbers.items() if value is not None}
    return known if "share" in known else {}


def _part(text: str) -> float | None:
    """A number from 0 to 1; None for anything else."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= 1 else None


def _digest(value: str | Iterable[object]) -> str:
    text = value if isinstance(value, str) else "|".join(map(str, value))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
