"""Scores labels against the predictions in their tokens: counted, or rejected with a reason."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.feedback.labels import Classes, InvalidError, Numbers
from monitoring.feedback.token_store import TokenStore
from monitoring.feedback.tokens import Token, TokenError, Tokens, hashed
from monitoring.metrics.feedback import FeedbackMetrics, ScoredLabel


@dataclass(frozen=True)
class Verified:
    """A label with a valid token and a valid value; it may still be a duplicate."""

    index: int
    token: Token
    outcome: ScoredLabel


@dataclass(frozen=True)
class Rejected:
    """A label that isn't counted; ``index`` is its position in the request."""

    index: int
    reason: str


@dataclass(frozen=True)
class VerifiedLabels:
    """The labels of one request, before duplicates are removed."""

    good: Sequence[Verified]
    bad: Sequence[Rejected]
    skipped: int
    """Pairs without a label yet."""


@dataclass(frozen=True)
class FeedbackCounts:
    """The result for the labels of one request."""

    accepted: int
    rejected: Sequence[Rejected]
    skipped: int


class Scorer:
    """Turns tokens and labels into outcomes."""

    def __init__(self, tokens: Tokens, classes: Sequence[Any] | None) -> None:
        """``classes``: None for a regression."""
        self.tokens = tokens
        self._labels = Numbers() if classes is None else Classes(classes)

    def verify(self, items: Iterable[tuple[Any, Any]]) -> VerifiedLabels:
        """Check (token, actual) pairs one by one; duplicates are not detected here.

        A pair without a label is skipped whatever its token: there is nothing to count, and the
        token stays valid for a later label.
        """
        good: list[Verified] = []
        bad: list[Rejected] = []
        skipped = 0
        for index, (text, actual) in enumerate(items):
            if isinstance(text, str) and self._labels.is_absent(actual):
                skipped += 1
                continue
            try:
                token = self.tokens.verify(text)
                good.append(Verified(index, token, self._outcome(token, actual)))
            except (TokenError, InvalidError) as error:
                bad.append(Rejected(index, error.reason))
        return VerifiedLabels(good, bad, skipped)

    def _outcome(self, token: Token, actual: Any) -> ScoredLabel:
        label = self._labels.read(actual)
        ours = token.version == self.tokens.version
        delay = self.tokens.age(token)
        if isinstance(self._labels, Numbers):
            error = token.number - label
            if not math.isfinite(error):
                raise InvalidError("not_a_number")
            return ScoredLabel(token.bitmap, ours, delay, error=error)
        return ScoredLabel(
            token.bitmap,
            ours,
            delay,
            correct=hashed(label) == token.prediction,
            predicted=self.tokens.predicted(token),
            actual=label,
        )


def settle(judged: VerifiedLabels, seen: TokenStore, metrics: FeedbackMetrics) -> FeedbackCounts:
    """Count every label that wasn't counted before.

    Order: the set, the counters, the answer. A crash in between loses these labels and counts none
    twice. Raises ``StoreError``; then nothing is counted.
    """
    good = judged.good
    new = seen.add([(one.token.minted, one.token.nonce) for one in good]) if good else []
    metrics.add(one.outcome for one, fresh in zip(good, new, strict=True) if fresh)
    twice = [
        Rejected(one.index, "duplicate") for one, fresh in zip(good, new, strict=True) if not fresh
    ]
    rejected = sorted([*judged.bad, *twice], key=lambda one: one.index)
    for one in rejected:
        metrics.reject(one.reason)
    metrics.skip(judged.skipped)
    return FeedbackCounts(len(good) - len(twice), rejected, judged.skipped)
