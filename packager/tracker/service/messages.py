"""Tells channels about urgent issues, in the order of events; each event at least once."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from packager.tracker.notify.channels import Channel, UndeliveredError
from packager.tracker.service.context import ServiceContext
from packager.tracker.service.views import event_view, issue_view
from packager.tracker.store.outbox import keep_position, last_event, position, untold
from packager.tracker.store.reader import StoredEvent

POLL_SECONDS = 2.0
MAX_RETRY_SECONDS = 300.0
_LOG = logging.getLogger(__name__)


async def send_messages(context: ServiceContext) -> None:
    """Run until it is cancelled: one task for each channel, so that one can't stop another."""
    await asyncio.gather(*(_send_channel(context, channel) for channel in context.channels))


async def _send_channel(context: ServiceContext, channel: Channel) -> None:
    wait = POLL_SECONDS
    while True:
        try:
            arrived = await send_new_messages(context, channel)
            wait = POLL_SECONDS if arrived else min(wait * 2, MAX_RETRY_SECONDS)
        except Exception:  # the service goes on; the events wait
            _LOG.exception("%s: messages could not be sent", channel.name)
        await asyncio.sleep(wait)


async def send_new_messages(context: ServiceContext, channel: Channel) -> bool:
    """Tell what is new; False if the receiver is away. A new channel is not told the past."""
    tracker = context.tracker
    position_read = await tracker.read(position, channel.name)
    if position_read is None:
        position_read = await tracker.read(last_event)
        await tracker.write(keep_position, channel.name, position_read)
    for number, event, issue in await tracker.read(untold, position_read):
        if issue.band <= channel.band:
            view = event_view(StoredEvent(number, event))
            shown = issue_view(issue, context.settings)
            if not await _delivered(channel, view, shown):
                return False
        await tracker.write(keep_position, channel.name, number)
    return True


async def _delivered(channel: Channel, event: dict[str, Any], issue: dict[str, Any]) -> bool:
    try:
        await asyncio.to_thread(channel.send, event, issue)
    except UndeliveredError as error:
        _LOG.warning("%s: event %s did not arrive: %s", channel.name, event["id"], error)
        return error.final
    except Exception:  # it would fail again, and must not stop the events behind it
        _LOG.exception("%s: event %s could not be told", channel.name, event["id"])
    return True
