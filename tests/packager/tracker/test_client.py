from __future__ import annotations

import socket
from pathlib import Path

import pytest
from running_trackers import finding, reported, running_tracker
from scripted_server import listening

from packager.errors import PackageError, UsageError
from packager.tracker.client import AwayError, IssuesClient
from packager.tracker.forges.mirror import Mirror


def failure(status: str, body: str) -> PackageError:
    """What a client raises for an answer."""

    def answer(client: socket.socket, received: bytes) -> bool:
        if received.startswith(b"GET "):
            head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close"
            client.sendall(f"{head}\r\n\r\n{body}".encode())
        return False

    with listening(answer) as (host, port), pytest.raises(PackageError) as raised:
        IssuesClient(f"http://{host}:{port}", "secret-token").issue(1)
    assert "secret-token" not in f"{raised.value}{raised.value.hint}"
    return raised.value


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        ("200 OK", "[]", "expected a JSON object"),
        ("200 OK", "<html>", "HTTP 200, not the answer of an issue tracker"),
        ("302 Found", "", "HTTP 302, not the answer of an issue tracker"),
        ("404 Not Found", '{"error": {"message": "there is no issue 1"}}', "there is no issue 1"),
        ("404 Not Found", '{"error": "gone"}', "HTTP 404, not the answer of an issue tracker"),
    ],
)
def test_an_answer_that_is_final_is_named(status: str, body: str, message: str) -> None:
    error = failure(status, body)
    assert message in error.message
    assert not isinstance(error, AwayError)


@pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Service Unavailable"])
def test_an_error_of_the_service_may_end_later(status: str) -> None:
    assert isinstance(failure(status, ""), AwayError)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_a_token_that_does_not_suffice_is_asked_for(status: str) -> None:
    error = failure(status, '{"error": {"message": "expected a token of scope write"}}')
    assert "expected a token of scope write" in error.message
    assert error.hint == "name a file with a token: --token-file, or MODEL_ISSUES_TOKEN_FILE"


def test_no_server_is_a_service_that_is_away() -> None:
    with pytest.raises(AwayError, match="the issue tracker does not answer: ConnectionError"):
        IssuesClient("http://127.0.0.1:9", "token").tokens()
    with pytest.raises(UsageError, match="expected an address"):
        IssuesClient("127.0.0.1:9", "token")


@pytest.mark.slow
def test_a_list_is_read_page_by_page_up_to_its_limit(tmp_path: Path) -> None:
    with running_tracker(tmp_path) as tracker, tracker.client() as client:
        client.send(reported(*(finding(f"feature=f{n}") for n in range(205))))
        found = [one["id"] for one in client.issues({}, 500)]
        assert len(found) == len(set(found)) == 205
        assert [one["id"] for one in client.issues({}, 203)] == found[:203]
        assert list(client.issues({}, 0)) == []


def test_every_call_speaks_to_the_service(tmp_path: Path) -> None:
    with running_tracker(tmp_path / "state") as tracker, tracker.client() as client:
        [sent] = client.send(reported(finding()))
        assert sent == {"id": 1, "state": "open", "result": "new"}
        assert client.act(1, {"action": "acknowledge"})["state"] == "acknowledged"
        assert [one["what"] for one in client.events(1)] == ["acknowledged", "opened"]
        added = client.add({"package": "p", "kind": "Reported", "subject": "s", "title": "t"})
        assert added["id"] == 2
        mirror = Mirror(number="5", open_here=True, open_there=True, text="t", owner="",
                        sent_comments=("a" * 16,), comments=0, comment=0)  # fmt: skip
        client.keep_mirror(2, "github:team/models", mirror)
        assert client.mirrors("github:team/models") == {2: mirror}
        assert client.mirrors("github:team/other") == {}
        secret = client.add_token("a/b c", "report")
        assert secret not in str(client.tokens())
        client.revoke_token("a/b c")
        assert "a/b c" not in {one["name"] for one in client.tokens()}
        assert client.audit()[0]["what"] == "token revoked"
        size = client.export_to(tmp_path / "all.jsonl")
        assert size == (tmp_path / "all.jsonl").stat().st_size > 0
        assert client.import_from(tmp_path / "all.jsonl")["added"] == 0
