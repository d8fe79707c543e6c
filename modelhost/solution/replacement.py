"""A member without its own errors, to measure what they cost the whole.

Its right answers are known for the rows of a study. A flow hands a member some of them, so a row is
found by its label in the frame's index.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from modelhost.errors import PackageError
from modelhost.predictions import Predictions
from modelhost.solution.answers import Answers
from modelhost.solution.spec import MemberSpec
from modelhost.text import class_text, truncate


class StudiedRows:
    """The rows of a study, by the labels of their index: ``first``, ``first + 1`` and so on."""

    def __init__(self, count: int, first: int = 0) -> None:
        self.count = count
        self.first = first

    def indices(self, rows: Any, member: str) -> list[int]:
        """The indices of ``rows`` among them, from 0.

        An array has no index: it has to hold all of them. Raises ``PackageError`` for rows that are
        none of them.
        """
        index = getattr(rows, "index", None)
        if index is None or callable(index):
            if len(rows) == self.count:
                return list(range(self.count))
            raise _unknown(member, f"an array of {len(rows)} of {self.count} rows")
        labels = index.tolist()
        end = self.first + self.count
        if not all(isinstance(label, int) and self.first <= label < end for label in labels):
            raise _unknown(member, f"an index with {truncate(str(labels[:3]), 80)}")
        return [label - self.first for label in labels]


class Replacement:
    """One member without its own errors.

    Its right answer to a row is the one to the right input. If a member before it is wrong, its
    input is, and so may its answer be, without an error of its own. So what is replaced is the
    difference between its usual answer, that to the input which it gets if all others are right,
    and the right one: a number is corrected by that difference, a label is replaced if it is still
    the usual one. A right label is certain, or keeps the probability of the label in whose place it
    is: the flow of a cascade asks others about what a member is not sure of.
    """

    def __init__(self, spec: MemberSpec, rows: StudiedRows, right: Predictions) -> None:
        """``right``: its right answer to each row; None where it is unknown: it stays as it is."""
        self._spec = spec
        self._rows = rows
        self._right = right
        self.usual: dict[int, Any] = {}
        """Place of a row → its usual answer."""
        self.learns = False
        """Whether all others are right, so that its answers are the usual ones."""
        self.is_certain = True
        """Whether a right label has the probability 1."""

    def corrected(self, rows: Any, own: Answers) -> Answers:
        """``own``, its answers to ``rows``, without its errors.

        Raises ``PackageError`` for rows that are not of the study.
        """
        labels, chances = list(own.member_predictions.labels), own.member_predictions.probabilities
        chances = None if chances is None else chances.copy()
        for at, index in enumerate(self._rows.indices(rows, self._spec.name)):
            right = self._right.labels[index]
            if right is None:
                continue
            if self.learns:
                self.usual[index] = labels[at]
            elif index not in self.usual:
                continue  # a row that it would not have got
            elif labels[at] != self.usual[index]:
                labels[at] = self._moved(labels[at], self.usual[index], right)
                continue
            if chances is not None and self._right.probabilities is not None:
                chances[at] = self._chances(index, chances[at], labels[at], own.classes)
            labels[at] = right
        names = (
            [output.name for output in self._spec.outputs] if len(self._spec.outputs) > 1 else []
        )
        return Answers(self._spec.name, Predictions(labels, chances), own.classes, names)

    @property
    def has_probabilities(self) -> bool:
        """Whether its answers have them."""
        return self._right.probabilities is not None

    def _chances(self, index: int, own: Any, label: Any, classes: Any) -> Any:
        """Of the right label; ``own`` and ``label`` are the member's."""
        certain = self._right.probabilities[index]  # type: ignore[index]
        if self.is_certain or label is None or label not in classes or not certain.any():
            return certain
        label_index, right = classes.index(label), int(certain.argmax())
        swapped = own.copy()
        swapped[[label_index, right]] = own[[right, label_index]]
        return swapped

    def _moved(self, own: Any, usual: Any, right: Any) -> Any:
        """The answer to another input than the right one."""
        if self._spec.task != "regression" or own is None or usual is None:
            return own
        return own + (right - usual)


def right_answers(
    spec: MemberSpec, truth: Sequence[Any], classes: Sequence[Any] | None, *, chances: bool
) -> Predictions:
    """The right answers as the member gives them: certain, with the labels of ``classes``.

    ``truth``: plain values, None where the right answer is unknown. ``chances``: whether the member
    gives probabilities; they are 1 for the right label, and 0 for all if the member lacks it.
    Raises ``PackageError`` for values that can't be its answers.
    """
    if spec.task != "classification":
        return Predictions([_number(one, spec) for one in truth], None)
    known = {_class_text(label): (at, label) for at, label in enumerate(classes or ())}
    texts = [None if one is None else _class_text(one) for one in truth]
    distinct = {text for text in texts if text is not None}
    if known and distinct and not distinct & {*known}:
        listed = truncate(", ".join(sorted(distinct)[:5]), 80)
        raise _no_answer(spec, f"its labels {', '.join(known)}", listed)
    labels = [
        None if text is None else known[text][1] if text in known else one
        for text, one in zip(texts, truth)
    ]
    if not chances:
        return Predictions(labels, None)
    certain = np.zeros((len(labels), len(known)))
    for row, text in enumerate(texts):
        if text in known:
            certain[row, known[text][0]] = 1.0
    return Predictions(labels, certain)


def _class_text(value: Any) -> str:
    """``class_text``; a whole number is one, also as a float: a column with nulls has floats."""
    whole = isinstance(value, float) and value.is_integer()
    return class_text(int(value) if whole else value)


def _number(value: Any, spec: MemberSpec) -> float | None:
    if value is None:
        return None
    if isinstance(value, (bool, str)):
        raise _no_answer(spec, "numbers", repr(value))
    return float(value)


def _no_answer(spec: MemberSpec, expected: str, got: str) -> PackageError:
    return PackageError(
        f"member {spec.name!r}: `truth`: expected {expected} in column {spec.truth!r}, got {got}",
        "name the column with the member's own right answers, or leave `truth` out",
    )


def _unknown(member: str, got: str) -> PackageError:
    return PackageError(
        f"member {member!r}: expected rows with the index of the solution's rows, got {got}",
        "keep the index of `rows` in the flow: no reset_index, no arrays of some rows",
    )
