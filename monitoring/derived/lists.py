"""Numbers derived from lists: length, members never seen, and the mean of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from monitoring.derived import vocabulary
from monitoring.derived.texts import hashes_of

Floats = npt.NDArray[np.float64]

MAX_MEMBERS = 200
"""Members of a list that are looked up; the length is that of the whole list."""


class ListCells:
    """Lists of one column; None for null."""

    kind: Literal["list"] = "list"

    def __init__(self, values: Sequence[Sequence[Any] | None]) -> None:
        self._values = values

    def measured(self, measure: str, learned: str) -> Floats:
        """The number of each list; ``learned``: the vocabulary, for ``unseen``."""
        if measure == "unseen":
            return vocabulary.unseen_shares(self.hashes, vocabulary.known_words(learned))
        measured = len if measure == "length" else _mean
        return np.array([np.nan if v is None else measured(v) for v in self._values], np.float64)

    def learn_vocabulary(self) -> tuple[str, Floats]:
        """As ``vocabulary.learn``."""
        return vocabulary.learn(self.hashes)

    @cached_property
    def hashes(self) -> list[list[int] | None]:
        """The hashes of each list's members, 32 bits each."""
        return [
            None if value is None else hashes_of([_text(one) for one in value[:MAX_MEMBERS]])
            for value in self._values
        ]


def _text(member: Any) -> str:
    """The text of a member; equal numbers have equal texts."""
    if isinstance(member, int | float) and not isinstance(member, bool):
        whole = isinstance(member, int) or member.is_integer()
        return f"n{int(member) if whole else member!r}"
    return f"{type(member).__name__[0]}{member}"


def _mean(members: Sequence[Any]) -> float:
    """The mean of the finite numbers among the first members; NaN without any."""
    numbers = [
        float(member)
        for member in members[:MAX_MEMBERS]
        if isinstance(member, int | float) and not isinstance(member, bool) and abs(member) < 1e300
    ]
    return sum(numbers) / len(numbers) if numbers else np.nan
