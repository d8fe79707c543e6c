"""Messages of other programs: Alertmanager's webhook, and events in PagerDuty's shape."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from packager.tracker import intake
from packager.tracker.core.actions import Acknowledge, acted
from packager.tracker.core.finding import Finding
from packager.tracker.core.issue import State
from packager.tracker.intake import Receipt
from packager.tracker.service.context import ServiceContext
from packager.tracker.service.problems import RefusedError, body_of, malformed
from packager.tracker.sources.alertmanager import (
    MAX_ALERTS,
    Webhook,
    alert_of,
    finding_of,
)
from packager.tracker.sources.events import PagerEvent, event_finding, event_source
from packager.tracker.sources.http_queries import SourceAwayError
from packager.tracker.sources.reconcile import ServedVersions, end_one
from packager.tracker.store.tokens import TokenScope
from packager.tracker.store.writer import Writer

BEGINNINGS = frozenset({"new", "regressed"})


class IncomingMessages:
    """The handlers."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._tracker = context.tracker
        self._sources = context.sources

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            Route("/webhooks/alertmanager", self.alertmanager, methods=["POST"]),
            Route("/api/v1/events", self.event, methods=["POST"]),
        ]

    async def alertmanager(self, request: Request) -> Response:
        """``POST /webhooks/alertmanager``: a message of Alertmanager's webhook, version 4."""
        who = await self._context.auth.require(request, TokenScope.REPORT)
        body = await body_of(request)
        try:
            message = Webhook.model_validate_json(body)
        except ValidationError as error:
            raise malformed(error) from None
        left_out = message.truncated
        if len(message.alerts) > MAX_ALERTS:
            self._sources.reconcile_now.set()
            raise RefusedError(
                413, "too_large",
                f"alerts: expected at most {MAX_ALERTS}, got {len(message.alerts)}",
            )  # fmt: skip
        alerts = [alert_of(alert) for alert in message.alerts]
        findings = [finding_of(alert) for alert in alerts]
        accepted, lives = await self._judged(findings)
        now = self._tracker.clock()
        receipts = await self._context.write_as(who, take_message, accepted, lives, now)
        self._count("alertmanager", receipts)
        begun = {
            finding.key
            for finding, receipt in zip(accepted, receipts, strict=True)
            if receipt.result in BEGINNINGS
        }
        self._sources.waiting.add(
            [alert for alert in alerts if alert.fingerprint in begun], begins=True
        )
        if left_out or len(accepted) < len(findings):
            self._sources.reconcile_now.set()
        return JSONResponse({"findings": [_shown(one) for one in receipts]})

    async def _judged(
        self, findings: Sequence[Finding]
    ) -> tuple[list[Finding], ServedVersions | None]:
        """The findings to take now, and the versions that run.

        An alert also ends with the last replica of its version, which only Prometheus can tell
        apart. While it is away, ends of versions wait until Alertmanager's list is compared.
        """
        ends = [finding for finding in findings if not finding.firing and finding.version]
        if not ends:
            return list(findings), None
        try:
            return list(findings), await self._sources.lives()
        except SourceAwayError:
            if not self._sources.alertmanagers:
                return list(findings), None
            waiting = {id(one) for one in ends}
            return [finding for finding in findings if id(finding) not in waiting], None

    async def event(self, request: Request) -> Response:
        """``POST /api/v1/events``: an event; ``routing_key`` may be the token."""
        body = await body_of(request)
        try:
            event = PagerEvent.model_validate_json(body)
        except ValidationError as error:
            refused = malformed(error)
            self._sources.counters.rejected[refused.code] += 1
            return JSONResponse(
                {"status": "invalid event", "message": "Event object is invalid",
                 "errors": [refused.message]}, 400,
            )  # fmt: skip
        who = await self._context.auth.require(request, TokenScope.REPORT, event.routing_key)
        key = event.dedup_key or uuid.uuid4().hex
        now = self._tracker.clock()
        receipt = await self._context.write_as(who, take_event, event, key, who.name, now)
        self._count("events", [receipt])
        shown = {"status": "success", "message": "Event processed", "dedup_key": key}
        return JSONResponse(shown, 202)

    def _count(self, source: str, receipts: Iterable[Receipt]) -> None:
        self._sources.counters.deliveries.update((source, receipt.result) for receipt in receipts)


def take_message(
    store: Writer, findings: Iterable[Finding], lives: ServedVersions | None, now: float
) -> list[Receipt]:
    """Take the alerts of one message, each by its own status."""
    return [
        intake.receive_one(store, finding, now)
        if finding.firing
        else end_one(store, finding, lives, now)
        for finding in findings
    ]


def take_event(store: Writer, event: PagerEvent, key: str, sender: str, now: float) -> Receipt:
    """Take one event; ``sender``: the name of its token."""
    source = event_source(sender)
    issue = store.observed_as(source, key)
    if event.event_action == "trigger":
        finding = event_finding(event, key, sender, now)
        if issue is not None:  # its payload may be another one now; the key decides
            same = {"package": issue.package, "kind": issue.kind, "subject": issue.subject}
            finding = finding.model_copy(update=same)
        return intake.receive_one(store, finding, now)
    if issue is None:
        return Receipt(None, "unknown")
    if event.event_action == "acknowledge":
        if issue.state is not State.OPEN:
            return Receipt(issue, "same")
        return Receipt(store.store(issue, acted(issue, Acknowledge(), source, now)), "same")
    over = Finding(
        package=issue.package, kind=issue.kind, subject=issue.subject, firing=False,
        source=source, key=key, starts_at=now,
    )  # fmt: skip
    return intake.receive_one(store, over, now)


def _shown(receipt: Receipt) -> dict[str, Any]:
    issue = receipt.issue
    return {
        "id": None if issue is None else issue.id,
        "state": None if issue is None else issue.state.value,
        "result": receipt.result,
    }
