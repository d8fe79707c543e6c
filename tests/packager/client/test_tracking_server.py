from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from tracking_stub import TrackingStub, tracking_stub

from packager.client.tracking_server import (
    API,
    ARTIFACTS,
    PASSWORD,
    TOKEN,
    USERNAME,
    TrackingServer,
)
from packager.errors import PackageError, UsageError


@pytest.fixture
def stub() -> Iterator[TrackingStub]:
    with tracking_stub() as found:
        yield found


@pytest.mark.parametrize("uri", ["", "sqlite:///m.db", "file:///runs", "databricks", "http://"])
def test_only_the_address_of_a_server_is_taken(uri: str) -> None:
    with pytest.raises(UsageError, match="expected the http"):
        TrackingServer(uri, {})


@pytest.mark.parametrize(
    ("variables", "login"),
    [
        ({}, None),
        ({USERNAME: "ann", PASSWORD: "pw"}, "Basic " + base64.b64encode(b"ann:pw").decode()),
        ({USERNAME: "ann"}, None),
        ({TOKEN: "abc"}, "Bearer abc"),
        (
            {TOKEN: "abc", USERNAME: "ann", PASSWORD: "pw"},
            "Basic " + base64.b64encode(b"ann:pw").decode(),
        ),
    ],
)
def test_the_login_is_that_of_mlflows_variables(
    stub: TrackingStub, variables: dict[str, str], login: str | None
) -> None:
    stub.documents["runs/get r"] = {"run": {}}
    assert TrackingServer(stub.url, variables).get("runs/get", run_id="r") == {"run": {}}
    assert stub.logins == [login]


def test_the_login_in_an_address_is_used_and_not_shown(stub: TrackingStub) -> None:
    address = stub.url.replace("http://", "http://bob:secret@")
    server = TrackingServer(address, {})
    server.find("runs/get", run_id="r")
    assert server.address == stub.url
    assert stub.logins == ["Basic " + base64.b64encode(b"bob:secret").decode()]


def test_what_the_server_does_not_know_is_none_or_named(stub: TrackingStub) -> None:
    server = TrackingServer(stub.url, {})
    assert server.find("runs/get", run_id="r") is None
    with pytest.raises(UsageError, match="expected churn 3, got no such entry"):
        server.get("model-versions/get", name="churn", version="3")


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b"You are not authenticated", "got status 401"),
        (403, b"{}", "got status 403"),
        (404, b"<html>", "got status 404"),
        (302, b"", "got status 302"),
        (200, b"<html>", "expected a JSON object"),
        (200, b"[]", "expected a JSON object"),
        (500, b'{"message": "broken"}', "got status 500: broken"),
    ],
)
def test_another_answer_is_an_error_with_a_hint(
    stub: TrackingStub, status: int, body: bytes, said: str
) -> None:
    stub.raw[f"{API}/runs/get"] = (status, body)
    with pytest.raises(PackageError, match=said) as caught:
        TrackingServer(stub.url, {}).find("runs/get", run_id="r")
    assert caught.value.hint


def test_an_absent_server_is_named() -> None:
    with pytest.raises(PackageError, match=r"127\.0\.0\.1:1: expected an answer"):
        TrackingServer("http://127.0.0.1:1", {}).find("runs/get", run_id="r")


def test_an_artifact_is_bounded_and_its_name_quoted(stub: TrackingStub, tmp_path: Path) -> None:
    stub.files["1/a b/x#y"] = b"12345"
    server = TrackingServer(stub.url, {})
    assert server.download("1/a b/x#y", tmp_path / "file", 5) == 5
    assert (tmp_path / "file").read_bytes() == b"12345"
    assert stub.asked[-1] == f"{ARTIFACTS}/1/a%20b/x%23y"
    with pytest.raises(PackageError, match="expected at most 4 bytes, got more"):
        server.download("1/a b/x#y", tmp_path / "file", 4)
    with pytest.raises(PackageError, match="expected 1/gone, got status 404"):
        server.download("1/gone", tmp_path / "file", 5)


def test_a_list_of_another_form_is_refused(stub: TrackingStub) -> None:
    stub.raw[ARTIFACTS] = (200, b'{"files": "many"}')
    with pytest.raises(PackageError, match="expected a list of artifacts"):
        TrackingServer(stub.url, {}).listed("1")
