"""Numbers of this process for ``/metrics``, and what waits to be asked of Prometheus."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from packager.tracker.core.moments import MINUTE
from packager.tracker.sources.alertmanager import ReceivedAlert

MAX_WAITING = 5_000
PLOT_SECONDS = 15 * MINUTE
"""Seconds for which a plot is used again."""


@dataclass
class ServiceCounters:
    """Counts since the process started."""

    started_at: float
    deliveries: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(source, result) → findings that came; a restart begins at 0, as counters may."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Code of the error → requests that were refused."""
    failures: Counter[str] = field(default_factory=Counter)
    """``alertmanager`` or ``prometheus`` → times that it didn't answer."""


class WaitingAlerts:
    """Alerts that Prometheus is to be asked about, once each; the newest of a key counts."""

    def __init__(self) -> None:
        self._alerts: dict[str, tuple[ReceivedAlert, bool]] = {}
        self._plotted: dict[str, float] = {}
        self._some = asyncio.Event()

    def add(self, alerts: Iterable[ReceivedAlert], *, begins: bool) -> None:
        """Add alerts; ``begins``: of a new episode, which is asked first and gets a plot."""
        for alert in alerts:
            known = self._alerts.pop(alert.fingerprint, None)
            self._alerts[alert.fingerprint] = (alert, begins or (known is not None and known[1]))
        while len(self._alerts) > MAX_WAITING:
            del self._alerts[next(iter(self._alerts))]
        if self._alerts:
            self._some.set()

    def take(self, most: int) -> list[tuple[ReceivedAlert, bool]]:
        """At most ``most`` alerts, those that begin first."""
        ordered = sorted(self._alerts.values(), key=lambda one: not one[1])[:most]
        for alert, _ in ordered:
            del self._alerts[alert.fingerprint]
        if not self._alerts:
            self._some.clear()
        return ordered

    def is_plot_due(self, alert: ReceivedAlert, now: float) -> bool:
        """Whether an alert's plot is old; then it counts as drawn now."""
        last = self._plotted.get(alert.fingerprint)
        if last is not None and now - last < PLOT_SECONDS:
            return False
        if len(self._plotted) >= MAX_WAITING:
            self._plotted.clear()
        self._plotted[alert.fingerprint] = now
        return True

    async def wait(self) -> None:
        """Until there is one."""
        await self._some.wait()
