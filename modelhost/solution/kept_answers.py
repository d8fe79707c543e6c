"""Answers of members to rows that runs of a study hand them again, in bounded memory."""

from __future__ import annotations

import sys
from collections import OrderedDict
from typing import Any, Tuple

from modelhost.predictions import Predictions

MAX_BYTES = 256 * 1024 * 1024
"""Of all answers of a study. Members answer again what was dropped."""
_Key = Tuple[str, str]


class KeptAnswers:
    """Answers by member and digest of the rows, at most ``limit`` bytes of them."""

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._limit = limit
        self._kept: OrderedDict[_Key, tuple[Predictions, int]] = OrderedDict()
        self.bytes = 0
        """Of what is kept, about."""

    def find(self, member: str, digest: str) -> Predictions | None:
        """The answers to the rows of ``digest``; None if they are not kept."""
        entry = self._kept.get((member, digest))
        if entry is None:
            return None
        self._kept.move_to_end((member, digest))
        return entry[0]

    def keep(self, member: str, digest: str, predictions: Predictions) -> None:
        """Keep answers, and drop those that were not asked for since longest, if it is too much."""
        key = (member, digest)
        if key in self._kept:
            return
        size = _bytes(list(predictions.labels))
        if predictions.probabilities is not None:
            size += predictions.probabilities.nbytes
        self._kept[key] = (predictions, size)
        self.bytes += size
        while self.bytes > self._limit:
            _, (_, dropped) = self._kept.popitem(last=False)
            self.bytes -= dropped


def _bytes(value: Any) -> int:
    """About the memory of a plain value; lists in a list have equal sizes."""
    size = sys.getsizeof(value)
    if isinstance(value, dict):
        return size + sum(_bytes(one) for one in value.values())
    if not isinstance(value, (list, tuple)) or not value:
        return size
    if isinstance(value[0], (list, tuple)):
        return size + len(value) * _bytes(value[0])
    return size + sum(_bytes(one) for one in value)
