"""Periodic tasks: the end of snoozes and flapping, and the removal of old records."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from types import MappingProxyType

from packager.tracker import intake
from packager.tracker.core.moments import DAY
from packager.tracker.service.context import ServiceContext
from packager.tracker.store.event_retention import thin_events
from packager.tracker.store.quota import forget_quotas
from packager.tracker.store.sessions import forget_sessions
from packager.tracker.store.tokens import touch
from packager.tracker.store.writer import Writer

UPKEEP_SECONDS = 10.0
MAX_DELIVERY_AGE = 30 * DAY
"""Time for which the ids of messages are remembered; no sender repeats a message for longer."""
NOTHING: Mapping[str, float] = MappingProxyType({})
_LOG = logging.getLogger(__name__)


async def maintain_periodically(context: ServiceContext) -> None:
    """Run until it is cancelled; an error of the store is logged, and tried again."""
    while True:
        try:
            used = context.auth.take_used()
            await context.tracker.write(maintain, context.tracker.clock(), used)
            await asyncio.to_thread(context.tracker.store.upkeep)
        except Exception:  # the service goes on, and /readyz shows whether the store answers
            _LOG.exception("upkeep failed")
        await asyncio.sleep(UPKEEP_SECONDS)


def maintain(store: Writer, now: float, used: Mapping[str, float] = NOTHING) -> None:
    """One round, in one transaction; ``used``: hash of a token → when it was last used."""
    intake.pass_time(store, now)
    thin_events(store, now)
    for hashed, at in used.items():
        touch(store, hashed, at)
    store.forget_deliveries(now - MAX_DELIVERY_AGE)
    forget_sessions(store, now)
    forget_quotas(store, now)
