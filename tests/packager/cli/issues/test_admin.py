"""Commands of administrators, against a real service."""

from __future__ import annotations

import json
import stat

import pytest
from issue_commands import as_json, done, refused
from running_trackers import running_tracker

pytestmark = pytest.mark.usefixtures("tracker")


@pytest.mark.slow
def test_tokens_are_files_that_others_cannot_read_and_end_when_revoked(tmp_path):
    file = tmp_path / "ci.token"
    assert done("tokens", "add", "ci", "--output", str(file)) == f"{file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "ci" in done("tokens", "list")
    assert file.read_text().strip() not in done("tokens", "list", "--json")
    error = refused("list", "--token-file", str(file))
    assert "expected a token of scope read, got report" in error.message
    assert "it exists already" in refused("tokens", "add", "ci2", "--output", str(file)).message
    done("tokens", "revoke", "ci")
    assert "expected a token or a login" in refused("list", "--token-file", str(file)).message
    assert [one["what"] for one in as_json("audit")["audit"]][:2] == [
        "token revoked", "token added",
    ]  # fmt: skip


@pytest.mark.slow
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


def test_a_file_that_is_not_there_is_not_imported():
    message = refused("import", "none.jsonl").message
    assert message == "none.jsonl: expected a file, but there is none"
