from __future__ import annotations

import json

import pytest
from issue_samples import NOW, finding

from packager.tracker.core.issue import Event
from packager.tracker.core.states import opened
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.service.views import event_view, issue_url, issue_view
from packager.tracker.store.reader import StoredEvent


def test_an_issue_has_its_numbers_and_where_they_come_from() -> None:
    issue = opened(finding(share=0.5, certainty=1.0, evidence="9 of 18"), NOW).issue
    shown = issue_view(issue.model_copy(update={"id": 7}), ServiceSettings())
    assert (shown["id"], shown["share"], shown["certainty"]) == (7, 0.5, 1.0)
    assert (shown["band"], shown["family"], shown["observations"]) == (1, "inputs", 1)
    assert shown["source"] == "alertmanager"
    assert "9 of 18" in shown["explanation"]
    assert shown["opened_at"].endswith("Z")
    assert shown["url"] == "http://127.0.0.1:3080/issues/7"
    assert json.loads(json.dumps(shown)) == shown


def test_what_only_the_state_machine_needs_is_not_shown() -> None:
    shown = issue_view(opened(finding(), NOW).issue, ServiceSettings())
    assert {"active", "ended", "bounces", "numbers"} & shown.keys() == set()


@pytest.mark.parametrize("public", ["https://issues.test/team", "https://issues.test/team/"])
def test_the_address_of_an_issue_begins_as_people_open_it(public: str) -> None:
    settings = ServiceSettings(public_url=public)
    assert issue_url(3, settings) == "https://issues.test/team/issues/3"


def test_an_event_has_its_number() -> None:
    shown = event_view(StoredEvent(12, Event(at=NOW, who="ana", what="comment", text="hm")))
    assert (shown["id"], shown["who"], shown["what"], shown["text"]) == (12, "ana", "comment", "hm")
    assert shown["at"].endswith("Z")
