"""What the service does without a request: the end of snoozes and of flapping, old deliveries."""

from __future__ import annotations

import asyncio
import logging

from packager.tracker import intake
from packager.tracker.core.moments import DAY
from packager.tracker.service.context import ServiceContext
from packager.tracker.store.writer import Writer

UPKEEP_SECONDS = 10.0
MAX_DELIVERY_AGE = 30 * DAY
"""How long the ids of messages are remembered; no sender repeats a message for longer."""
_LOG = logging.getLogger(__name__)


async def keep_up(context: ServiceContext) -> None:
    """Run until it is cancelled; an error of the store is logged, and tried again."""
    while True:
        try:
            await context.tracker.write(keep_up_once, context.tracker.clock())
        except Exception:  # the service goes on, and /readyz shows whether the store answers
            _LOG.exception("upkeep failed")
        await asyncio.sleep(UPKEEP_SECONDS)


def keep_up_once(store: Writer, now: float) -> None:
    """One round, in one transaction."""
    intake.pass_time(store, now)
    store.forget_deliveries(now - MAX_DELIVERY_AGE)
