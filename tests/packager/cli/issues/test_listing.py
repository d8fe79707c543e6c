"""``package issues list`` and ``show`` against a real service."""

from __future__ import annotations

import pytest
from issue_commands import as_json, done, refused, run

pytestmark = pytest.mark.usefixtures("tracker")


@pytest.mark.slow
def test_a_list_shows_the_most_urgent_first_and_says_that_there_is_more():
    lines = done("list", "--all").splitlines()
    assert lines[0].split() == ["priority", "#", "issue", "package", "version", "age"]
    assert lines[1].startswith("P1")
    assert lines[-1].startswith("P4")
    assert len(done("list", "--all", "--limit", "3").splitlines()) == 4
    assert as_json("list", "--all", "--limit", "3")["more"] is True
    assert as_json("list", "--model", "other")["issues"][0]["kind"] == "Odd"
    assert len(as_json("list", "--band", "1", "--kind", "FeatureDrift")["issues"]) >= 5
    assert done("list", "--search", "nothing-has-this-word") == "no issues\n"


@pytest.mark.slow
def test_issues_of_one_cause_are_one_line_unless_all_are_asked_for():
    result = run("list")
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    assert "9 inputs moved since" in lines[1]
    assert "; largest f1, 0.5" in lines[1]
    assert "issues of one cause are one line: --all lists each" in result.stderr
    assert [one["cause_size"] for one in as_json("list")["issues"]] == [9, 1]
    assert len(as_json("list", "--all")["issues"]) == 10
    assert len(as_json("list", "--kind", "FeatureDrift")["issues"]) == 9


def test_an_issue_is_shown_with_its_priority_and_history():
    shown = done("show", "#1")
    assert shown.startswith("#1 P1 FeatureDrift: feature=f1")
    assert "(ticket)" in shown
    assert "= 30: P1." in shown
    assert as_json("show", "1")["history"][-1]["what"] == "opened"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "x"), "'x': expected the number of an issue"),
        (("show", "999"), "there is no issue 999"),
        (
            ("list", "--status", "shut"),
            "--status: expected one of open, acknowledged, snoozed, ignored, resolved, all",
        ),
    ],
)
def test_errors_name_what_was_expected(words, message):
    assert message in refused(*words).message
