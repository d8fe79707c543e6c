"""A member's answers to the rows that a flow passes to it."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from modelhost.errors import PackageError
from modelhost.predictions import Predictions
from modelhost.text import class_text


class Answers:
    """The answers of one member, an entry for each row, in the order of the rows.

    A row that the member could not answer has a missing answer: NaN of a number, else None.
    """

    def __init__(
        self,
        member: str,
        predictions: Predictions,
        classes: tuple[Any, ...] | None = None,
        names: Sequence[str] = (),
    ) -> None:
        """``names``: the outputs, if the member has several."""
        self._member = member
        self._answered = predictions
        self._names = tuple(names)
        self.classes = classes
        """The labels, in the order of ``probabilities``'s columns; None if there are none."""

    @property
    def names(self) -> tuple[str, ...]:
        """The outputs, if the member has several."""
        return self._names

    def __len__(self) -> int:
        return len(self._answered.labels)

    @property
    def predictions(self) -> Any:
        """One entry a row: an array of float64 for numbers, else of objects."""
        labels = self._answered.labels
        if self.classes is None and not self._names and all(label is None for label in labels):
            return np.full(len(labels), np.nan)
        return as_array(labels)

    @property
    def probabilities(self) -> Any:
        """Shape (rows, classes); raises ``PackageError`` if the member gives none."""
        if self._answered.probabilities is None:
            raise PackageError(
                f"member {self._member!r}: expected probabilities, got a model that gives none",
                "use its predictions",
            )
        return self._answered.probabilities

    @property
    def has_probabilities(self) -> bool:
        """Whether there are ``probabilities``."""
        return self._answered.probabilities is not None

    def probability(self, label: Any) -> Any:
        """The probability of ``label``, one number a row; raises ``PackageError``."""
        known = [class_text(class_) for class_ in self.classes or ()]
        if class_text(label) not in known:
            raise PackageError(
                f"member {self._member!r}: expected one of its labels, {', '.join(known)}, got"
                f" {label!r}",
                "`package inspect` lists them",
            )
        return self.probabilities[:, known.index(class_text(label))]

    def output(self, name: str) -> Any:
        """The answers of one output, if the member has several; raises ``PackageError``."""
        if name not in self._names:
            raise PackageError(
                f"member {self._member!r}: expected one of its outputs,"
                f" {', '.join(self._names) or 'of which it has one'}, got {name!r}",
                "use .predictions of a member with one answer",
            )
        return as_array([None if row is None else row[name] for row in self._answered.labels])

    def missing(self) -> Any:
        """A boolean for each row: whether it has no answer."""
        return np.array([label is None for label in self._answered.labels], bool)

    @property
    def member_predictions(self) -> Predictions:
        """As the member's process gave them."""
        return self._answered


def as_array(values: Sequence[Any]) -> Any:
    """Numbers as float64 with NaN for None, lists of numbers as one array, else objects."""
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {int, float}:
        return np.array([np.nan if value is None else value for value in values], np.float64)
    if kinds == {list} and None not in values:
        try:
            whole = np.array(values, np.float64)
        except (TypeError, ValueError):  # lists of other things, or of several lengths
            whole = None
        if whole is not None and whole.ndim > 1:
            return whole
    objects = np.empty(len(values), object)
    objects[:] = values
    return objects


def nothing(
    member: str, rows: int, classes: tuple[Any, ...] | None, names: Sequence[str]
) -> Answers:
    """The answers of a member that gave none."""
    chances = None if classes is None else np.full((rows, len(classes)), np.nan)
    return Answers(member, Predictions([None] * rows, chances), classes, names)
