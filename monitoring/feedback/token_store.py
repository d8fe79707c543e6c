"""Which tokens have been scored: one set for all workers, so that no label counts twice.

A token's own, signed time says in which day's part of the set it belongs. So a part is dropped
whole when its last token has expired, and a row is nothing but the token's 8-byte nonce.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

DAY = 86_400
WAIT_SECONDS = 5.0

Token = tuple[int, bytes]
"""Time minted and nonce."""


class StoreError(Exception):
    """The set can't be read or written now; what was added to it nevertheless, `late` tells."""


class TokenStore(Protocol):
    """A set of tokens that all workers share; may block, and is for one thread."""

    def add(self, tokens: Sequence[Token]) -> list[bool]:
        """Add tokens; which of them were not there before, and are the caller's to count.

        Of equal ones in ``tokens`` only the first is new. Raises ``StoreError``: none of them is
        to be counted then, but those that ``confirmed_late`` tells of.
        """

    def confirmed_late(self) -> list[Token]:
        """Tokens that calls of ``add`` put into the set although they raised; each once.

        They are the caller's to count. Raises ``StoreError`` where that can't be told yet.
        """

    def purge(self, before: float) -> None:
        """Forget the days that ended before this time (seconds since 1970)."""

    def close(self) -> None:
        """Let go of the store."""


def first_occurrences(new: Iterable[Token], tokens: Sequence[Token]) -> list[bool]:
    """For each token whether it is in ``new`` and not the same as one before it."""
    left = set(new)
    found = []
    for token in tokens:
        found.append(token in left)
        left.discard(token)
    return found
