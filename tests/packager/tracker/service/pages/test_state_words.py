from __future__ import annotations

import pytest
from tracker_pages import NOW, finding

from packager.tracker.core.actions import (
    Acknowledge,
    Action,
    Ignore,
    Resolve,
    SnoozeFor,
    acted,
)
from packager.tracker.core.clearing import cleared
from packager.tracker.core.states import opened
from packager.tracker.service.pages.state_words import state_words


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (Acknowledge(), "acknowledged for 60 min"),
        (Ignore(reason="noise"), "ignored: noise"),
        (Ignore(reason="noise", until=NOW + 60), "ignored until 2026-11-29 14:01 UTC: noise"),
        (
            SnoozeFor(until=NOW + 60, until_doubled=True),
            "snoozed until 2026-11-29 14:01 UTC or until its priority is 18.48",
        ),
        (SnoozeFor(until_new_version=True), "snoozed until a version newer than 1.0 has it"),
        (Resolve(), "resolved by ada 60 min ago; a source still observes it"),
    ],
)
def test_states_are_said(action: Action, said: str):
    issue = acted(opened(finding(), NOW).issue, action, "ada", NOW).issue
    assert state_words(issue, NOW + 3600) == said


def test_what_its_source_closed_names_nobody():
    issue = cleared(opened(finding(), NOW).issue, finding(firing=False), NOW).issue
    assert state_words(issue, NOW + 3600) == "resolved 60 min ago"
