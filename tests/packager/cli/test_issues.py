"""``package issues``: every command against a real service, its messages and its JSON."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import Result
from running_trackers import RunningTracker, finding, reported, running_tracker
from typer.testing import CliRunner

from packager.cli.commands import app
from packager.cli.issues_act import moment_text
from packager.errors import PackageError, UsageError
from packager.tracker.core.moments import parse_moment

pytestmark = pytest.mark.usefixtures("tracker")


@pytest.fixture(scope="module")
def tracker(tmp_path_factory) -> Iterator[RunningTracker]:
    with (
        running_tracker(tmp_path_factory.mktemp("issues")) as found,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setenv("MODEL_ISSUES_URL", found.url)
        patched.setenv("MODEL_ISSUES_TOKEN_FILE", str(found.token_file))
        with found.client() as client:
            client.send(reported(*(finding(f"feature=f{n}") for n in range(1, 10))))
            client.send(reported(finding("package", package="other", kind="Odd", share=0.001)))
        yield found


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["issues", *words], catch_exceptions=True)


def done(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.exception
    return result.stdout


def as_json(*words: str) -> Any:
    return json.loads(done(*words, "--json"))


def refused(*words: str) -> PackageError:
    error = run(*words).exception
    assert isinstance(error, PackageError)
    return error


def test_a_list_shows_the_most_urgent_first_and_says_that_there_is_more():
    lines = done("list").splitlines()
    assert lines[0].split() == ["#", "issue", "package", "version", "age"]
    assert lines[1].startswith("P1")
    assert lines[-1].startswith("P4")
    assert len(done("list", "--limit", "3").splitlines()) == 4
    assert as_json("list", "--limit", "3")["more"] is True
    assert as_json("list", "--model", "other")["issues"][0]["kind"] == "Odd"
    assert len(as_json("list", "--band", "1", "--kind", "FeatureDrift")["issues"]) >= 5
    assert done("list", "--search", "nothing-has-this-word") == "no issues\n"


def test_an_issue_is_shown_with_its_priority_and_history():
    shown = done("show", "#1")
    assert shown.startswith("#1 P1 FeatureDrift: feature=f1")
    assert "(ticket)" in shown
    assert "= 30: P1." in shown
    assert as_json("show", "1")["history"][-1]["what"] == "opened"


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


def test_an_issue_is_added_by_hand_once():
    first = as_json("add", "stones", "the vendor changes units on Monday")
    assert (first["band"], first["source"], first["share"]) == (2, "person", 0.1)
    again = as_json("add", "stones", "the vendor changes units on Monday")
    assert again["id"] == first["id"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "x"), "'x': expected the number of an issue"),
        (("show", "999"), "there is no issue 999"),
        (("snooze", "1"), "expected --until, --until-doubled or --until-new-version, got none"),
        (("snooze", "1", "--until", "soon"), "'soon': expected a time such as"),
        (("snooze", "1", "--until", "2020-01-01T00:00:00Z"), "expected a time to come"),
        (("move", "1", "up"), "expected --reason, got none"),
        (("list", "--status", "shut"), "states.0: Input should be 'open'"),
        (("import", "none.jsonl"), "none.jsonl: expected a file, but there is none"),
    ],
)
def test_errors_name_what_was_expected(words, message):
    assert message in refused(*words).message


def test_a_missing_token_and_a_service_that_is_away_are_said(tmp_path):
    error = refused("list", "--token-file", str(tmp_path / "none"))
    assert "expected a file with a token of the issue tracker" in error.message
    assert "MODEL_ISSUES_TOKEN_FILE" in (error.hint or "")
    error = refused("list", "--issues", "http://127.0.0.1:9")
    assert error.message.startswith("http://127.0.0.1:9: the issue tracker does not answer")


def test_tokens_are_files_that_others_cannot_read_and_end_when_revoked(tmp_path):
    file = tmp_path / "ci.token"
    assert done("tokens", "add", "ci", "--output", str(file)) == f"{file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "ci" in done("tokens", "list")
    assert file.read_text().strip() not in done("tokens", "list", "--json")
    error = refused("list", "--token-file", str(file))
    assert "expected a token of scope write, got report" in error.message
    assert "it exists already" in refused("tokens", "add", "ci2", "--output", str(file)).message
    done("tokens", "revoke", "ci")
    assert "expected a token or a login" in refused("list", "--token-file", str(file)).message
    assert [one["what"] for one in as_json("audit")["audit"]][:2] == [
        "token revoked", "token added",
    ]  # fmt: skip


def test_an_export_is_imported_without_doubles_and_a_backup_is_a_database(tracker, tmp_path):
    file = tmp_path / "issues.jsonl"
    done("export", "--output", str(file))
    assert as_json("import", str(file))["added"] == 0
    with running_tracker(tmp_path / "other") as other:
        words = ("--issues", other.url, "--token-file", str(other.token_file))
        assert json.loads(done("import", str(file), *words, "--json"))["added"] >= 10
        assert done("show", "1", *words).startswith("#1 P1 FeatureDrift: feature=f1")
    copy = tmp_path / "copy" / "issues.db"
    copy.parent.mkdir()
    done("backup", "--output", str(copy), "--state", str(tracker.token_file.parent))
    with running_tracker(copy.parent) as restored, restored.client() as client:
        assert client.issue(1)["subject"] == "feature=f1"


def test_times_are_durations_or_moments():
    assert moment_text(None) is None
    assert moment_text("2026-12-01T09:00:00+01:00") == "2026-12-01T08:00:00Z"
    day = moment_text("1d")
    assert day is not None
    assert parse_moment(day) > 1e9
    with pytest.raises(UsageError, match="time zone"):
        moment_text("2026-12-01T09:00:00")
