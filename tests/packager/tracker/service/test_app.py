from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from issue_services import Service, running
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from packager.tracker.service.app import HEADERS, SafeHeaders
from packager.tracker.store.sqlite import SqliteStore


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running(SqliteStore(tmp_path / "issues.db")) as one:
        yield one


@pytest.mark.parametrize(
    "path", ["/", "/login", "/livez", "/metrics", "/api/v1/issues", "/api/v1/gone", "/gone", "/%00"]
)
def test_every_answer_forbids_scripts_and_frames_of_others(service: Service, path: str) -> None:
    for method in ("GET", "DELETE"):
        answer = service.client.request(method, path, follow_redirects=False)
        assert answer.status_code < 500
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_header_that_an_answer_sets_itself_stays_alone() -> None:
    own = PlainTextResponse("x", headers={"Cache-Control": "max-age=60"})
    answer = TestClient(SafeHeaders(own)).get("/")
    assert answer.headers.get_list("cache-control") == ["max-age=60"]
    for name, value in HEADERS.items():
        if name != "cache-control":
            assert answer.headers[name] == value


def test_the_end_of_the_service_closes_its_store(tmp_path: Path) -> None:
    with running(SqliteStore(tmp_path / "issues.db")) as one:
        tracker = one.tracker
    with pytest.raises(Exception, match="the store is closed"), tracker.store.read():
        pass
