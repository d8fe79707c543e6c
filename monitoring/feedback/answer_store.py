"""Answers by token, kept until late labels come: what a store of them does.

An answer is bytes here. Two kinds are kept: a challenger's (``challenger_answers``), and the
model's own that are larger than a token (``own_answers``).
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from typing import Protocol

from monitoring.feedback.token_store import Token

_MINTED_AND_NONCE = struct.Struct(">7xI13x8s")
"""Of the body of a token (:mod:`monitoring.feedback.tokens`)."""


class AnswerStore(Protocol):
    """Answers by token that all workers share; calls may block; not thread-safe."""

    def keep(self, answers: Sequence[tuple[Token, bytes]]) -> int:
        """Keep answers; return how many there was room for. Raises ``TokenStoreError``.

        The first answer to a token stays.
        """
        ...

    def find(self, tokens: Sequence[Token]) -> list[bytes | None]:
        """The answer kept for each token; None for none. Raises ``TokenStoreError``."""
        ...

    def purge(self, before: float) -> None:
        """Delete the days that ended before this time (seconds since 1970)."""
        ...

    def close(self) -> None:
        """Close the store."""
        ...


def own_token(text: str) -> Token:
    """Time and nonce of a token that this server made: nothing of it is checked."""
    minted, nonce = _MINTED_AND_NONCE.unpack(base64.urlsafe_b64decode(text)[:32])
    return minted, nonce
