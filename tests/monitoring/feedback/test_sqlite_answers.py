"""Kept answers in a file."""

from __future__ import annotations

import multiprocessing
import stat
from pathlib import Path

import pytest
from answer_stores import NOW, answers, assert_keeps, found_in, tokens

from monitoring.feedback.sqlite_answers import SqliteAnswerStore
from monitoring.feedback.token_store import DAY, TokenStoreError

FILE = "kept.sqlite3"


def test_answers_are_kept_once_and_within_their_bound(tmp_path: Path) -> None:
    assert_keeps(SqliteAnswerStore(tmp_path / FILE, 5), SqliteAnswerStore(tmp_path / FILE, 5))
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_many_tokens_at_once(tmp_path: Path) -> None:
    store = SqliteAnswerStore(tmp_path / FILE, 10_000)
    made = [((NOW, number.to_bytes(8, "big")), answers(1)[0][1]) for number in range(1_200)]
    assert store.keep(made) == 1_200
    assert found_in(store, [token for token, _ in made]) == 1_200


def test_expired_days_are_deleted(tmp_path: Path) -> None:
    store = SqliteAnswerStore(tmp_path / FILE, 5)
    store.keep(answers(5) + answers(5, day=1))
    store.purge(NOW + DAY)
    assert found_in(store, tokens(5)) == 0
    assert found_in(store, tokens(5, day=1)) == 5
    assert store.keep(answers(1)) == 1  # its room is free again


def _keep(folder: str, day: int) -> None:
    store = SqliteAnswerStore(Path(folder) / FILE, 1_000)
    for one in answers(50, day):
        store.keep([one])


@pytest.mark.slow
def test_processes_keep_at_the_same_time(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    SqliteAnswerStore(tmp_path / FILE, 1).close()
    running = [context.Process(target=_keep, args=(str(tmp_path), day)) for day in (0, 0, 1)]
    for one in running:
        one.start()
    for one in running:
        one.join(60)
        assert one.exitcode == 0
    store = SqliteAnswerStore(tmp_path / FILE, 1)
    assert found_in(store, tokens(50) + tokens(50, day=1)) == 100


def test_a_file_of_another_kind_or_content_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TokenStoreError, match=r"expected kept.sqlite3 to be a file"):
        SqliteAnswerStore(tmp_path / FILE, 1)
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).write_bytes(b"no database" * 1_000)
    with pytest.raises(TokenStoreError, match="not a database"):
        SqliteAnswerStore(tmp_path / FILE, 1)


def test_a_failed_transaction_changes_nothing(tmp_path: Path) -> None:
    store = SqliteAnswerStore(tmp_path / FILE, 5)
    store._db.execute("DROP TABLE sizes")
    with pytest.raises(TokenStoreError, match="no such table"):
        store.keep(answers(2))
    assert found_in(store, tokens(2)) == 0
    with pytest.raises(TokenStoreError):
        store.purge(0)
    store._db.execute("DROP TABLE answers")
    with pytest.raises(TokenStoreError):
        store.find(tokens(1))
