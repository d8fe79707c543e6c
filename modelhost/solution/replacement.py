"""Answers that stand in for those of a member, to measure what its errors cost the whole.

The right answers, or those of another release, are known for the rows of the request. A flow hands
a member some of them, so a row is found by its label in the frame's index.
"""

from __future__ import annotations

from typing import Any

from modelhost.errors import PackageError
from modelhost.predictions import Predictions
from modelhost.solution.answers import Answers
from modelhost.solution.spec import MemberSpec


class Replacement:
    """Known answers of one member to the rows of a request."""

    def __init__(self, spec: MemberSpec, found: Predictions, classes: Any) -> None:
        """``found``: an answer for each row of the request, whose index is 0, 1 and so on."""
        self._spec = spec
        self._found = found
        self._classes = classes

    def answers(self, rows: Any) -> Answers:
        """Those of ``rows``; raises ``PackageError`` if their index is not that of the request."""
        places = self._places(rows)
        names = [one.name for one in self._spec.outputs] if len(self._spec.outputs) > 1 else []
        return Answers(self._spec.name, self._found.at(places), self._classes, names)

    def _places(self, rows: Any) -> list[int]:
        every = len(self._found.labels)
        index = getattr(rows, "index", None)
        if index is None or callable(index):
            if len(rows) == every:
                return list(range(every))
            raise self._unknown(f"an array of {len(rows)} of {every} rows")
        places = index.tolist()
        if not all(isinstance(one, int) and 0 <= one < every for one in places):
            raise self._unknown(f"an index with {places[:3]}")
        return list(places)

    def _unknown(self, got: str) -> PackageError:
        return PackageError(
            f"member {self._spec.name!r}: expected rows with the index of the solution's rows, got"
            f" {got}",
            "keep the index of `rows` in the flow: no reset_index, no arrays of some rows",
        )
