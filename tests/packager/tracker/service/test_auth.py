from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from issue_samples import finding, reported
from issue_services import Service, running

from packager.tracker.service.auth import COOKIE, Authenticator
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.store.sqlite import SqliteStore
from packager.tracker.store.tokens import hash_of


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    store = SqliteStore(tmp_path / "issues.db")
    reported(store, finding())
    settings = ServiceSettings(proxy_address="testclient")
    with running(store, settings) as one:
        yield one


def auth(service: Service) -> Authenticator:
    found: Authenticator = service.client.app.state.context.auth  # type: ignore[attr-defined]
    return found


def status(service: Service, **headers: str) -> int:
    code: int = service.client.get("/api/v1/issues/1", headers=headers).status_code
    return code


def test_a_session_ends_with_its_token(service: Service) -> None:
    cookie = auth(service).new_session(hash_of(service.secrets["write"]))
    assert status(service, cookie=f"{COOKIE}={cookie}") == 200
    service.ask("DELETE", "/api/v1/tokens/write-token")
    assert status(service, cookie=f"{COOKIE}={cookie}") == 401


@pytest.mark.parametrize("change", [
    lambda cookie: cookie[:-1] + ("0" if cookie[-1] != "0" else "1"),
    lambda cookie: "e30=." + cookie.partition(".")[2],
    lambda cookie: cookie.partition(".")[0],
    lambda cookie: cookie[:0],
    lambda cookie: "." * 4_000 + cookie[:0],
])  # fmt: skip
def test_a_cookie_that_was_changed_is_a_stranger(service: Service, change: Any) -> None:
    cookie = auth(service).new_session(hash_of(service.secrets["write"]))
    assert status(service, cookie=f"{COOKIE}={change(cookie)}") == 401


def test_a_code_works_once(service: Service) -> None:
    code = auth(service).new_code("hash")
    assert [auth(service).redeem(code), auth(service).redeem(code)] == ["hash", None]


@pytest.mark.parametrize(
    ("name", "code"), [("ana", 200), ("", 401), ("source", 401), ("x" * 201, 401), ("x" * 200, 200)]
)
def test_a_proxy_names_people_and_never_the_sources(service: Service, name: str, code: int) -> None:
    assert status(service, **{"x-forwarded-user": name}) == code


def test_another_sender_cannot_name_anybody(tmp_path: Path) -> None:
    settings = ServiceSettings(proxy_address="10.0.0.2")
    with running(SqliteStore(tmp_path / "issues.db"), settings) as service:
        assert status(service, **{"x-forwarded-user": "ana"}) == 401


def test_a_session_changes_nothing_over_the_api(service: Service) -> None:
    cookie = auth(service).new_session(hash_of(service.secrets["admin"]))
    body = {"name": "mine", "scope": "admin"}
    headers = {"cookie": f"{COOKIE}={cookie}"}
    answer = service.client.post("/api/v1/tokens", json=body, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == "expected a token in the header Authorization"


def test_a_proxy_s_user_among_others_is_nobody(service: Service) -> None:
    two = [("x-forwarded-user", "attacker"), ("x-forwarded-user", "ana")]
    assert service.client.get("/api/v1/issues/1", headers=two).status_code == 401
    assert status(service, **{"x-forwarded-user": "attacker, ana"}) == 401


def test_metrics_need_a_token_that_reads_unless_the_service_says_otherwise(
    service: Service, tmp_path: Path
) -> None:
    assert service.client.get("/metrics").status_code == 401
    codes = [service.ask("GET", "/metrics", scope).status_code for scope in service.secrets]
    assert codes == [403, 200, 200, 200]
    settings = ServiceSettings(open_metrics=True)
    with running(SqliteStore(tmp_path / "open.db"), settings) as other:
        assert "issues_open" in other.client.get("/metrics").text
