"""The set of scored tokens in a Redis that replicas on several hosts share.

A stalled Redis may execute commands after their sender has timed out. So a token enters the set in
two steps. First the sender *claims* it with a unique number; the next sender's claim replaces it.
Then the sender *confirms* its claim: the token enters the set if no other sender has claimed it
since. A sender counts a label only when it knows that its confirmation was executed. If that answer
is lost, ``confirmed_late`` queries it again: the caller counts the tokens that are in the set by
this claim, and any sender may claim the others. No order of these commands, however late they are
executed, counts a label twice.

A Redis that was emptied no longer has the scored tokens. So one key holds the *generation* of the
set, and each command requires the one that this store found at its start: with another or none, the
command fails, and nothing is counted until the servers are restarted.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Sequence
from typing import Any

from monitoring.feedback.redis_client import RedisClient, shown
from monitoring.feedback.token_store import (
    DAY,
    WAIT_SECONDS,
    Token,
    TokenStoreError,
    first_occurrences,
)

RETRY_SECONDS = WAIT_SECONDS
"""Seconds for which a confirmation is retried before the request is refused."""

# KEYS: per day a set of scored tokens and a hash of claims; last, the key of the generation.
# ARGV: the claim; per day the time at which its keys expire; pairs of a day's number and a nonce;
# last, the generation. Each script returns 0 or 1 per pair.
_LOOP = """
if redis.call('GET', KEYS[#KEYS]) ~= ARGV[#ARGV] then return 'another generation' end
local days, answers = (#KEYS - 1) / 2, {{}}
for i = days + 2, #ARGV - 1, 2 do
  local set, claims, nonce = KEYS[2 * ARGV[i] - 1], KEYS[2 * ARGV[i]], ARGV[i + 1]
  local answer = 0
  {step}
  answers[#answers + 1] = answer
end
for day = 1, days do
  redis.call('EXPIREAT', KEYS[2 * day - 1], ARGV[day + 1])
  redis.call('EXPIREAT', KEYS[2 * day], ARGV[day + 1])
end
return answers
"""
_CLAIM = _LOOP.format(
    step="""
  if redis.call('SISMEMBER', set, nonce) == 0 then
    redis.call('HSET', claims, nonce, ARGV[1])
    answer = 1
  end"""
)
_CONFIRM = _LOOP.format(
    step="""
  if redis.call('HGET', claims, nonce) == ARGV[1] then
    redis.call('SADD', set, nonce)
    answer = 1
  end"""
)
_SETTLE = _LOOP.format(
    step="""
  if redis.call('HGET', claims, nonce) == ARGV[1] then
    answer = redis.call('SISMEMBER', set, nonce)
    if answer == 0 then redis.call('HDEL', claims, nonce) end
  end"""
)
_FORGET = _LOOP.format(
    step="""
  if redis.call('HGET', claims, nonce) == ARGV[1] then
    redis.call('HDEL', claims, nonce)
  end"""
)


_PROBE = """
redis.call('SET', KEYS[1], '1')
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1], 'NX')
return redis.call('GET', KEYS[2])
"""
"""Returns the generation; raises if scripts are not allowed or nothing can be written."""
_ANOTHER = b"another generation"

_EMPTIED = (
    "the set of scored tokens was emptied or replaced: labels could count twice, so none is"
    " counted; restart all servers that use it"
)
_BEGUN = "it held no scored tokens when this worker started: labels counted before may count again"

logger = logging.getLogger("monitoring")


class RedisTokenStore:
    """A shared set of tokens in Redis, where keys of past days expire."""

    def __init__(self, url: str, model: str, days: float, *, make: bool = False) -> None:
        """Connect to ``url``; ``days``: how long tokens are valid. Raises ``TokenStoreError``.

        At startup of the server (``make``) it also checks that this Redis can be written and
        doesn't evict keys when its memory is full, because labels would then count twice.
        """
        self._model = model
        self._days = days
        self._unsure: list[tuple[bytes, list[Token]]] = []
        """Claims whose confirmation was sent but not answered."""
        self._late: list[Token] = []
        """Tokens that entered the set in a call of ``add`` that raised."""
        self._counted: list[tuple[bytes, list[Token]]] = []
        """Claims that were counted and can be deleted."""
        self._client: Any = RedisClient(url)
        probe, fresh = f"model-feedback:{model}:probe", os.urandom(8).hex().encode("ascii")
        self._generation = self._client.eval(_PROBE, 2, probe, self._generation_key, fresh)
        if not isinstance(self._generation, bytes):
            raise TokenStoreError(
                f"{shown(url)}: expected a Redis server, got replies of another service"
            )
        if self._generation == fresh and not make:
            logger.warning("redis: %s", _BEGUN)
        if make:
            self._refuse_eviction(shown(url))

    def add(self, tokens: Sequence[Token]) -> list[bool]:
        """Store ``tokens``; return whether each is new. Raises ``TokenStoreError``."""
        until = time.monotonic() + RETRY_SECONDS
        self._forget()
        new: set[Token] = set()
        unsent = list(dict.fromkeys(tokens))
        try:
            while unsent:
                claim = os.urandom(8)
                mine = self._chosen(_CLAIM, claim, unsent)
                won = self._confirmed(claim, mine, until)
                new.update(won)
                # Another sender has claimed the others: soon they are in the set, or free again.
                unsent = [token for token in mine if token not in new]
                if unsent and time.monotonic() > until:
                    raise TokenStoreError("redis: other workers keep claiming the same tokens")
                if unsent:
                    time.sleep(random.uniform(0.01, 0.05))
        except TokenStoreError:
            self._late += new
            raise
        return first_occurrences(new, tokens)

    def confirmed_late(self) -> list[Token]:
        """Tokens of requests that failed although Redis stored them."""
        while self._unsure:
            claim, tokens = self._unsure[-1]
            won = self._chosen(_SETTLE, claim, tokens)
            self._unsure.pop()
            self._late += won
            self._counted.append((claim, won))
        late, self._late = self._late, []
        return late

    def purge(self, before: float) -> None:
        """Do nothing: keys expire."""

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _confirmed(self, claim: bytes, tokens: list[Token], until: float) -> list[Token]:
        """Tokens of a claim that it put into the set; retried until ``until``."""
        while tokens:
            try:
                won = self._chosen(_CONFIRM, claim, tokens)
            except TokenStoreError:
                if time.monotonic() < until:
                    time.sleep(0.1)
                    continue
                self._unsure.append((claim, tokens))
                raise
            self._counted.append((claim, won))
            return won
        return []

    def _forget(self) -> None:
        """Delete the claims that were counted."""
        while self._counted:
            claim, tokens = self._counted[-1]
            self._chosen(_FORGET, claim, tokens)
            self._counted.pop()

    def _chosen(self, script: str, claim: bytes, tokens: list[Token]) -> list[Token]:
        """Run a script; return the tokens for which it returns 1."""
        if not tokens:
            return []
        days = {day: at for at, day in enumerate(sorted({t[0] // DAY for t in tokens}), 1)}
        keys = [key for day in days for key in (self._key(day), self._key(day) + ":claims")]
        expiries = [int((day + 2 + self._days) * DAY) for day in days]
        pairs = [part for minted, nonce in tokens for part in (days[minted // DAY], nonce)]
        keys.append(self._generation_key)
        arguments = (claim, *expiries, *pairs, self._generation)
        answers = self._client.eval(script, len(keys), *keys, *arguments)
        if answers == _ANOTHER:
            raise TokenStoreError(f"redis: {_EMPTIED}")
        if (
            not isinstance(answers, list)
            or len(answers) != len(tokens)
            or any(type(answer) is not int or answer not in (0, 1) for answer in answers)
        ):
            self._client.close()  # it may be out of sync: the next answer could be another's
            raise TokenStoreError(f"redis: expected {len(tokens)} times 0 or 1, got another reply")
        return [token for token, answer in zip(tokens, answers, strict=True) if answer]

    def _refuse_eviction(self, location: str) -> None:
        try:
            memory = self._client.memory()
        except TokenStoreError as error:
            logger.warning("cannot determine whether this Redis evicts keys: %s", error)
            return
        policy = str(memory.get("maxmemory_policy", "noeviction"))[:40]
        if memory.get("maxmemory") and policy != "noeviction":
            raise TokenStoreError(
                f"{location}: expected `maxmemory-policy noeviction`, got {policy!r}:"
                " labels whose keys it evicts would count twice"
            )

    @property
    def _generation_key(self) -> str:
        return f"model-feedback:{self._model}:generation"

    def _key(self, day: int) -> str:
        return f"model-feedback:{self._model}:{day}"
