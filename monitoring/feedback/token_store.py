"""Tokens that have been scored: one set for all workers, so that no label counts twice.

A token's signed time determines the day of the set it belongs to. So a day is deleted as a whole
when its last token has expired, and a row holds only the token's 8-byte nonce.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

DAY = 86_400
WAIT_SECONDS = 5.0

Token = tuple[int, bytes]
"""Time minted and nonce."""


class TokenStoreError(Exception):
    """The set can't be read or written now; ``confirmed_late`` reports tokens added anyway."""


class TokenStore(Protocol):
    """A set of tokens that all workers share; calls may block; not thread-safe."""

    def add(self, tokens: Sequence[Token]) -> list[bool]:
        """Add tokens; return for each whether it is new, so that the caller counts its label.

        Of equal tokens only the first is new. Raises ``TokenStoreError``; then only tokens that
        ``confirmed_late`` reports are to be counted.
        """

    def confirmed_late(self) -> list[Token]:
        """Tokens that calls of ``add`` put into the set although they raised; each once.

        The caller counts them. Raises ``TokenStoreError`` if that isn't known yet.
        """

    def purge(self, before: float) -> None:
        """Delete the days that ended before this time (seconds since 1970)."""

    def close(self) -> None:
        """Close the store."""


def first_occurrences(new: Iterable[Token], tokens: Sequence[Token]) -> list[bool]:
    """For each token whether it is in ``new`` and its first occurrence."""
    remaining = set(new)
    firsts = []
    for token in tokens:
        firsts.append(token in remaining)
        remaining.discard(token)
    return firsts
