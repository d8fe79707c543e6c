"""What a flow gets from servers that answer otherwise; tests/serving has those of packages."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from modelhost.errors import PackageError
from modelhost.solution import remote_member
from modelhost.solution.errors import MemberRaisedError, MemberUnavailableError
from modelhost.solution.member_urls import MemberUrl
from modelhost.solution.remote_member import RemoteMember
from tests.support.solution_samples import member_spec

MANIFEST = json.dumps({"version": "1.0", "schema": {"classes": None, "outputs": []}})
VERSION = f"1.0-{hashlib.sha256(MANIFEST.encode()).hexdigest()[:12]}"
ROWS = pd.DataFrame({"x": [1.0]})
FINE = json.dumps({"version": VERSION, "predictions": [{"prediction": 2.0}]})


class Answering(ThreadingHTTPServer):
    """Answers predictions with ``reply``; closes each connection after ``lives`` answers."""

    reply: tuple[int, str] = (200, FINE)
    version = VERSION
    pause = 0.0
    lives = 1_000
    connections = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Answering

    def setup(self) -> None:
        super().setup()
        self.answers = 0

    def do_POST(self) -> None:
        self.server.connections += self.answers == 0
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.server.pause)
        self.send(*self.server.reply)
        self.answers += 1
        if self.answers == self.server.lives:
            self.close_connection = True

    def do_GET(self) -> None:
        self.send(200, json.dumps({"version": self.server.version}))

    def send(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[Answering]:
    with Answering(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


@pytest.fixture
def member(server: Answering, tmp_path: Path) -> Iterator[RemoteMember]:
    made = at(server.server_address[1], tmp_path)
    made.wait_until_ready()
    yield made
    made.close()


def at(port: int, folder: Path) -> RemoteMember:
    (folder / "package").mkdir()
    (folder / "package" / "manifest.json").write_text(MANIFEST)
    return RemoteMember(member_spec("text"), folder, MemberUrl(False, "127.0.0.1", port, ""))


def ask(member: RemoteMember, seconds: float = 30.0) -> list[Any]:
    waits, count = member.submit(ROWS, time.monotonic() + seconds)
    assert waits is not None
    assert count == 1
    return waits.wait().labels


def test_requests_share_a_connection(server: Answering, member: RemoteMember) -> None:
    assert [ask(member) for _ in range(3)] == [[2.0]] * 3
    assert server.connections == 1
    begun = [member.submit(ROWS, None)[0] for _ in range(2)]
    assert [one.wait().labels for one in begun if one] == [[2.0]] * 2
    assert server.connections == 2
    assert member.state == "ready"
    assert member.submit(ROWS.iloc[:0], None) == (None, 0)


def test_a_connection_that_the_server_closed_is_replaced(
    server: Answering, member: RemoteMember
) -> None:
    server.lives = 1
    assert [ask(member) for _ in range(3)] == [[2.0]] * 3


def test_a_late_answer(server: Answering, member: RemoteMember) -> None:
    server.pause = 0.5
    with pytest.raises(MemberUnavailableError, match="'text' did not answer in time") as caught:
        ask(member, 0.05)
    assert caught.value.late
    server.pause = 0.0
    assert ask(member) == [2.0]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ((503, '{"error": {"message": "overloaded"}}'), "answered 503: overloaded"),
        ((401, "no"), "answered 401: no"),
        ((200, "[]"), "sent something else than an answer"),
        ((200, "{"), "sent something else than an answer"),
        ((200, json.dumps({"version": VERSION, "predictions": []})), "answers to 1 rows"),
    ],
)
def test_other_answers_name_the_member_and_its_server(
    server: Answering, member: RemoteMember, reply: tuple[int, str], said: str
) -> None:
    server.reply = reply
    with pytest.raises(MemberUnavailableError, match="member 'text' at http://127") as caught:
        ask(member)
    assert said in caught.value.message
    server.reply = (200, FINE)
    assert ask(member) == [2.0]


def test_rows_that_the_server_refuses(server: Answering, member: RemoteMember) -> None:
    server.reply = (422, '{"error": {"message": "row 0: no 777"}}')
    with pytest.raises(MemberRaisedError, match="'text': its server answered 422: row 0: no 777"):
        ask(member)


def test_another_package_in_its_place(server: Answering, member: RemoteMember) -> None:
    server.version = "2.0-abcdefabcdef"
    server.reply = (200, FINE.replace(VERSION, server.version))
    said = f"expected the package {VERSION}, got 2.0-abcdefabcdef"
    with pytest.raises(MemberUnavailableError, match=said):
        ask(member)
    assert said in member.state


def test_a_start_beside_another_package(server: Answering, tmp_path: Path) -> None:
    server.version = "2.0-abcdefabcdef"
    made = at(server.server_address[1], tmp_path)
    with pytest.raises(PackageError, match=f"'text' at .*expected the package {VERSION}, got 2.0"):
        made.wait_until_ready()
    made.close()


def test_a_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_member, "START_SECONDS", 0.3)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        made = at(listening.getsockname()[1], tmp_path)
        with pytest.raises(PackageError, match=r"a server that is ready at http.*can't be reached"):
            made.wait_until_ready()
        with pytest.raises(MemberUnavailableError, match="'text' can't be reached at http://127"):
            ask(made)
    made.close()


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"'text': .*expected the manifest of a package"):
        RemoteMember(member_spec("text"), tmp_path, MemberUrl(False, "127.0.0.1", 1, ""))
