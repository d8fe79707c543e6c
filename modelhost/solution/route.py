"""Calls the member of each row's segment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

import numpy as np

from modelhost.errors import PackageError
from modelhost.predictions import Predictions
from modelhost.solution.answers import Answers
from modelhost.solution.partial_answers import taken

if TYPE_CHECKING:
    from modelhost.solution.members import Member


class Route:
    """Calls one member for each segment of the rows."""

    def __init__(
        self, segments: list[Any], members: Mapping[Any, Member], default: Member | None
    ) -> None:
        self._segments = segments
        self._members = members
        self._default = default

    def __call__(self, rows: Any) -> Answers:
        """The answers to ``rows`` in their order; the members of all segments work at once."""
        if len(rows) != len(self._segments):
            raise PackageError(
                f"route: expected one segment for each of {len(rows)} rows, got"
                f" {len(self._segments)}",
                "hand it the rows that the segments belong to",
            )
        indices: dict[str, list[int]] = {}
        by_value: dict[str, Member] = {}
        for index, segment in enumerate(self._segments):
            member = self._members.get(segment, self._default)
            if member is None:
                raise PackageError(
                    f"route: expected one of the segments"
                    f" {', '.join(map(repr, self._members))}, got {segment!r}",
                    "add it to the mapping, or name a default member",
                )
            by_value[member.spec.name] = member
            indices.setdefault(member.spec.name, []).append(index)
        if not by_value:  # no rows: the answers have the form of any
            by_value = {one.spec.name: one for one in self._members.values()}
        begun = {
            name: member.submit(taken(rows, indices.get(name, [])))
            for name, member in by_value.items()
        }
        return _merged({name: one.result() for name, one in begun.items()}, indices, len(rows))


def _merged(parts: Mapping[str, Answers], indices: Mapping[str, list[int]], rows: int) -> Answers:
    """Answers of several members in the order of the rows.

    Probabilities are kept if all parts have them, of the same classes; the names of outputs if they
    are the same.
    """
    labels: list[Any] = [None] * rows
    for name, answers in parts.items():
        for index, label in zip(indices.get(name, []), answers.member_predictions.labels):
            labels[index] = label
    names = {part.names for part in parts.values()}
    common = next(iter(names)) if len(names) == 1 else ()
    classes = {part.classes for part in parts.values()}
    whole = len(classes) == 1 and all(part.has_probabilities for part in parts.values())
    if not whole:
        return Answers("route", Predictions(labels, None), None, common)
    (known,) = classes
    chances = np.full((rows, len(known or ())), np.nan)
    for name, answers in parts.items():
        chances[indices.get(name, [])] = answers.probabilities
    return Answers("route", Predictions(labels, chances), known, common)
