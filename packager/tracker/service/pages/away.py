"""Whether the service knows what goes on: since when Alertmanager is out of reach."""

from __future__ import annotations

from packager.tracker.core.moments import parse_moment
from packager.tracker.store.reader import Reader

FAILED_SINCE = "reconcile_failed_since"
RECONCILED_AT = "reconciled_at"


def away_since(store: Reader) -> float | None:
    """Since when Alertmanager could not be asked; None if it answers or there is none."""
    found = store.setting(FAILED_SINCE)
    return _moment(found) if found else None


def reconciled_at(store: Reader) -> float | None:
    """When the list was last compared with Alertmanager; None if it never was."""
    found = store.setting(RECONCILED_AT)
    return _moment(found) if found else None


def _moment(text: str) -> float:
    """A setting holds seconds or ISO 8601."""
    try:
        return parse_moment(float(text))
    except ValueError:
        return parse_moment(text)
