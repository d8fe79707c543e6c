from __future__ import annotations

import re
from typing import Any

import pytest
from running_trackers import finding

from packager.report.issues import age, issue_text, list_text
from packager.tracker.core.finding import Finding
from packager.tracker.core.issue import Event
from packager.tracker.core.moments import format_moment
from packager.tracker.core.states import opened
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.service.views import event_view, issue_view
from packager.tracker.store.reader import StoredEvent

NOW = 1_796_000_000.0


def shown(found: Finding, **changes: Any) -> dict[str, Any]:
    """An issue as the API has it."""
    issue = opened(found, NOW).issue.model_copy(update={"id": 7, **changes})
    return issue_view(issue, ServiceSettings(public_url="http://issues.test"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3_599, "59 min"),
        (3_600, "1 h"), (86_399, "23 h"), (86_400, "1 d"), (90 * 86_400, "90 d"),
    ],
)  # fmt: skip
def test_an_age_has_its_largest_whole_unit(seconds: float, text: str) -> None:
    assert age(format_moment(NOW - seconds), NOW) == text


def test_an_empty_list_says_so() -> None:
    assert list_text([], NOW, None, named=False) == "no issues"


def test_columns_without_a_value_are_left_out() -> None:
    found = shown(finding("feature=carat"))
    [heads, line] = list_text([found], NOW + 7_200, None, named=False).splitlines()
    assert heads.split() == ["priority", "#", "issue", "package", "version", "age"]
    assert re.split(r"\s{2,}", line.strip()) == [
        "P1", "30.00", "#7", "FeatureDrift: feature=carat", "diamonds", "1.0.0", "2 h",
    ]  # fmt: skip
    named = list_text([{**found, "owner": "anna"}], NOW, None, named=True).splitlines()
    assert named[0].split() == [
        "priority",
        "#",
        "issue",
        "package",
        "version",
        "state",
        "owner",
        "age",
    ]
    assert "open" in named[1]
    assert "anna" in named[1]
    flapping = list_text([{**found, "flapping": True}], NOW, None, named=True)
    assert "open, flapping" in flapping


def test_an_issue_has_its_facts_and_its_history() -> None:
    found = shown(finding("feature=carat", summary="it moved", action="look at it"))
    found |= {"version_last": "1.1.0", "labels": ["units", "vendor"], "links": {"plot": "u"}}
    events = [event_view(StoredEvent(3, Event(at=NOW - 60, who="ana", what="comment", text="hm")))]
    text = issue_text(found, events, NOW, None)
    assert text.startswith("#7 P1 FeatureDrift: feature=carat\n")
    for fact in (
        r"state\s+open, for 0 s", r"package\s+diamonds 1\.0\.0 to 1\.1\.0",
        r"labels\s+units, vendor", r"what\s+it moved", r"to do\s+look at it", r"plot\s+u",
        r"page\s+http://issues\.test/issues/7", r"1 min ago\s+ana\s+comment\s+hm",
    ):  # fmt: skip
        assert re.search(fact, text), fact
    assert "owner" not in text
    assert "moved  " not in text
