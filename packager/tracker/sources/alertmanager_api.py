"""The current alerts of all Alertmanagers of a cluster."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from packager.tracker.core.moments import Moment
from packager.tracker.core.refusals import refusal_of
from packager.tracker.sources.alertmanager import HeldAlert, ReceivedAlert, Silence, alert_held
from packager.tracker.sources.http_queries import SourceAwayError, get_json, shown_address

EVERY_ALERT = {"active": "true", "silenced": "true", "inhibited": "true", "unprocessed": "true"}
Result = TypeVar("Result")
_HELD: TypeAdapter[list[HeldAlert]] = TypeAdapter(list[HeldAlert])
_SILENCES: TypeAdapter[list[Silence]] = TypeAdapter(list[Silence])


class _Status(BaseModel):
    model_config = ConfigDict(extra="ignore")

    uptime: Moment
    """When it started, in spite of its name."""


class AlertmanagerSnapshot(NamedTuple):
    """Alertmanager's alerts at a time."""

    at: float
    """When the look began."""
    alerts: Mapping[str, ReceivedAlert]
    """By fingerprint, of all replicas."""
    started_at: float
    """When the replica that started last did so."""

    def is_settled(self, seconds: float) -> bool:
        """Whether every replica has run for so long that Prometheus has sent all alerts again."""
        return self.at - self.started_at >= seconds


def addresses_of(setting: str) -> tuple[str, ...]:
    """The addresses of a setting with commas between them."""
    return tuple(one.strip().rstrip("/") for one in setting.split(",") if one.strip())


def look(addresses: Sequence[str], receiver: str = "") -> AlertmanagerSnapshot:
    """Ask every replica; raises ``SourceAwayError`` unless all of them answer.

    ``receiver``: a regular expression; only alerts that are routed to such a receiver.
    """
    now = time.time()
    parameters = {**EVERY_ALERT, **({"receiver": receiver} if receiver else {})}
    alerts: dict[str, ReceivedAlert] = {}
    started_at = 0.0
    for address in addresses:
        # The status first: a replica that starts in between has no alerts that count as gone.
        started_at = max(started_at, _started_at(address))
        for alert in _held(address, parameters):
            known = alerts.get(alert.fingerprint)
            alerts[alert.fingerprint] = alert if known is None else _merged(known, alert)
    return AlertmanagerSnapshot(now, alerts, started_at)


def _held(address: str, parameters: Mapping[str, str]) -> list[ReceivedAlert]:
    held = _read(_HELD, f"{address}/api/v2/alerts", parameters)
    silences: dict[str, Silence] = {}
    if any(one.status.silenced_by for one in held):
        listed = _read(_SILENCES, f"{address}/api/v2/silences", {})
        silences = {one.id: one for one in listed}
    return [alert_held(one, silences) for one in held]


def _started_at(address: str) -> float:
    url = f"{address}/api/v2/status"
    try:
        return _Status.model_validate(get_json(url, {})).uptime
    except ValidationError as error:
        raise _unexpected(url, error) from error


def _read(
    adapter: TypeAdapter[list[Result]], url: str, parameters: Mapping[str, str]
) -> list[Result]:
    try:
        return adapter.validate_python(get_json(url, parameters))
    except ValidationError as error:
        raise _unexpected(url, error) from error


def _unexpected(url: str, error: ValidationError) -> SourceAwayError:
    return SourceAwayError(
        f"{shown_address(url)}: expected an answer of Alertmanager's API, version 2: "
        f"{refusal_of(error, 'the answer')}"
    )


def _merged(one: ReceivedAlert, other: ReceivedAlert) -> ReceivedAlert:
    """An alert that two replicas hold; it is muted if it is in both."""
    return one._replace(
        starts_at=min(one.starts_at, other.starts_at),
        muted=one.muted if other.muted else "",
    )
