"""Scores labels of structured answers, which come back with their answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from monitoring.feedback.answer_tokens import AnswerTokens
from monitoring.feedback.canonical import plain
from monitoring.feedback.labels import InvalidError
from monitoring.feedback.output_labels import AnswerLabels, OutputLabel
from monitoring.feedback.scoring import RejectedLabel, VerifiedLabel, VerifiedLabels
from monitoring.feedback.tokens import Token, TokenError
from monitoring.metrics.output_feedback import OutputResult, ScoredAnswer
from monitoring.scoring.outputs import LabelledOutput

_PART_BYTES = 6


class AnswerScorer:
    """Turns tokens, answers and labels into outcomes."""

    def __init__(self, tokens: AnswerTokens, outputs: Sequence[LabelledOutput]) -> None:
        self.tokens = tokens
        self._labels = AnswerLabels(outputs)

    def verify(self, items: Iterable[tuple[Any, Any, Any]]) -> VerifiedLabels:
        """Check (token, answer, actual) triples one by one; duplicates are not detected here.

        One without a label is skipped, whatever its token and answer.
        """
        good: list[VerifiedLabel] = []
        bad: list[RejectedLabel] = []
        skipped = 0
        for index, (text, answer, actual) in enumerate(items):
            if isinstance(text, str) and self._labels.is_absent(actual):
                skipped += 1
                continue
            try:
                token = self.tokens.verify(text)
                good.append(self._verified(index, token, answer, actual))
            except (TokenError, InvalidError) as error:
                bad.append(RejectedLabel(index, error.reason))
        return VerifiedLabels(good, bad, skipped)

    def _verified(self, index: int, token: Token, answer: Any, actual: Any) -> VerifiedLabel:
        if answer is None:
            raise InvalidError("answer_missing")
        if not self.tokens.gave(token, answer):
            raise InvalidError("wrong_answer")
        labels = self._labels.read(plain(answer), actual)
        results = tuple(OutputResult(*one, _parts(one)) for one in labels)
        own = token.version == self.tokens.version
        parts = [_key(result.output.name, part) for result in results for part in result.parts]
        outcome = ScoredAnswer(token.bitmap, own, self.tokens.age(token), results)
        # Which parts there are depends on the version: another one's label counts as a whole.
        return VerifiedLabel(index, token, outcome, (b"", *(parts if own else ())))


def _parts(one: OutputLabel) -> tuple[Any, ...]:
    """The parts of the output that the label has."""
    if not one.output.parts:
        return (None,)
    return tuple(one.truth) if isinstance(one.truth, dict) else one.output.parts


@lru_cache(maxsize=4096)
def _key(output: str, part: Any) -> bytes:
    """The key of a part in the store: independent of the order of outputs."""
    text = json.dumps([output, part])
    return hashlib.sha256(text.encode("ascii")).digest()[:_PART_BYTES]
