"""Whether Alertmanager and Prometheus answer, and since when they don't: for pages and metrics."""

from __future__ import annotations

from typing import Literal, NamedTuple

from packager.tracker.core.texts import MAX_TEXT, storable
from packager.tracker.store.reader import StoreReader
from packager.tracker.store.writer import Writer

Source = Literal["alertmanager", "prometheus"]
_PREFIX = {"alertmanager": "reconcile", "prometheus": "prometheus"}
_DONE = {"alertmanager": "reconciled_at", "prometheus": "prometheus_asked_at"}


class SourceHealth(NamedTuple):
    """Of one source; times are seconds since the epoch."""

    done_at: float | None
    """When it last answered all that it was asked."""
    failed_since: float | None
    """When it first failed after that; None while it answers."""
    error: str
    """Error of its last failure."""


def health_of(store: StoreReader, source: Source) -> SourceHealth:
    """The health of a source."""
    prefix = _PREFIX[source]
    return SourceHealth(
        _time(store.setting(_DONE[source])),
        _time(store.setting(f"{prefix}_failed_since")),
        store.setting(f"{prefix}_error") or "",
    )


def outages(store: StoreReader) -> list[tuple[str, float]]:
    """The sources that don't answer, and since when."""
    known: tuple[tuple[str, Source], ...] = (
        ("Alertmanager", "alertmanager"),
        ("Prometheus", "prometheus"),
    )
    states = [(title, health_of(store, source).failed_since) for title, source in known]
    return [(title, since) for title, since in states if since is not None]


def note_success(store: Writer, source: Source, now: float) -> None:
    """The source answered."""
    store.keep_setting(_DONE[source], repr(now))
    forget_failure(store, source)


def forget_failure(store: Writer, source: Source) -> None:
    """The source answers, or isn't asked any more."""
    prefix = _PREFIX[source]
    if store.setting(f"{prefix}_failed_since"):
        store.keep_setting(f"{prefix}_failed_since", "")
        store.keep_setting(f"{prefix}_error", "")


def note_failure(store: Writer, source: Source, now: float, error: str) -> None:
    """The source didn't answer."""
    prefix = _PREFIX[source]
    if not store.setting(f"{prefix}_failed_since"):
        store.keep_setting(f"{prefix}_failed_since", repr(now))
    store.keep_setting(f"{prefix}_error", str(storable(error))[:MAX_TEXT])


def _time(text: str | None) -> float | None:
    return float(text) if text else None
