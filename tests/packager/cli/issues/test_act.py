"""Commands that change issues, against a real service."""

from __future__ import annotations

import pytest
from issue_commands import as_json, done, refused

from packager.cli.issues.act import moment_text
from packager.errors import UsageError
from packager.tracker.core.moments import parse_moment

pytestmark = pytest.mark.usefixtures("tracker")


@pytest.mark.slow
def test_people_act_on_issues():
    assert done("ack", "2") == "#2 acknowledged: FeatureDrift: feature=f2\n"
    assert (
        as_json("resolve", "2", "--fixed-in", "2.0.0", "--reason", "units")["state"] == "resolved"
    )
    assert done("reopen", "2").startswith("#2 open")
    assert done("snooze", "2", "--until", "3d").startswith("#2 snoozed")
    assert as_json("snooze", "2", "--until-doubled")["snooze"]["priority"] == 60
    assert done("ignore", "2", "--reason", "a test").startswith("#2 ignored")
    assert as_json("assign", "3", "anna")["owner"] == "anna"
    assert as_json("label", "3", "units")["labels"] == ["units"]
    assert as_json("label", "3", "units", "--remove")["labels"] == []
    assert as_json("move", "3", "down", "--reason", "known")["band"] == 2
    assert as_json("move", "3", "back")["band"] == 1
    assert done("comment", "3", "asked the vendor").startswith("#3 open")
    assert "asked the vendor" in done("show", "3")
    assert as_json("list", "--owner", "anna")["issues"][0]["id"] == 3
    assert as_json("list", "--status", "ignored")["issues"][0]["id"] == 2


@pytest.mark.slow
def test_an_issue_is_added_by_hand_once():
    first = as_json("add", "stones", "the vendor changes units on Monday")
    assert (first["band"], first["source"], first["share"]) == (2, "person", 0.1)
    again = as_json("add", "stones", "the vendor changes units on Monday")
    assert again["id"] == first["id"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("snooze", "1"), "expected --until, --until-doubled or --until-new-version, got none"),
        (("snooze", "1", "--until", "soon"), "'soon': expected a time such as"),
        (("snooze", "1", "--until", "2020-01-01T00:00:00Z"), "expected a time to come"),
        (("move", "1", "up"), "expected --reason, got none"),
    ],
)
def test_errors_name_what_was_expected(words, message):
    assert message in refused(*words).message


def test_times_are_durations_or_moments():
    assert moment_text(None) is None
    assert moment_text("2026-12-01T09:00:00+01:00") == "2026-12-01T08:00:00Z"
    day = moment_text("1d")
    assert day is not None
    assert parse_moment(day) > 1e9
    with pytest.raises(UsageError, match="time zone"):
        moment_text("2026-12-01T09:00:00")
