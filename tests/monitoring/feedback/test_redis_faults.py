"""A failing or fake Redis: no label is lost or counted twice, and no password is shown."""

from __future__ import annotations

import os
import resource
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from redis_servers import TOKENS, Answer, malicious_redis

from monitoring.feedback.redis_client import MAX_ANSWER_BYTES
from monitoring.feedback.redis_store import RedisTokenStore
from monitoring.feedback.token_store import TokenStoreError

ANSWERS = {
    "moved": b"-MOVED 3999 127.0.0.1:1\r\n",
    "ask": b"-ASK 3999 127.0.0.1:1\r\n",
    "readonly": b"-READONLY You can't write against a read only replica.\r\n",
    "loading": b"-LOADING Redis is loading the dataset in memory\r\n",
    "full": b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    "wrong type": b"-WRONGTYPE Operation against a key\r\n",
    "no auth": b"-NOAUTH Authentication required.\r\n",
    "null": b"*-1\r\n",
    "text": b"+OK\r\n",
    "number": b":1\r\n",
    "too few": b"*2\r\n:1\r\n:1\r\n",
    "too many": b"*4\r\n" + b":1\r\n" * 4,
    "other numbers": b"*3\r\n:1\r\n:7\r\n:1\r\n",
    "negative": b"*3\r\n:1\r\n:-1\r\n:1\r\n",
    "texts": b"*3\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n",
    "errors within": b"*3\r\n-ERR x\r\n:1\r\n:1\r\n",
    "no number": b":one\r\n",
    "huge number": b":" + b"9" * 5_000 + b"\r\n",
    "no size": b"$x\r\n",
    "huge size": b"$9999999999\r\n",
    "below zero": b"$-9\r\n",
    "huge list": b"*99999999999\r\n",
    "deep": b"*1\r\n" * 50_000,
    "no protocol": b"HTTP/1.1 200 OK\r\n\r\n",
    "pushed": b">3\r\n+MOVING\r\n:1\r\n+127.0.0.1:1\r\n",
    "no text": b"+\xff\xfe\r\n",
}


@pytest.mark.parametrize("evil", ANSWERS.values(), ids=ANSWERS)
def test_any_other_answer_fails_the_request_and_nothing_is_counted(
    scripted_redis: Callable[[Answer], str], short_waits: None, evil: bytes
) -> None:
    seen = RedisTokenStore(scripted_redis(malicious_redis(evil)), "m", 30)
    with pytest.raises(TokenStoreError):
        seen.add(TOKENS)
    assert seen._late == []


@pytest.mark.parametrize("evil", ANSWERS.values(), ids=ANSWERS)
def test_a_redis_that_is_itself_again_counts_each_label_once(
    redis_url: str, scripted_redis: Callable[[Answer], str], short_waits: None, evil: bytes
) -> None:
    """It carried the confirmation out, and answered something else."""
    name = os.urandom(4).hex()
    seen = RedisTokenStore(redis_url, name, 10**6)
    good: Any = seen._client._client
    other = RedisTokenStore(scripted_redis(malicious_redis(evil)), name, 10**6)._client._client

    class Once:
        connection_pool = good.connection_pool
        calls = 0

        def eval(self, *given: Any) -> Any:
            self.calls += 1
            answer = good.eval(*given)
            return other.eval(*given) if self.calls == 2 else answer

    seen._client._client = Once()
    with pytest.raises(TokenStoreError):
        seen.add(TOKENS)
    assert sorted(seen.confirmed_late()) == TOKENS
    assert seen.add(TOKENS) == [False] * 3


def test_a_redis_that_was_emptied_counts_nothing_until_the_servers_start_again(
    redis_url: str, short_waits: None, caplog: pytest.LogCaptureFixture
) -> None:
    """Labels that it has forgotten would count again."""
    import redis

    name = os.urandom(4).hex()
    first, second = (RedisTokenStore(redis_url, name, 10**6, make=True) for _ in range(2))
    assert first.add(TOKENS) == [True] * 3
    client = redis.Redis.from_url(redis_url)
    client.delete(*client.keys(f"model-feedback:{name}:*"))
    for _ in range(2):
        for store in (first, second):
            with pytest.raises(TokenStoreError, match="emptied or replaced: labels could count"):
                store.add(TOKENS)
    assert not client.keys(f"model-feedback:{name}:*")
    again = RedisTokenStore(redis_url, name, 10**6)
    assert "labels counted before may count again" in caplog.text
    assert again.add(TOKENS) == [True] * 3
    with pytest.raises(TokenStoreError, match="was emptied or replaced"):
        second.add(TOKENS)


def test_a_name_that_is_looked_up_for_ever_ends(
    short_waits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def looking(*_: Any, **__: Any) -> Any:
        over.wait()
        raise OSError("no such name")

    monkeypatch.setattr("socket.getaddrinfo", looking)
    monkeypatch.setattr("monitoring.feedback.redis_client.WAIT_SECONDS", 0.05)
    before = threading.active_count()
    for _ in range(12):
        with pytest.raises(TokenStoreError, match="Timeout connecting to server"):
            RedisTokenStore("redis://no-such-host.invalid:1/0", "m", 30)
    assert threading.active_count() - before <= 8
    over.set()


def test_a_drip_of_bytes_and_a_flood_end(
    scripted_redis: Callable[[Answer], str], short_waits: None
) -> None:
    def drip(one: socket.socket, command: bytes) -> None:
        if b":probe" in command or b"EVAL" not in command:
            malicious_redis(b"")(one, command)
            return
        for _ in range(600):
            one.sendall(b"*")
            time.sleep(0.1)

    seen = RedisTokenStore(scripted_redis(drip), "m", 30)
    begun = time.monotonic()
    with pytest.raises(TokenStoreError, match=r"Timeout"):
        seen.add(TOKENS)
    assert time.monotonic() - begun < 30  # the drip takes 60


@pytest.mark.slow
@pytest.mark.parametrize("head", [b"$9999999999\r\n", b"+", b"*999999999\r\n"])
def test_an_answer_without_end_takes_bounded_memory(
    scripted_redis: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    monkeypatch.setattr("monitoring.feedback.redis_store.RETRY_SECONDS", 0.0)
    sent = 0

    def flood(one: socket.socket, command: bytes) -> None:
        nonlocal sent
        if b":probe" in command or b"EVAL" not in command:
            malicious_redis(b"")(one, command)
            return
        one.sendall(head)
        while sent < 40 * MAX_ANSWER_BYTES:
            one.sendall(b":1\r\n" * (1 << 14) if head[:1] == b"*" else b"a" * (1 << 16))
            sent += 1 << 16

    seen = RedisTokenStore(scripted_redis(flood), "m", 30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TokenStoreError, match=r"at most 16777216 bytes|Timeout"):
        seen.add(TOKENS)
    assert sent < 4 * MAX_ANSWER_BYTES  # what the system buffers included
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 * MAX_ANSWER_BYTES >> 10


def test_a_replica_that_only_reads_is_refused_at_the_start(
    redis_server: Callable[[], tuple[str, Callable[[], None]]],
) -> None:
    import redis

    (first, stop_first), (second, stop_second) = redis_server(), redis_server()
    try:
        client = redis.Redis.from_url(second)
        client.replicaof("127.0.0.1", first.rpartition(":")[2].partition("/")[0])
        with pytest.raises(TokenStoreError, match=r"READONLY|read only|replica|LOADING"):
            RedisTokenStore(second, "m", 30, make=True)
        client.replicaof("NO", "ONE")
        RedisTokenStore(second, "m", 30, make=True)
    finally:
        stop_first()
        stop_second()


def test_a_redis_that_evicts_keys_is_refused_and_a_full_one_counts_nothing(
    redis_server: Callable[[], tuple[str, Callable[[], None]]], short_waits: None
) -> None:
    import redis

    url, stop = redis_server()
    try:
        client = redis.Redis.from_url(url)
        client.config_set("maxmemory-policy", "volatile-ttl")
        RedisTokenStore(url, "m", 30, make=True)  # without a bound nothing is evicted
        client.config_set("maxmemory", "50mb")
        with pytest.raises(
            TokenStoreError, match="expected `maxmemory-policy noeviction`, got 'volat"
        ):
            RedisTokenStore(url, "m", 30, make=True)
        client.config_set("maxmemory-policy", "noeviction")
        seen = RedisTokenStore(url, "m", 10**6, make=True)
        client.config_set("maxmemory", "1mb")
        with pytest.raises(TokenStoreError, match=r"maxmemory|OOM|allowed"):
            seen.add(TOKENS)
        client.config_set("maxmemory", "50mb")
        assert seen.confirmed_late() == []
        assert seen.add(TOKENS) == [True] * 3
    finally:
        stop()


@pytest.mark.usefixtures("short_waits")
def test_tls_to_a_plain_server_and_no_server_at_all_are_reported(redis_url: str) -> None:
    plain = redis_url.replace("redis://", "rediss://")
    with pytest.raises(TokenStoreError, match=r"^rediss://127\.0\.0\.1:\d+/0: "):
        RedisTokenStore(plain, "m", 30)
    with pytest.raises(TokenStoreError, match="refused"):
        RedisTokenStore("redis://127.0.0.1:1/0", "m", 30)
