"""The set of tokens in a Redis that executes commands late, or whose answers are lost."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from monitoring.feedback.redis_store import RedisTokenStore
from monitoring.feedback.token_store import DAY, Token, TokenStoreError

NOW = 20_000 * DAY + 100


class Faulty:
    """A client that does with each command what ``fate`` says."""

    def __init__(self, client: Any, fate: Callable[[], str], stalled: list[Callable[[], Any]]):
        self._client = client
        self.fate = fate
        self._stalled = stalled
        self.connection_pool = client.connection_pool

    def eval(self, *given: Any) -> Any:
        import redis

        fate = self.fate()
        if fate == "late":
            self._stalled.append(lambda: self._client.eval(*given))
        if fate == "answer lost":
            self._client.eval(*given)
        if fate != "well":
            raise redis.TimeoutError(fate)
        return self._client.eval(*given)


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.feedback.redis_store.RETRY_SECONDS", 0.0)
    monkeypatch.setattr("monitoring.feedback.redis_store.time.sleep", lambda _: None)


def opened(url: str, name: str, fates: list[str], stalled: list[Any]) -> RedisTokenStore:
    """A set whose commands meet ``fates`` in turn, and from then on none."""
    seen = RedisTokenStore(url, name, 10**6)
    seen._client._client = Faulty(
        seen._client._client, lambda: fates.pop(0) if fates else "well", stalled
    )
    return seen


def nonces(count: int) -> list[Token]:
    return [(NOW, os.urandom(8)) for _ in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("fate", ["late", "answer lost", "refused"])
@pytest.mark.parametrize("step", [0, 1])
def test_what_was_answered_503_can_be_sent_again(
    redis_url: str, short_timeout: None, fate: str, step: int
) -> None:
    """``step`` 0 claims, 1 confirms."""
    name, stalled = os.urandom(4).hex(), list[Any]()
    seen = opened(redis_url, name, ["well"] * step + [fate], stalled)
    tokens = nonces(5)
    with pytest.raises(TokenStoreError):
        seen.add(tokens)
    for command in stalled:
        command()
    counted = [*seen.confirmed_late()]
    counted += [t for t, new in zip(tokens, seen.add(tokens), strict=True) if new]
    assert sorted(counted) == sorted(tokens)
    assert seen.confirmed_late() == []
    assert RedisTokenStore(redis_url, name, 10**6).add(tokens) == [False] * 5


@pytest.mark.slow
def test_a_confirmation_that_comes_after_its_claim_was_released_does_nothing(
    redis_url: str, short_timeout: None
) -> None:
    name, stalled = os.urandom(4).hex(), list[Any]()
    seen = opened(redis_url, name, ["well", "late"], stalled)
    tokens = nonces(2)
    with pytest.raises(TokenStoreError):
        seen.add(tokens)
    assert seen.confirmed_late() == []
    stalled.pop()()
    assert seen.add(tokens) == [True, True]


def test_a_claim_of_a_worker_that_died_is_taken_over(redis_url: str, short_timeout: None) -> None:
    name = os.urandom(4).hex()
    tokens = nonces(2)
    with pytest.raises(TokenStoreError):
        opened(redis_url, name, ["answer lost"], []).add(tokens)
    assert RedisTokenStore(redis_url, name, 10**6).add(tokens) == [True, True]


def test_notes_of_claims_are_dropped(redis_url: str) -> None:
    import redis

    name = os.urandom(4).hex()
    seen = RedisTokenStore(redis_url, name, 10**6)
    seen.add(nonces(5))
    seen.add(nonces(1))
    claims = redis.Redis.from_url(redis_url).hlen(f"model-feedback:{name}:20000:claims")
    assert claims == 1


@pytest.mark.parametrize("seed", range(40))
def test_in_any_order_of_faults_every_label_is_counted_once(
    redis_url: str, short_timeout: None, seed: int
) -> None:
    """Three workers are sent the same labels again and again; commands stall, answers are lost."""
    chance = random.Random(seed)
    name, stalled = os.urandom(4).hex(), list[Callable[[], Any]]()
    fates = ["well", "well", "late", "answer lost", "refused"]
    workers = [RedisTokenStore(redis_url, name, 10**6) for _ in range(3)]
    for worker in workers:
        worker._client._client = Faulty(
            worker._client._client, lambda: chance.choice(fates), stalled
        )
    tokens = nonces(6)
    counted: Counter[Token] = Counter()

    def ask(worker: RedisTokenStore, some: list[Token]) -> bool:
        try:
            counted.update(worker.confirmed_late())
            new = worker.add(some)
        except TokenStoreError:
            return False
        counted.update(t for t, first in zip(some, new, strict=True) if first)
        return True

    for _ in range(40):
        ask(chance.choice(workers), chance.sample(tokens, 3))
        chance.shuffle(stalled)
        while stalled and chance.random() < 0.5:
            stalled.pop()()
    fates[:] = ["well"]
    for command in stalled:
        command()
    for worker in workers:
        assert ask(worker, tokens)
    assert counted == Counter(tokens)
