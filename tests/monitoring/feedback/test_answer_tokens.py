from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

from monitoring.feedback.answer_tokens import AnswerTokens
from monitoring.feedback.keys import FeedbackKeys
from monitoring.feedback.tokens import TOKEN_LENGTH, TokenError, Tokens

ROOT = "0123456789ab" + "0" * 52
KEYS = FeedbackKeys(1, {1: b"k" * 32})
NOW = 1_700_000_000


def minter(root: str = ROOT, keys: FeedbackKeys = KEYS, at: float = NOW) -> AnswerTokens:
    return AnswerTokens(keys, root, now=lambda: at)


ANSWERS: list[Any] = [{"price": 1.5, "tags": ["a", "b"]}, [0.25] * 784, "text", 3, 0.0, [], False]


def test_a_token_has_64_characters_whatever_the_answer() -> None:
    mine = minter()
    tokens = mine.mint(ANSWERS, None, np.arange(1, len(ANSWERS) + 1))
    assert [len(token) for token in tokens] == [TOKEN_LENGTH] * len(ANSWERS)
    assert len({*tokens}) == len(ANSWERS)
    for place, (token, answer) in enumerate(zip(tokens, ANSWERS, strict=True)):
        found = mine.verify(token)
        assert (found.version.hex(), found.minted, found.bitmap) == (ROOT[:12], NOW, place + 1)
        gave = [mine.gave(found, other) for other in ANSWERS]
        assert gave == [other == answer and type(other) is type(answer) for other in ANSWERS]
        assert not mine.gave(found, None)


def test_no_answer_can_be_scored_with_the_token_of_a_missing_one() -> None:
    mine = minter()
    (token,) = mine.mint([None], None, [1])
    with pytest.raises(TokenError, match="no_prediction"):
        mine.verify(token)


@pytest.mark.parametrize("place", range(0, 48, 5))
def test_a_changed_token_is_refused(place: int) -> None:
    mine = minter()
    raw = bytearray(base64.urlsafe_b64decode(mine.mint([[1.0]], None, [1])[0]))
    raw[place] ^= 1
    with pytest.raises(TokenError, match="bad_signature"):
        mine.verify(base64.urlsafe_b64encode(bytes(raw)).decode())


def test_a_token_of_another_task_or_key_is_refused() -> None:
    mine = minter()
    (answers,) = mine.mint(["yes"], None, [1])
    for classes, label in ((("no", "yes"), "yes"), (None, 1.0)):
        plain = Tokens(KEYS, ROOT, classes, now=lambda: NOW)
        (token,) = plain.mint([label], None, [1])
        for verifier, other in ((mine, token), (plain, answers)):
            with pytest.raises(TokenError, match="unknown_version"):
                verifier.verify(other)
    with pytest.raises(TokenError, match="bad_signature"):
        minter(keys=FeedbackKeys(1, {1: b"x" * 32})).verify(answers)
    with pytest.raises(TokenError, match="expired"):
        minter(at=NOW + 31 * 86_400).verify(answers)
