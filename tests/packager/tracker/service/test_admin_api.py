from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from issue_samples import finding, reported
from issue_services import Service, running

from packager.tracker.store.sqlite import SqliteStore


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    store = SqliteStore(tmp_path / "issues.db")
    reported(store, finding())
    with running(store) as one:
        yield one


NEEDED = {
    ("POST", "/api/v1/findings"): "report",
    ("GET", "/api/v1/issues"): "read",
    ("POST", "/api/v1/issues"): "write",
    ("GET", "/api/v1/issues/1"): "read",
    ("PATCH", "/api/v1/issues/1"): "write",
    ("GET", "/api/v1/issues/1/events"): "read",
    ("POST", "/api/v1/issues/1/comments"): "write",
    ("POST", "/api/v1/issues/1/labels"): "write",
    ("DELETE", "/api/v1/issues/1/labels/x"): "write",
    ("GET", "/api/v1/packages"): "read",
    ("GET", "/api/v1/mirrors"): "write",
    ("PUT", "/api/v1/issues/1/mirror"): "write",
    ("GET", "/api/v1/tokens"): "admin",
    ("POST", "/api/v1/tokens"): "admin",
    ("DELETE", "/api/v1/tokens/nobody"): "admin",
    ("GET", "/api/v1/audit"): "admin",
    ("GET", "/api/v1/export"): "admin",
    ("POST", "/api/v1/import"): "admin",
}


@pytest.mark.slow
def test_each_route_needs_its_scope_or_a_wider_one(service: Service) -> None:
    scopes = {
        "report": {"report"},
        "read": {"read"},
        "write": {"report", "read", "write"},
        "admin": {"report", "read", "write", "admin"},
    }
    for (method, path), needed in NEEDED.items():
        for scope in scopes:
            status = service.ask(method, path, scope).status_code
            assert (status != 403) == (needed in scopes[scope]), (method, path, scope)
        for headers in ({}, {"authorization": "Bearer x"}, {"authorization": "Basic YTpi"}):
            answer = service.client.request(method, path, headers=headers)
            assert answer.status_code == 401
            assert answer.json()["error"]["message"] == "expected a token or a login"


def test_no_route_of_the_api_is_missing_here(service: Service) -> None:
    routes = {
        (method, route.path.replace("{number:number}", "1"))
        for route in service.client.app.routes  # type: ignore[attr-defined]
        if route.path.startswith("/api/")
        for method in route.methods - {"HEAD"}
    }
    shown = {
        (method, path.replace("/labels/x", "/labels/{label:path}").replace("nobody", "{name:path}"))
        for method, path in NEEDED
    }
    assert {one for one in routes if one[1] != "/api/v1/events"} == shown


def test_a_token_is_shown_once_and_works_until_it_is_revoked(service: Service) -> None:
    made = service.ask("POST", "/api/v1/tokens", json={"name": "ci/build", "scope": "report"})
    assert made.status_code == 201
    secret = made.json()["token"]
    assert len(secret) == 43
    headers = {"authorization": f"Bearer {secret}"}
    body = {"findings": [finding().model_dump(mode="json")]}
    assert service.client.post("/api/v1/findings", json=body, headers=headers).status_code == 200
    listed = service.ask("GET", "/api/v1/tokens")
    assert secret not in listed.text
    assert {one["name"]: one["scope"] for one in listed.json()["tokens"]}["ci/build"] == "report"
    assert service.ask("DELETE", "/api/v1/tokens/ci%2Fbuild").status_code == 200
    assert service.client.post("/api/v1/findings", json=body, headers=headers).status_code == 401
    entries = service.ask("GET", "/api/v1/audit").json()["entries"]
    assert [(one["who"], one["what"], one["text"]) for one in entries[:2]] == [
        ("admin-token", "token revoked", "ci/build"),
        ("admin-token", "token added", "ci/build, scope report"),
    ]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"name": "admin-token", "scope": "report"}, 409, "expected another name, got 'admin-to"),
        ({"name": "source", "scope": "report"}, 409, "expected another name than 'source'"),
        ({"name": "x" * 201, "scope": "report"}, 400, "name: expected at most 200 characters"),
        ({"name": "", "scope": "report"}, 400, "name: expected at least 1 character"),
        (
            {"name": "x", "scope": "root"},
            400,
            "scope: expected 'report', 'read', 'write' or 'admin'",
        ),
        ({"name": "x"}, 400, "scope: expected a value, got none"),
        ({"name": ["x"], "scope": "report"}, 400, "name: expected a text"),
    ],
)
def test_a_token_that_cannot_be(service: Service, body: object, status: int, message: str) -> None:
    answer = service.ask("POST", "/api/v1/tokens", json=body)
    assert answer.status_code == status
    assert message in answer.json()["error"]["message"]


def test_an_export_comes_back_as_an_import(service: Service, tmp_path: Path) -> None:
    answer = service.ask("GET", "/api/v1/export")
    assert answer.headers["content-type"] == "application/jsonl"
    assert answer.headers["cache-control"] == "no-store"
    other = SqliteStore(tmp_path / "other.db")
    with running(other) as empty:
        first = empty.ask("POST", "/api/v1/import", content=answer.content)
        assert first.json() == {"added": 1, "changed": 0, "same": 0}
        again = empty.ask("POST", "/api/v1/import", content=answer.content)
        assert again.json() == {"added": 0, "changed": 0, "same": 1}
        shown = empty.ask("GET", "/api/v1/issues/1").json()
        [event] = empty.ask("GET", "/api/v1/issues/1/events").json()["events"]
        assert event["imported"]
    assert shown == service.ask("GET", "/api/v1/issues/1").json()
    part = service.ask("POST", "/api/v1/import", content=answer.content[:-5])
    assert part.status_code == 400
    assert part.json()["error"]["message"].startswith("line ")


def test_the_audit_is_paged(service: Service) -> None:
    entries = service.ask("GET", "/api/v1/audit").json()["entries"]
    assert [one["text"] for one in entries] == [
        "admin-token, scope admin",
        "write-token, scope write",
        "read-token, scope read",
        "report-token, scope report",
    ]
    later = service.ask("GET", f"/api/v1/audit?before={entries[1]['id']}").json()["entries"]
    assert later == entries[2:]
    assert service.ask("GET", "/api/v1/audit?before=0").json()["entries"] == []


def test_when_a_token_was_used_is_kept_by_upkeep(service: Service) -> None:
    from packager.tracker.service.maintenance import maintain

    context = service.client.app.state.context  # type: ignore[attr-defined]
    service.ask("GET", "/api/v1/issues", "write")
    with service.tracker.store.write() as writer:
        maintain(writer, 2e9, context.auth.take_used())
    found = service.ask("GET", "/api/v1/tokens").json()["tokens"]
    used = {one["name"]: one["last_used"] is not None for one in found}
    assert used == {"admin-token": False, "read-token": False, "report-token": False,
                    "write-token": True}  # fmt: skip
