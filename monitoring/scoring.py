"""Labels against the predictions in their tokens: what counts, what is refused and why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from monitoring.feedback import Token, TokenError, Tokens, hashed
from monitoring.feedback_metrics import FeedbackMetrics, Outcome
from monitoring.seen import Seen

_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0"})


class InvalidError(Exception):
    """An actual value that is no label of this model."""


@dataclass(frozen=True)
class Verified:
    """A label whose token is good and whose value fits; it may still be a duplicate."""

    index: int
    token: Token
    outcome: Outcome


@dataclass(frozen=True)
class Rejected:
    """A label that doesn't count; ``index`` is its place in the request."""

    index: int
    reason: str


class Scorer:
    """Turns tokens and labels into outcomes."""

    def __init__(self, tokens: Tokens, classes: Sequence[Any] | None) -> None:
        """``classes``: None for a regression."""
        self.tokens = tokens
        self._classes = classes

    def verify(self, items: Iterable[tuple[Any, Any]]) -> tuple[list[Verified], list[Rejected]]:
        """(token, actual) pairs, judged one by one; duplicates are not looked for here."""
        good: list[Verified] = []
        bad: list[Rejected] = []
        for index, (text, actual) in enumerate(items):
            try:
                token = self.tokens.verify(text)
                good.append(Verified(index, token, self._outcome(token, actual)))
            except TokenError as error:
                bad.append(Rejected(index, error.reason))
            except InvalidError:
                bad.append(Rejected(index, "invalid_actual"))
        return good, bad

    def _outcome(self, token: Token, actual: Any) -> Outcome:
        ours = token.version == self.tokens.version
        delay = self.tokens.age(token)
        if self._classes is None:
            error = token.number - number(actual)
            if not math.isfinite(error):
                raise InvalidError
            return Outcome(token.bitmap, ours, delay, error=error)
        label = class_label(actual, self._classes)
        return Outcome(
            token.bitmap,
            ours,
            delay,
            correct=hashed(label) == token.prediction,
            predicted=self.tokens.predicted(token),
            actual=label,
        )


def settle(
    good: Sequence[Verified], bad: Sequence[Rejected], seen: Seen, metrics: FeedbackMetrics
) -> tuple[int, list[Rejected]]:
    """Count every label that wasn't counted before: how many, and all that were refused.

    First the set, then the counters, then the answer: a crash in between loses these labels and
    counts none twice. Raises ``StoreError``; nothing is counted then.
    """
    new = seen.add([(one.token.minted, one.token.nonce) for one in good]) if good else []
    metrics.add(one.outcome for one, fresh in zip(good, new, strict=True) if fresh)
    twice = [
        Rejected(one.index, "duplicate") for one, fresh in zip(good, new, strict=True) if not fresh
    ]
    rejected = sorted([*bad, *twice], key=lambda one: one.index)
    for one in rejected:
        metrics.reject(one.reason)
    return len(good) - len(twice), rejected


def number(actual: Any) -> float:
    """A regression's label: a finite number, or text of one; raises ``InvalidError``."""
    if isinstance(actual, bool) or not isinstance(actual, int | float | str):
        raise InvalidError
    if isinstance(actual, str) and "_" in actual:
        raise InvalidError  # digits in groups are Python's own way
    try:
        found = float(actual)
    except (ValueError, OverflowError) as error:
        raise InvalidError from error
    if not math.isfinite(found):
        raise InvalidError
    return found


def class_label(actual: Any, classes: Sequence[Any]) -> Any:
    """A class label in the type that the model's classes have; raises ``InvalidError``.

    Text, as CSV has it, is read as that type: ``"1"`` and ``1.0`` are the class 1, ``"true"`` and
    1 the class True, 1 the class ``"1"``. A label that is no class is a label all the same.
    """
    if actual is None or not isinstance(actual, bool | int | float | str):
        raise InvalidError
    kinds = {type(one) for one in classes}
    if kinds == {bool}:
        return _boolean(actual)
    if kinds and kinds <= {int, float}:
        value = number(int(actual) if isinstance(actual, bool) else actual)
        known = next((one for one in classes if one == value), None)
        return known if known is not None else int(value) if _whole(value, kinds) else value
    forms = [str(actual), str(actual).lower()] if isinstance(actual, bool) else [str(actual)]
    if isinstance(actual, float) and actual.is_integer():
        forms.append(str(int(actual)))
    return next((form for form in forms if form in classes), forms[0])


def _whole(value: float, kinds: set[type]) -> bool:
    return int in kinds and value.is_integer()


def _boolean(actual: Any) -> bool:
    text = str(int(actual) if isinstance(actual, bool) else actual).strip().lower()
    text = text.removesuffix(".0")
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise InvalidError
