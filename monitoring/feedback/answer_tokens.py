"""Tokens of a model whose answer isn't one label or number: they hold the answer's digest.

The answer comes back with its label, and is accepted only if its digest is that in the signed
token: so the server needs no store of answers, and a client can't have another answer scored.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Sequence
from typing import Any

from monitoring.feedback.canonical import NO_ANSWER, digest
from monitoring.feedback.keys import FeedbackKeys
from monitoring.feedback.tokens import Bitmaps, Chances, Token, TokenError, Tokens


class AnswerTokens(Tokens):
    """Creates and verifies the tokens of one package version with ``[outputs]``."""

    def __init__(
        self,
        keys: FeedbackKeys,
        root: str,
        days: float = 30,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Sign for the package ``root`` in hex; a token is valid for ``days``."""
        super().__init__(keys, root, None, days, now)

    def mint(
        self, labels: Sequence[Any], probabilities: Chances | None, bitmaps: Bitmaps
    ) -> list[str]:
        """One token for each of n answers, any JSON; ``probabilities`` are not kept."""
        del probabilities
        return self.mint_digests([*map(digest, labels)], bitmaps)

    def verify(self, token: object) -> Token:
        """The content of ``token``; raises ``TokenError`` if no answer can be scored with it."""
        content = self.verified(token, answers=True)
        if content.prediction == NO_ANSWER:
            raise TokenError("no_prediction")
        return content

    def gave(self, token: Token, answer: Any) -> bool:
        """Whether ``answer`` is the one that ``token`` was made for."""
        return answer is not None and hmac.compare_digest(token.prediction, digest(answer))
