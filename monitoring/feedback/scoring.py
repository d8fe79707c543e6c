"""Scores labels against the predictions in their tokens: counted, or rejected with a reason."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from monitoring.feedback.labels import Classes, InvalidError, Numbers
from monitoring.feedback.token_store import Token as StoredToken
from monitoring.feedback.token_store import TokenStore
from monitoring.feedback.tokens import Token, TokenError, Tokens, hashed
from monitoring.metrics.feedback import ScoredLabel

MAX_KEYS_AT_ONCE = 20_000
"""Keys that are added to the set in one call, unless one label has more."""


class Outcome(Protocol):
    """The counts that one label changes."""

    def only(self, fresh: Sequence[bool], /) -> Self | None:
        """The new part of it, given whether each key of the label is new; None for nothing."""
        ...


class LabelMetrics(Protocol):
    """The counters of labels."""

    def add(self, outcomes: Iterable[Any], /) -> None:
        """Count outcomes."""
        ...

    def reject(self, reason: str, /) -> None:
        """Count a rejected label."""
        ...

    def skip(self, count: int, /) -> None:
        """Count tokens without a label."""
        ...


@dataclass(frozen=True)
class VerifiedLabel:
    """A label with a valid token and a valid value; it may still be a duplicate."""

    index: int
    token: Token
    outcome: Outcome
    parts: tuple[bytes, ...] = (b"",)
    """The keys of the label's parts, each of which counts once."""

    @property
    def keys(self) -> list[StoredToken]:
        """The keys of its parts in the set of scored tokens."""
        token = self.token
        return [(token.minted, token.nonce + part) for part in self.parts]


@dataclass(frozen=True)
class RejectedLabel:
    """A label that isn't counted; ``index`` is its position in the request."""

    index: int
    reason: str


@dataclass(frozen=True)
class VerifiedLabels:
    """The labels of one request, before duplicates are removed."""

    good: Sequence[VerifiedLabel]
    bad: Sequence[RejectedLabel]
    skipped: int
    """Pairs without a label yet."""


@dataclass(frozen=True)
class FeedbackCounts:
    """The result for the labels of one request."""

    accepted: int
    rejected: Sequence[RejectedLabel]
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
        good: list[VerifiedLabel] = []
        bad: list[RejectedLabel] = []
        skipped = 0
        for index, (text, actual) in enumerate(items):
            if isinstance(text, str) and self._labels.is_absent(actual):
                skipped += 1
                continue
            try:
                token = self.tokens.verify(text)
                good.append(VerifiedLabel(index, token, self._outcome(token, actual)))
            except (TokenError, InvalidError) as error:
                bad.append(RejectedLabel(index, error.reason))
        return VerifiedLabels(good, bad, skipped)

    def _outcome(self, token: Token, actual: Any) -> ScoredLabel:
        label = self._labels.read(actual)
        ours = token.version == self.tokens.version
        delay = self.tokens.age(token)
        if isinstance(self._labels, Numbers):
            error = token.number - label
            if not math.isfinite(error):
                raise InvalidError("not_a_number")
            return ScoredLabel(token.bitmap, ours, delay, actual=label, error=error)
        return ScoredLabel(
            token.bitmap,
            ours,
            delay,
            correct=hashed(label) == token.prediction,
            predicted=self.tokens.predicted(token),
            actual=label,
        )


def settle(judged: VerifiedLabels, seen: TokenStore, metrics: LabelMetrics) -> FeedbackCounts:
    """Count every label that wasn't counted before.

    Order: the set, the counters, the answer. A crash in between loses these labels and counts none
    twice. Raises ``TokenStoreError``; then labels of earlier calls of the set, of
    ``MAX_KEYS_AT_ONCE`` each, are counted.
    """
    twice = []
    for some in _together(judged.good):
        new = iter(seen.add([key for one in some for key in one.keys]))
        settled = [(one, one.outcome.only([next(new) for _ in one.parts])) for one in some]
        metrics.add(outcome for _, outcome in settled if outcome is not None)
        twice += [
            RejectedLabel(one.index, "duplicate") for one, outcome in settled if outcome is None
        ]
    rejected = sorted([*judged.bad, *twice], key=lambda one: one.index)
    for one in rejected:
        metrics.reject(one.reason)
    metrics.skip(judged.skipped)
    return FeedbackCounts(len(judged.good) - len(twice), rejected, judged.skipped)


def unconfirmed(judged: VerifiedLabels) -> dict[StoredToken, tuple[VerifiedLabel, int]]:
    """Key → the label that counts if the set turns out to hold it, and which of its parts it is."""
    # Reversed: the first of equal keys is the one that counts.
    return {
        key: (one, index) for one in reversed(judged.good) for index, key in enumerate(one.keys)
    }


def confirmed(parts: Iterable[tuple[VerifiedLabel, int]]) -> list[Outcome]:
    """The outcomes of parts of labels that entered the set late."""
    indices: dict[int, tuple[VerifiedLabel, set[int]]] = {}
    for one, index in parts:
        indices.setdefault(one.index, (one, set()))[1].add(index)
    outcomes = [
        one.outcome.only([index in its for index in range(len(one.parts))])
        for one, its in indices.values()
    ]
    return [outcome for outcome in outcomes if outcome is not None]


def _together(good: Sequence[VerifiedLabel]) -> Iterator[list[VerifiedLabel]]:
    """The labels in groups of at most ``MAX_KEYS_AT_ONCE`` keys."""
    some: list[VerifiedLabel] = []
    keys = 0
    for one in good:
        if some and keys + len(one.parts) > MAX_KEYS_AT_ONCE:
            yield some
            some, keys = [], 0
        some.append(one)
        keys += len(one.parts)
    if some:
        yield some
