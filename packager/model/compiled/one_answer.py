"""The answer to one row from its scores, in plain Python: ``heads.LinkedScores`` for one row."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.manifest.base import Scalar
from packager.model.compiled.form import Link
from packager.model.compiled.heads import HeadSpec, LinkedScores, logistic_of_one

OneRow = tuple[Scalar, list[float] | None]
Scores = npt.NDArray[np.float64]
Answer = Callable[[Scores, float], OneRow | None]

MAX_IN_ORDER = 7
"""NumPy adds up to this many numbers one after another, more in another order."""


def one_answer(link: Link, meaning: HeadSpec) -> Answer:
    """A function from the scores of a row, shape (scores,), and a bound on their rounding.

    It returns None if the rounding could change the answer.
    """
    several = meaning.classes is not None and len(meaning.classes)
    if link == "labels" and several == 2:
        return _binary(meaning, with_chances=False)
    if link == "logistic":
        return _binary(meaning, with_chances=True)
    if link in ("softmax", "labels") and several and several <= MAX_IN_ORDER:
        return _several(meaning, with_chances=link == "softmax")
    linked = LinkedScores(link, meaning)

    def answer(scores: Scores, error: float) -> OneRow | None:
        batch = linked(scores[None], np.array([error]))
        label = batch.labels[0]
        if not batch.good[0] or label is None:
            return None
        return label, None if batch.probabilities is None else batch.probabilities[0].tolist()

    return answer


def two_classes(
    meaning: HeadSpec, *, with_probabilities: bool
) -> Callable[[float, float], OneRow | None]:
    """A function from the score of the second class, and its error, to a row's answer.

    It gives None if the error could change the answer.
    """
    assert meaning.classes is not None
    one, other = meaning.classes
    tolerance = meaning.tolerance

    def answer(score: float, error: float) -> OneRow | None:
        if not (error <= tolerance and abs(score) > 4 * tolerance):
            return None
        label = other if score > 0 else one
        if not with_probabilities:
            return label, None
        positive = logistic_of_one(score)
        return label, [1 - positive, positive]

    return answer


def _binary(meaning: HeadSpec, with_chances: bool) -> Answer:
    answer = two_classes(meaning, with_probabilities=with_chances)
    return lambda scores, error: answer(scores.item(), error)


def _several(meaning: HeadSpec, with_chances: bool) -> Answer:
    assert meaning.classes is not None
    classes, tolerance = meaning.classes, meaning.tolerance

    def answer(scores: Scores, error: float) -> OneRow | None:
        values: Any = scores.tolist()
        second, highest = sorted(values)[-2:]
        if not (error <= tolerance and highest - second > 4 * tolerance):
            return None
        label = classes[values.index(highest)]
        if not with_chances:
            return label, None
        # NumPy's exponential, not Python's: its last bit may differ.
        raised = np.exp(scores - highest).tolist()
        total = reduce(add, raised)  # ``sum`` corrects its rounding from Python 3.12 on
        if not (total > 0 and math.isfinite(total)):
            return None
        return label, [part / total for part in raised]

    return answer
