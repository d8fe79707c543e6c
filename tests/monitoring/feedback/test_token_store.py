from __future__ import annotations

import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monitoring.feedback.redis_store import RedisTokenStore
from monitoring.feedback.sqlite_store import FILE, SqliteTokenStore
from monitoring.feedback.token_store import DAY, TokenStore, TokenStoreError

NOW = 20_000 * DAY + 100


@pytest.fixture(params=["sqlite", "redis"])
def open_seen(request, tmp_path):
    """A function that opens the same set once more."""
    if request.param == "sqlite":
        return lambda: SqliteTokenStore(tmp_path / "state")
    url = request.getfixturevalue("redis_url")
    name = os.urandom(4).hex()
    return lambda: RedisTokenStore(url, name, 10**6)


def nonces(count: int) -> list[tuple[int, bytes]]:
    return [(NOW, os.urandom(8)) for _ in range(count)]


def test_what_is_there_is_not_new(open_seen) -> None:
    seen: TokenStore = open_seen()
    first, second = nonces(2)
    assert seen.add([first]) == [True]
    assert seen.add([second, first, second]) == [True, False, False]
    assert seen.add([]) == []
    seen.close()
    assert open_seen().add([first, second]) == [False, False]


def test_the_same_nonce_of_another_day_is_another_token(open_seen) -> None:
    seen: TokenStore = open_seen()
    assert seen.add([(NOW, b"12345678"), (NOW + DAY, b"12345678")]) == [True, True]


def test_of_concurrent_adds_of_one_token_one_succeeds(open_seen) -> None:
    tokens = nonces(300)
    start = threading.Barrier(4)

    def add() -> list[bool]:
        seen = open_seen()
        start.wait()
        found = [new for token in tokens for new in seen.add([token])]
        seen.close()
        return found

    open_seen().close()
    with ThreadPoolExecutor(4) as pool:
        answers = [future.result() for future in [pool.submit(add) for _ in range(4)]]
    assert [sum(column) for column in zip(*answers, strict=True)] == [1] * len(tokens)


def test_old_days_are_forgotten_whole_and_never_counted_again(tmp_path) -> None:
    seen = SqliteTokenStore(tmp_path)
    old, late, new = (NOW - 2 * DAY, b"12345678"), (NOW - 2 * DAY, b"abcdefgh"), (NOW, b"12345678")
    seen.add([old, new])
    before = NOW - DAY
    seen.purge(before)
    assert tables(tmp_path) >= {"day_19998", "day_20000"}
    seen.purge(before + DAY)
    assert tables(tmp_path) & {"day_19998", "day_20000"} == {"day_20000"}
    assert seen.add([old, late]) == [False, False]
    assert seen.add([new]) == [False]


def test_a_clock_that_ran_ahead_and_came_back_took_nothing_away(tmp_path) -> None:
    seen = SqliteTokenStore(tmp_path)
    counted, other = nonces(2)
    seen.add([counted])
    for _ in range(3):
        seen.purge(NOW + 40 * DAY)
        seen.purge(NOW + 40 * DAY + DAY // 2)
        assert seen.add([counted]) == [False]
        seen.purge(NOW - 30 * DAY)
    seen.purge(NOW + 41 * DAY)
    assert seen.add([counted, other]) == [False, True]


def tables(folder: Path) -> set[str]:
    with sqlite3.connect(folder / FILE) as db:
        return {name for (name,) in db.execute("SELECT name FROM sqlite_master")}


def test_a_redis_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(TokenStoreError, match=r"redis://127\.0\.0\.1:1/0") as caught:
        RedisTokenStore("redis://:secret@127.0.0.1:1/0", "m", 1)
    assert "secret" not in str(caught.value)


def test_a_redis_lost_later_is_an_error(redis_server) -> None:
    url, stop = redis_server()
    seen = RedisTokenStore(url, "m", 10**6)
    stop()
    with pytest.raises(TokenStoreError):
        seen.add(nonces(1))


def test_days_expire_in_redis(redis_url) -> None:
    import redis

    name = os.urandom(4).hex()
    RedisTokenStore(redis_url, name, 10**6).add([(NOW, b"12345678")])
    client = redis.Redis.from_url(redis_url)
    keys = client.keys(f"model-feedback:{name}:*")
    days = [key for key in keys if not key.endswith(b":generation")]
    assert {client.expiretime(key) for key in days} == {(20_000 + 2 + 10**6) * DAY}


@pytest.mark.parametrize("way", ["deleted", "replaced"])
def test_a_set_that_is_deleted_while_it_is_open_takes_no_more(tmp_path, way) -> None:
    seen = SqliteTokenStore(tmp_path)
    tokens = nonces(1)
    seen.add(tokens)
    (tmp_path / FILE).unlink()
    if way == "replaced":
        SqliteTokenStore(tmp_path).close()
    with pytest.raises(TokenStoreError, match="deleted or replaced while the server runs"):
        seen.add(tokens)


def test_only_the_supervisor_creates_the_set(tmp_path) -> None:
    with pytest.raises(TokenStoreError, match="unable to open"):
        SqliteTokenStore(tmp_path, make=False)
    SqliteTokenStore(tmp_path).close()
    assert SqliteTokenStore(tmp_path, make=False).add(nonces(1)) == [True]


def test_each_part_of_a_label_is_new_once(open_seen) -> None:
    seen: TokenStore = open_seen()
    minted, nonce = nonces(1)[0]
    whole, one, two = ((minted, nonce + part) for part in (b"", b"\x00" * 6, b"\xff\r\n\x00ab"))
    assert seen.add([whole, one]) == [True, True]
    assert seen.add([whole, one, two]) == [False, False, True]
    seen.close()
    assert open_seen().add([two, one]) == [False, False]
