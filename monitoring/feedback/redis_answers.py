"""Answers that are kept for late labels in a Redis that replicas on several hosts share.

One hash for each day, whose key expires with the tokens of that day. Answers are written once and
never changed, so a command that is executed late or twice does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from monitoring.feedback.redis_client import RedisClient
from monitoring.feedback.token_store import DAY, Token, TokenStoreError

_KEEP = """
local room = ARGV[1] - redis.call('HLEN', KEYS[1])
local kept = 0
for i = 3, #ARGV, 2 do
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 then
    kept = kept + 1
  elseif room > 0 then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    room = room - 1
    kept = kept + 1
  end
end
redis.call('EXPIREAT', KEYS[1], ARGV[2])
return kept
"""
_FIND = """
local found = {}
for i = 1, #ARGV do found[i] = redis.call('HGET', KEYS[1], ARGV[i]) or '' end
return found
"""


class RedisAnswerStore:
    """Answers in Redis; ``purge`` is left to its expiry of keys."""

    def __init__(self, url: str, key_prefix: str, days: float, per_day: int) -> None:
        """Prepare for ``url``; ``key_prefix``: of its keys; ``days``: how long tokens are valid.

        ``per_day``: the most answers of one day.

        Raises ``TokenStoreError``.
        """
        self._client = RedisClient(url)
        self._key_prefix = key_prefix
        self._days = days
        self._per_day = per_day

    def keep(self, answers: Sequence[tuple[Token, bytes]]) -> int:
        """As of ``AnswerStore``."""
        stored = 0
        ordered = sorted(answers, key=lambda one: one[0][0] // DAY)
        for day, some in groupby(ordered, lambda one: one[0][0] // DAY):
            pairs = [part for (_, nonce), answer in some for part in (nonce, answer)]
            until = int((day + 2 + self._days) * DAY)
            answer = self._client.eval(_KEEP, 1, self._key(day), self._per_day, until, *pairs)
            if type(answer) is not int:
                raise self._unexpected()
            stored += answer
        return stored

    def find(self, tokens: Sequence[Token]) -> list[bytes | None]:
        """As of ``AnswerStore``."""
        by_key: dict[tuple[int, bytes], bytes] = {}
        keys = [(minted // DAY, nonce) for minted, nonce in tokens]
        for day in {day for day, _ in keys}:
            nonces = [nonce for its, nonce in keys if its == day]
            answers: Any = self._client.eval(_FIND, 1, self._key(day), *nonces)
            if not isinstance(answers, list) or len(answers) != len(nonces):
                raise self._unexpected()
            for nonce, answer in zip(nonces, answers, strict=True):
                if not isinstance(answer, bytes):
                    raise self._unexpected()
                by_key[day, nonce] = answer
        return [by_key[key] or None for key in keys]

    def purge(self, before: float) -> None:
        """Do nothing: keys expire."""

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _key(self, day: int) -> str:
        return f"{self._key_prefix}:{day}"

    def _unexpected(self) -> TokenStoreError:
        self._client.close()  # it may be out of sync: the next answer could be another's
        return TokenStoreError("redis: expected kept answers, got another reply")
