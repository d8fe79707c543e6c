"""Errors of a Redis server are shown in one short line, without its password."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis_servers import IN_URL, SECRET, TOKENS, Answer, malicious_redis

from monitoring.feedback.redis_client import shown
from monitoring.feedback.redis_store import RedisTokenStore
from monitoring.feedback.token_store import TokenStoreError


def test_what_a_server_says_is_reported_in_one_short_plain_line_without_the_password(
    scripted_redis: Callable[[Answer], str], short_waits: None
) -> None:
    """Redis itself quotes the arguments of a command that it does not know: AUTH may be one."""
    evil = f"-ERR unknown command 'AUTH', with args beginning with: '{SECRET}' {IN_URL} ".encode()
    seen = RedisTokenStore(
        scripted_redis(malicious_redis(evil + b"\x1b[2J\x07\n{}" + b"x" * 99_999 + b"\r\n")),
        "m",
        30,
    )
    with pytest.raises(TokenStoreError) as raised:
        seen.add(TOKENS)
    told = str(raised.value)
    assert "unknown command 'AUTH', with args beginning with: '***' ***" in told
    assert SECRET not in told
    assert told.isprintable()
    assert len(told) < 300


URLS = [
    f"redis://:{SECRET}@127.0.0.1:1/0",
    "redis://127.0.0.1:1/0?password=pa@ss",
    "redis://user:pa%2Fss@127.0.0.1:1",
    "redis://:pa@ss@127.0.0.1:1/0",
    "redis://:pa[ss@127.0.0.1:1/0",
    "redis://:pass@127.0.0.1:port/0",
    "redis://127.0.0.1:1/0?nonsense=pass",
    "redis://127.0.0.1:1/0?max_connections=pass",
    "unix://:pass@/nowhere/redis.sock",
    "rediss://:pass@127.0.0.1:1/0",
]


@pytest.mark.parametrize("url", URLS)
def test_no_part_of_a_password_is_reported(url: str, short_waits: None) -> None:
    with pytest.raises(TokenStoreError) as raised:
        RedisTokenStore(url, "m", 30)
    assert "pa" not in str(raised.value).replace("password", "").replace("expected", "")
    assert "pa" not in shown(url)
