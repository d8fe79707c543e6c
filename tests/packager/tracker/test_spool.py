from __future__ import annotations

from pathlib import Path

import pytest
from running_trackers import finding, reported, running_tracker
from serving_helpers import free_port

from packager.errors import PackageError
from packager.tracker import spool
from packager.tracker.client import AwayError, IssuesClient
from packager.tracker.spool import keep, send_or_keep, send_waiting


def test_reports_wait_for_a_service_that_is_away_and_come_in_order(tmp_path: Path):
    port, folder = free_port(), tmp_path / "spool"
    url = f"http://127.0.0.1:{port}"
    for number in range(3):
        with pytest.raises(AwayError, match="the issue tracker does not answer"):
            send_or_keep(url, "token", reported(finding(f"feature=f{number}")), folder, print)
    assert len(list(folder.glob("*.json"))) == 3
    with running_tracker(tmp_path / "state", port=port) as tracker:
        [last] = send_or_keep(url, tracker.token, reported(finding("feature=last")), folder, print)
        assert last == {"id": 4, "state": "open", "result": "new"}
        with tracker.client() as client:
            assert client.issue(1)["subject"] == "feature=f0"
    assert list(folder.iterdir()) == []


def test_a_report_for_another_service_waits_on(tmp_path: Path):
    keep("http://elsewhere.test", reported(finding()), tmp_path / "spool", print)
    with running_tracker(tmp_path / "state") as tracker, tracker.client() as client:
        assert send_waiting(client, tracker.url, tmp_path / "spool", print) == 0
    assert len(list((tmp_path / "spool").glob("*.json"))) == 1


def test_a_damaged_report_is_put_aside(tmp_path: Path):
    folder = tmp_path / "spool"
    refused: list[str] = []
    keep("http://x.test", reported(finding()), folder, refused.append)
    (folder / "00.json").write_text('{"url": "http://x.test"}')
    with running_tracker(tmp_path / "state") as tracker, tracker.client() as client:
        assert send_waiting(client, "http://x.test", folder, refused.append) == 1
    [told] = refused
    assert told.startswith(f"findings that waited were refused, and are in {folder}/00.refused: ")
    assert [path.name for path in folder.iterdir()] == ["00.refused"]


def test_with_a_denied_token_the_report_waits(tmp_path: Path):
    folder = tmp_path / "spool"
    with (
        running_tracker(tmp_path / "state") as tracker,
        pytest.raises(PackageError, match="expected a token or a login") as refused,
    ):
        send_or_keep(tracker.url, "wrong-secret", reported(finding()), folder, print)
    assert "wrong-secret" not in f"{refused.value}{refused.value.hint}"
    assert not isinstance(refused.value, AwayError)
    assert len(list(folder.glob("*.json"))) == 1


def test_the_spool_keeps_the_newest(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(spool, "MAX_FILES", 3)
    told: list[str] = []
    kept = [keep("http://x.test", reported(), tmp_path, told.append) for _ in range(5)]
    assert sorted(tmp_path.glob("*.json")) == kept[2:]
    assert told == [f"{one}: dropped, because 3 newer findings wait" for one in kept[:2]]


@pytest.mark.slow
def test_an_answer_of_another_server_is_said(tmp_path: Path):
    client = IssuesClient("http://127.0.0.1:9", "token")
    with pytest.raises(AwayError, match="does not answer"):
        client.issue(1)
    with pytest.raises(PackageError, match="expected an address"):
        IssuesClient("localhost:3080", "token")
