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
    assert done("comment", "3", "asked the vendor").startswith("#3 commented")
    assert "asked the vendor" in done("show", "3")
    assert as_json("list", "--owner", "anna")["issues"][0]["id"] == 3
    assert as_json("list", "--status", "ignored")["issues"][0]["id"] == 2


@pytest.mark.slow
def test_an_issue_is_added_by_hand_once():
    first = as_json("add", "stones", "the vendor changes units on Monday")
    assert (first["band"], first["source"], first["share"]) == (2, "person", 0.1)
    again = as_json("add", "stones", "the vendor changes units on Monday")
    assert (first["result"], again["result"], again["id"]) == ("new", "same", first["id"])
    words = ("add", "stones", "the vendor changes units on Monday")
    number = first["id"]
    assert done(*words).splitlines() == [
        f"#{number} open: {words[2]}",
        f"known already, and not changed: `package issues comment {number} TEXT`",
    ]
    done("resolve", str(number))
    assert done(*words) == f"#{number} was known, and is open again: {words[2]}\n"
    assert done("add", "stones", "another").endswith(" open: another\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("snooze", "1"), "expected --until, --until-doubled or --until-new-version, got none"),
        (("snooze", "1", "--until", "soon"), "'soon': expected a time such as"),
        (("snooze", "1", "--until", "2020-01-01T00:00:00Z"), "--until: expected a time to come"),
        (("ignore", "1", "--reason", "x", "--until", "2020-01-01T00:00:00Z"), "a time to come"),
        (("ignore", "1", "--reason", " "), "--reason: expected a text, got none"),
        (("move", "1", "up"), "--reason: expected a text, got none"),
        (("move", "1", "up", "--reason", ""), "--reason: expected a text, got none"),
        (("comment", "1", ""), "TEXT: expected a text, got none"),
        (("label", "1", ""), "NAME: expected a text, got none"),
        (("label", "1", "x" * 201), "label.label: expected at most 200 characters"),
        (("add", "", "t"), "PACKAGE: expected a text, got none"),
        (("add", "p", ""), "TITLE: expected a text, got none"),
        (("add", "p" * 201, "t"), "package: expected at most 200 characters"),
        (("resolve", "1", "--fixed-in", "x" * 501), "version: expected at most 500 characters"),
    ],
)
def test_wrong_usage_names_what_was_expected(words, message):
    error = refused(*words)
    assert message in error.message
    assert isinstance(error, UsageError)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("assign", "4", "anna"), "#4 assigned to anna: FeatureDrift: feature=f4"),
        (("assign", "4", ""), "#4 assigned to nobody: "),
        (("label", "4", "units"), "#4 labelled units: "),
        (("label", "4", "units", "--remove"), "#4 without the label units: "),
        (("move", "4", "down", "--reason", "known"), "#4 moved to P2: "),
        (("move", "4", "back"), "#4 back in P1: "),
        (("comment", "4", "asked"), "#4 commented: "),
        (("snooze", "4", "--until-doubled"), "#4 snoozed until its priority is 60: "),
        (("snooze", "4", "--until-new-version"), "#4 snoozed until a version newer than 1.0.0: "),
        (("snooze", "4", "--until", "2100-01-01T00:00:00Z"), "#4 snoozed until 2100-01-01T00:00:0"),
        (("ignore", "4", "--reason", "x"), "#4 ignored: "),
        (("resolve", "4", "--fixed-in", "2"), "#4 resolved, fixed in 2: "),
        (("reopen", "4"), "#4 open: "),
    ],
)
def test_each_command_says_what_it_did_and_to_whom(words, said):
    assert done(*words).startswith(said)


@pytest.mark.slow
def test_the_same_again_adds_nothing_to_the_history():
    for words in (("ack", "5"), ("label", "5", "units"), ("assign", "5", "bo")):
        done(*words)
        before = len(as_json("show", "5")["history"])
        assert done(*words)
        assert len(as_json("show", "5")["history"]) == before


def test_times_are_durations_or_moments():
    assert moment_text(None) is None
    assert moment_text("2026-12-01T09:00:00+01:00") == "2026-12-01T08:00:00Z"
    day = moment_text("1d")
    assert day is not None
    assert parse_moment(day) > 1e9
    with pytest.raises(UsageError, match="time zone"):
        moment_text("2026-12-01T09:00:00")
