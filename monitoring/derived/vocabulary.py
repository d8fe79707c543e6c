"""A bounded set of the words, or the members of lists, that the training rows hold, as hashes."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Hashes = Sequence[Sequence[int] | None]
"""The hashes of each row's words, 32 bits each; None for null."""

MAX_WORDS = 20_000
"""Most words kept, those in the most rows: 80 kB."""


def learn(rows: Hashes) -> tuple[str, Floats]:
    """The vocabulary, in base64, and for each row the share of words that the other rows lack.

    The share in a training row leaves out the row itself, so it is distributed as in new rows.
    """
    times = Counter(word for row in rows if row is not None for word in set(row))
    least = 1
    if len(times) > MAX_WORDS:
        least = sorted(times.values(), reverse=True)[MAX_WORDS] + 1
    vocabulary = sorted(word for word, count in times.items() if count >= least)
    shares = [
        _share(sum(times[word] <= least for word in row), len(row)) if row is not None else np.nan
        for row in rows
    ]
    learned = base64.b64encode(np.array(vocabulary, "<u4").tobytes()).decode()
    return learned, np.array(shares, np.float64)


@lru_cache(maxsize=64)
def known_words(learned: str) -> frozenset[int]:
    """The hashes of the words that ``learn`` kept."""
    return frozenset(np.frombuffer(base64.b64decode(learned), "<u4").tolist())


def unseen_shares(rows: Hashes, known: frozenset[int]) -> Floats:
    """The share of each row's words that are not ``known``: shape (n,); NaN for null."""
    shares = np.full(len(rows), np.nan)
    for at, row in enumerate(rows):
        if row is not None:
            shares[at] = _share(len(row) - sum(map(known.__contains__, row)), len(row))
    return shares


def _share(some: int, total: int) -> float:
    return some / total if total else 0.0
