from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from issue_samples import finding
from issue_services import running

from packager.tracker.store import quota
from packager.tracker.store.sqlite import SqliteStore


def test_a_token_that_adds_too_much_is_told_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "MAX_ADDED", {"issues": 1, "packages": 9, "versions": 9})
    with running(SqliteStore(tmp_path / "issues.db")) as service:

        def send(subject: str) -> Any:
            body = {"findings": [finding(subject=subject).model_dump(mode="json")]}
            return service.ask("POST", "/api/v1/findings", "report", json=body)

        first, answer, again = map(send, ("feature=a", "feature=b", "feature=a"))
        listed = service.ask("GET", "/api/v1/issues", "read").json()["issues"]
    assert (first.status_code, answer.status_code, again.status_code) == (200, 429, 200)
    assert answer.headers["retry-after"] == "86400"
    assert answer.json()["error"] == {
        "code": "too_many",
        "message": "expected at most 1 new issues a day of 'report-token', got more",
    }
    assert [one["subject"] for one in listed] == ["feature=a"]
