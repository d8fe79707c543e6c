"""Answers that stand in for those of a member, to measure what its errors cost the whole.

The right answers are known for the rows of a study. A flow hands a member some of them, so a row is
found by its label in the frame's index.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

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

    def places(self, rows: Any, member: str) -> list[int]:
        """Which of them ``rows`` are, from 0.

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
        if not all(isinstance(one, int) and self.first <= one < end for one in labels):
            raise _unknown(member, f"an index with {truncate(str(labels[:3]), 80)}")
        return [one - self.first for one in labels]


class Replacement:
    """Known answers of one member to the rows of a study."""

    def __init__(self, spec: MemberSpec, rows: StudiedRows, found: Predictions) -> None:
        """``found``: an answer for each row; None where none is known: the member answers."""
        self._spec = spec
        self._rows = rows
        self._found = found
        self._known = [label is not None for label in found.labels]

    def answers(self, rows: Any, ask: Callable[[Any], Answers], classes: Any) -> Answers:
        """Those of ``rows``; ``ask`` gives the member's own, where none is known.

        Raises ``PackageError`` for rows that are not of the study.
        """
        places = self._rows.places(rows, self._spec.name)
        unknown = [at for at, place in enumerate(places) if not self._known[place]]
        found = self._found.at(places)
        if unknown:
            part = rows[unknown] if isinstance(rows, np.ndarray) else rows.iloc[unknown]
            found = _completed(found, unknown, ask(part).found)
        names = [one.name for one in self._spec.outputs] if len(self._spec.outputs) > 1 else []
        return Answers(self._spec.name, found, classes, names)


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
    found = {text for text in texts if text is not None}
    if known and found and not found & {*known}:
        given = truncate(", ".join(sorted(found)[:5]), 80)
        raise _no_answer(spec, f"its labels {', '.join(known)}", given)
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


def _completed(found: Predictions, places: Sequence[int], own: Predictions) -> Predictions:
    labels = list(found.labels)
    for place, label in zip(places, own.labels):
        labels[place] = label
    chances = found.probabilities
    if chances is not None and own.probabilities is not None:
        chances = chances.copy()
        chances[list(places)] = own.probabilities
    return Predictions(labels, chances)


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
