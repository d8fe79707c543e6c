from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from issue_samples import finding, reported
from issue_services import Service, running

from packager.tracker.store.sqlite import SqliteStore

MIRROR = {
    "forge": "github:team/models", "number": "5", "open_here": True, "open_there": False,
    "text": "digest", "owner": "ana", "sent_comments": ["0123456789abcdef"],
    "comments": 2, "comment": 1002,
}  # fmt: skip


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    store = SqliteStore(tmp_path / "issues.db")
    reported(store, finding())
    with running(store) as one:
        yield one


def given_of(**changes: Any) -> dict[str, Any]:
    """The body of ``PUT``."""
    known = {**MIRROR, **changes}
    return {"forge": known.pop("forge"), "mirror": known}


def kept(service: Service, forge: str) -> list[dict[str, Any]]:
    answer = service.ask("GET", f"/api/v1/mirrors?forge={forge}", "write")
    found: list[dict[str, Any]] = answer.json()["mirrors"]
    return found


def test_the_last_mirror_of_each_forge_is_kept(service: Service) -> None:
    for number in ("5", "6"):
        given = given_of(number=number)
        answer = service.ask("PUT", "/api/v1/issues/1/mirror", "write", json=given)
        assert answer.json() == {"issue": 1, "forge": "github:team/models"}
    other = given_of(forge="gitlab:team/models")
    service.ask("PUT", "/api/v1/issues/1/mirror", "write", json=other)
    expected = {"issue": 1, "mirror": given_of(number="6")["mirror"]}
    assert kept(service, "github:team/models") == [expected]
    assert kept(service, "gitlab:team/models") == [{"issue": 1, "mirror": given_of()["mirror"]}]
    assert kept(service, "github:team/other") == []


def test_an_issue_that_is_not_there_has_no_mirror(service: Service) -> None:
    answer = service.ask("PUT", "/api/v1/issues/2/mirror", "write", json=given_of())
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "there is no issue 2"


@pytest.mark.parametrize(
    "change",
    [
        {"sent_comments": ["no mark"]},
        {"sent_comments": ["a" * 16] * 1_001},
        {"comment": 2**62},
        {"number": "../../other"},
        {"forge": ""},
        {"more": 1},
        {"text": None},
    ],
)
def test_another_shape_is_refused(service: Service, change: dict[str, Any]) -> None:
    given = given_of(**change)
    assert service.ask("PUT", "/api/v1/issues/1/mirror", "write", json=given).status_code == 400
    assert kept(service, "github:team/models") == []


def test_a_list_is_of_one_forge(service: Service) -> None:
    answer = service.ask("GET", "/api/v1/mirrors", "write")
    assert answer.status_code == 400
    assert "forge: expected a name such as github:team/models" in answer.text
