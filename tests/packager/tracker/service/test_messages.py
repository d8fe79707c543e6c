from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from running_trackers import finding, reported

from packager.tracker import intake
from packager.tracker.core.actions import AddComment
from packager.tracker.notify.channels import UndeliveredError
from packager.tracker.service.app import create_app
from packager.tracker.service.context import ServiceContext
from packager.tracker.service.messages import send_new_messages
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.service.tracker import Tracker
from packager.tracker.store.sqlite import SqliteStore


class Recorded:
    """A channel that keeps what it was told, or is away."""

    name = "recorded"
    band = 1

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.error: UndeliveredError | None = None

    def send(self, event, issue) -> None:
        if self.error is not None:
            raise self.error
        self.told.append((event["what"], issue["subject"]))


@pytest.fixture
def context(tmp_path: Path) -> ServiceContext:
    tracker = Tracker(SqliteStore(tmp_path / "issues.db"), clock=lambda: 5_000.0)
    context: ServiceContext = create_app(tracker, ServiceSettings()).state.context
    return context


def receive(context: ServiceContext, *findings) -> None:
    with context.tracker.store.write() as store:
        intake.receive(store, reported(*findings), 5_000.0)


def tell(context: ServiceContext, channel: Recorded) -> bool:
    return asyncio.run(send_new_messages(context, channel))


def test_urgent_events_are_told_in_order_and_once(context):
    channel = Recorded()
    receive(context, finding("feature=old", share=1.0))
    assert tell(context, channel)
    assert channel.told == []  # a new channel is not told the past
    receive(context, finding("feature=a", share=1.0), finding("feature=small", share=0.1))
    receive(context, finding("feature=a", firing=False))
    with context.tracker.store.write() as store:
        intake.act(store, 2, AddComment(text="hm"), "anna", 5_000.0)
    assert tell(context, channel)
    assert channel.told == [("opened", "feature=a"), ("resolved", "feature=a")]
    assert tell(context, channel)
    assert len(channel.told) == 2


def test_events_wait_for_a_receiver_that_is_away(context):
    channel = Recorded()
    tell(context, channel)
    receive(context, finding("feature=a", share=1.0), finding("feature=b", share=1.0))
    channel.error = UndeliveredError("HTTP 503", final=False)
    assert not tell(context, channel)
    channel.error = None
    assert tell(context, channel)
    assert [subject for _, subject in channel.told] == ["feature=a", "feature=b"]


def test_an_event_that_is_refused_for_good_does_not_stop_the_next(context):
    channel = Recorded()
    tell(context, channel)
    receive(context, finding("feature=a", share=1.0))
    channel.error = UndeliveredError("HTTP 400", final=True)
    assert tell(context, channel)
    channel.error = None
    receive(context, finding("feature=b", share=1.0))
    assert tell(context, channel)
    assert channel.told == [("opened", "feature=b")]
