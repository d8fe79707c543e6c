"""The key of a token in a store of answers."""

from __future__ import annotations

from served_labels import KEYS

from monitoring.feedback.answer_store import own_token
from monitoring.feedback.answer_tokens import AnswerTokens


def test_time_and_nonce_are_those_of_the_token() -> None:
    tokens = AnswerTokens(KEYS, "a" * 64)
    for text in tokens.mint([{"price": 1.5}, [1, 2], "x"], None, [1, 2, 3]):
        found = tokens.verify(text)
        assert own_token(text) == (found.minted, found.nonce)
