"""Compares the issues with Alertmanager each minute, and asks Prometheus about alerts."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from packager.tracker.service.context import ServiceContext
from packager.tracker.sources.alertmanager import ALERTMANAGER
from packager.tracker.sources.alertmanager_api import AlertmanagerSnapshot, look
from packager.tracker.sources.enrichment import Enrichment, enrichment_of, take_enrichment
from packager.tracker.sources.http_queries import SourceAwayError
from packager.tracker.sources.reconcile import (
    OpenAlert,
    batches,
    decide_unobserved,
    end_missing,
    known_alerts,
    missing,
    take_held,
)
from packager.tracker.sources.source_health import (
    Source,
    forget_failure,
    note_failure,
    note_success,
)
from packager.tracker.store.database import StoreError

MAX_ASKED = 50
"""Alerts that one round asks Prometheus about."""
MIN_PAUSE = 0.5
"""Between two comparisons, whoever asks for them."""
ROUND_SECONDS = 1.0
"""Pause between two rounds of questions."""
RETRY_SECONDS = 30.0
_LOG = logging.getLogger(__name__)


async def reconcile_periodically(context: ServiceContext) -> None:
    """Compare until it is cancelled, each ``reconcile_seconds`` and when a message asks for it."""
    sources = context.sources
    if not sources.alertmanagers:
        await context.tracker.write(forget_failure, "alertmanager")
        return
    while True:
        sources.reconcile_now.clear()
        try:
            await reconcile(context)
        except SourceAwayError as error:
            await _note_failure(context, "alertmanager", str(error))
        except Exception as error:  # the service goes on, and a banner says that this failed
            _LOG.exception("comparing with Alertmanager failed")
            await _note_failure(context, "alertmanager", f"error: {type(error).__name__}")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(context.settings.reconcile_seconds):
                await sources.reconcile_now.wait()
        await asyncio.sleep(MIN_PAUSE)


async def reconcile(context: ServiceContext) -> None:
    """Make the issues agree with Alertmanager; ``SourceAwayError`` leaves all as it was."""
    settings, tracker, sources = context.settings, context.tracker, context.sources
    known = await _known(context)
    last = await _look(context)
    gone = missing(known, [last], settings.settle_seconds)
    if gone:
        await asyncio.sleep(settings.look_seconds)
        known = await _known(context)
        first, last = last, await _look(context)
        gone = missing([one for one in known if one in gone], [first, last],
                       settings.settle_seconds)  # fmt: skip
    before = {one.key for one in known}
    for batch in await asyncio.to_thread(batches, last.alerts):
        receipts = await tracker.write(take_held, batch, before, tracker.clock())
        sources.counters.deliveries.update(("reconcile", receipt.result) for receipt in receipts)
    if await _end(context, gone):
        await _decide(context)
    await tracker.write(note_success, "alertmanager", tracker.clock())
    begun = [alert for alert in last.alerts.values() if alert.fingerprint not in before]
    again = [alert for alert in last.alerts.values() if alert.fingerprint in before]
    sources.waiting.add(begun, begins=True)
    sources.waiting.add(again, begins=False)


async def _known(context: ServiceContext) -> list[OpenAlert]:
    return await context.tracker.read(lambda store: known_alerts(store.firing(ALERTMANAGER)))


async def _look(context: ServiceContext) -> AlertmanagerSnapshot:
    receiver = context.settings.alertmanager_receiver
    return await asyncio.to_thread(look, context.sources.alertmanagers, receiver)


async def _end(context: ServiceContext, gone: list[OpenAlert]) -> bool:
    """End what is missing; False, and nothing is over, while Prometheus is away.

    Alerts also end because Prometheus is away, and because the last replica of a version is gone.
    """
    if not gone:
        return True
    try:
        lives = await context.sources.lives()
    except SourceAwayError as error:
        await _note_failure(context, "prometheus", str(error), counted=True)
        return False
    tracker = context.tracker
    await tracker.write(end_missing, gone, lives, tracker.clock())
    return True


async def _decide(context: ServiceContext) -> None:
    """Resolve issues of ended versions that a newer version's first hour doesn't have."""
    prometheus, tracker = context.sources.prometheus, context.tracker
    if prometheus is None or not await tracker.read(lambda store: store.unobserved()):
        return
    try:
        complete = await asyncio.to_thread(prometheus.complete)
    except SourceAwayError as error:
        await _note_failure(context, "prometheus", str(error))
        return
    await tracker.write(decide_unobserved, complete, tracker.clock())


async def enrich_periodically(context: ServiceContext) -> None:
    """Ask Prometheus about new alerts, and again about those that go on, until it is cancelled."""
    sources = context.sources
    if sources.prometheus is None:
        await context.tracker.write(forget_failure, "prometheus")
        return
    while True:
        await sources.waiting.wait()
        pause = ROUND_SECONDS
        try:
            await enrich(context)
        except SourceAwayError as error:
            await _note_failure(context, "prometheus", str(error))
            pause = RETRY_SECONDS
        except Exception:  # the service goes on; the last answers stay
            _LOG.exception("asking Prometheus failed")
        await asyncio.sleep(pause)


async def enrich(context: ServiceContext) -> None:
    """One round of questions; raises ``SourceAwayError``, and alerts not asked about wait on."""
    sources, tracker = context.sources, context.tracker
    client = sources.prometheus
    if client is None:
        return
    waiting = sources.waiting.take(MAX_ASKED)
    for index, (alert, begins) in enumerate(waiting):
        try:
            enrichment: Enrichment | None = await asyncio.to_thread(
                enrichment_of, client, context.settings.queries, alert, tracker.clock(),
                with_plot=begins or sources.waiting.is_plot_due(alert, tracker.clock()),
            )  # fmt: skip
        except SourceAwayError:
            for left, new in waiting[index:]:
                sources.waiting.add([left], begins=new)
            raise
        if enrichment is not None:
            await tracker.write(take_enrichment, enrichment, tracker.clock())
    await tracker.write(note_success, "prometheus", tracker.clock())


async def _note_failure(
    context: ServiceContext, source: Source, text: str, *, counted: bool = False
) -> None:
    if not counted:
        context.sources.counters.failures[source] += 1
    _LOG.warning("%s", text)
    try:
        await context.tracker.write(note_failure, source, context.tracker.clock(), text)
    except StoreError:  # the task goes on; /readyz shows the store
        _LOG.exception("noting that failed")
