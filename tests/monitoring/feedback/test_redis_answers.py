"""Kept answers in a real Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from answer_stores import NOW, answers, assert_keeps
from redis_servers import Stop, redis_servers

from monitoring.feedback.redis_answers import RedisAnswerStore
from monitoring.feedback.token_store import DAY, TokenStoreError

pytestmark = pytest.mark.server


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[tuple[str, Stop]]:
    with redis_servers(tmp_path) as start:
        yield start()


def store(url: str, place: str = "kept:m") -> RedisAnswerStore:
    # Keys of a day in the past would expire at once.
    return RedisAnswerStore(url, place, 30_000, 5)


def test_answers_are_kept_once_and_within_their_bound(redis_server: tuple[str, Stop]) -> None:
    url, _ = redis_server
    assert_keeps(store(url), store(url))
    assert store(url, "another").find([answers(1)[0][0]]) == [None]


def test_a_day_expires_with_its_tokens(redis_server: tuple[str, Stop]) -> None:
    import redis

    url, _ = redis_server
    one = store(url)
    one.keep(answers(1))
    one.purge(NOW + 100 * DAY)
    client: Any = redis.Redis.from_url(url)
    assert client.expiretime("kept:m:20000") == (20_000 + 2 + 30_000) * DAY
    client.close()


def test_a_redis_that_is_gone_or_holds_something_else_is_an_error(
    redis_server: tuple[str, Stop],
) -> None:
    import redis

    url, stop = redis_server
    one = store(url)
    client: Any = redis.Redis.from_url(url)
    client.set("kept:m:20000", "x")
    client.close()
    with pytest.raises(TokenStoreError, match="WRONGTYPE"):
        one.keep(answers(1))
    with pytest.raises(TokenStoreError):
        one.find([answers(1)[0][0]])
    stop()
    with pytest.raises(TokenStoreError):
        one.keep(answers(1))
    one.close()


def test_another_reply_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    one = store("redis://127.0.0.1:9/0")
    for reply in (None, [], [1], b"x"):
        monkeypatch.setattr(one._client, "eval", lambda *_, reply=reply: reply)
        with pytest.raises(TokenStoreError, match="got another reply"):
            one.find([answers(1)[0][0]])
        with pytest.raises(TokenStoreError, match="got another reply"):
            one.keep(answers(1))
