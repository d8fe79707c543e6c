from __future__ import annotations

import socket
from pathlib import Path

import pytest

from packager.errors import PackageError, UsageError
from packager.tracker.service.run import TOKEN_FILE, check_state, start
from packager.tracker.service.settings import ServiceSettings
from packager.tracker.store.tokens import hash_of, revoke, token_of, tokens


def started(folder: Path) -> str:
    """The secret of the administrator after a start."""
    one = start(folder, "127.0.0.1", 0, ServiceSettings())
    for listening in one.sockets:
        listening.close()
    secret = (folder / TOKEN_FILE).read_text().strip()
    with one.context.tracker.store.read() as reader:
        known = token_of(reader, hash_of(secret))
        names = [token.name for token in tokens(reader)]
    assert known is not None
    assert known.name == names[-1]
    one.context.tracker.close()
    return secret


def test_each_folder_has_the_token_of_an_administrator(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    first = started(folder)
    assert started(folder) == first
    assert (folder / TOKEN_FILE).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    (folder / TOKEN_FILE).unlink()
    second = started(folder)  # lost, or a second service of one database
    assert second != first
    one = start(folder, "127.0.0.1", 0, ServiceSettings())
    with one.context.tracker.store.write() as writer:
        assert [token.name for token in tokens(writer)] == ["admin", "admin-2"]
        revoke(writer, "admin-2")
    one.sockets[0].close()
    one.context.tracker.close()
    assert started(folder) != second


def test_its_address_takes_connections_before_it_is_told(tmp_path: Path) -> None:
    one = start(tmp_path / "state", "127.0.0.1", 0, ServiceSettings())
    try:
        with socket.create_connection(one.sockets[0].getsockname(), 5):
            pass
    finally:
        one.sockets[0].close()
        one.context.tracker.close()


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(PackageError, match="expected a folder, got a file"):
        check_state(file)
    with pytest.raises(PackageError, match="Not a directory"):
        start(file / "below", "127.0.0.1", 0, ServiceSettings())


def test_files_of_tokens_have_one_scope_each(tmp_path: Path) -> None:
    file, other = tmp_path / "read.token", tmp_path / "report.token"
    for place, secret in ((file, "r" * 30), (other, "s" * 30)):
        place.write_text(f"{secret}\n")
    settings = ServiceSettings(read_token_file=file, report_token_file=other)
    one = start(tmp_path / "state", "127.0.0.1", 0, settings)
    with one.context.tracker.store.read() as reader:
        known = {token.name: token.scope.value for token in tokens(reader)}
    one.sockets[0].close()
    one.context.tracker.close()
    assert known == {"admin": "admin", "read-token-file": "read", "report-token-file": "report"}
    wrong = ServiceSettings(read_token_file=other)
    with pytest.raises(UsageError, match="expected a token of scope read, got one of scope report"):
        start(tmp_path / "state", "127.0.0.1", 0, wrong)
