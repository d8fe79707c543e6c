"""Functions of webhooks and background tasks about Alertmanager and Prometheus."""

from __future__ import annotations

import asyncio

from packager.tracker.service.counters import ServiceCounters, WaitingAlerts
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.sources.alertmanager_api import addresses_of
from packager.tracker.sources.http_queries import SourceAwayError
from packager.tracker.sources.prometheus import PrometheusClient
from packager.tracker.sources.reconcile import ServedVersions


class ServiceSources:
    """Of one service."""

    def __init__(self, settings: ServiceSettings, now: float) -> None:
        self.alertmanagers = addresses_of(settings.alertmanager)
        self.prometheus: PrometheusClient | None = None
        if settings.prometheus:
            self.prometheus = PrometheusClient(settings.prometheus, settings.time_scale)
        self.counters = ServiceCounters(now)
        self.waiting = WaitingAlerts()
        self.reconcile_now = asyncio.Event()

    async def lives(self) -> ServedVersions | None:
        """The versions that run; None without Prometheus. Raises ``SourceAwayError``."""
        if self.prometheus is None:
            return None
        try:
            return await asyncio.to_thread(self.prometheus.lives)
        except SourceAwayError:
            self.counters.failures["prometheus"] += 1
            raise
