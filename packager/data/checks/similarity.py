"""Finds rows with nearly equal text or arrays, by hashing: in time n log n, in any order of rows.

Text: MinHash (Broder 1997) of three words at a time. Arrays: thumbnails of at most 64 numbers, in
whole numbers, hashed by random projections (Datar and others 2004). Sums of whole numbers are
equal on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.derived.texts import hashes_of, words
from packager.data.checks.issue import Ints, Mask

Keys = npt.NDArray[np.uint64]
"""Bands of hashes, (n, bands): rows with an equal one are compared."""
Whole = npt.NDArray[np.int64]

SEED = 7
SHINGLE = 3
"""Words that are hashed together."""
HASHES = 64
BANDS = 16
MIN_SIMILARITY = 0.8
"""Estimated share of common shingles of near duplicates (Jaccard)."""
SIDE = 8
"""Numbers of a thumbnail per dimension; ``SIDE`` squared of one dimension."""
LEVELS = 4_095
"""Steps between the smallest and the largest number of all thumbnails."""
TABLES = 12
PROJECTIONS = 8
MAX_DISTANCE = 0.1
"""Distance of near duplicates, in median distances of a thumbnail from the median one."""
STEP = 1_000_000
"""Shingles hashed at once, which bounds the memory."""


@dataclass(frozen=True)
class Signatures:
    """Hashes of the cells of one column."""

    keys: Keys
    values: Any
    """MinHashes, (n, 64), or thumbnails, (n, numbers)."""
    reach: float | None = None
    """Largest distance of near thumbnails; None for MinHashes."""

    def at(self, rows: Mask) -> Signatures:
        """The signatures of the rows of a mask."""
        return Signatures(self.keys[rows], self.values[rows], self.reach)

    def near(self, one: Ints, other: Ints) -> Mask:
        """Whether these pairs of cells are nearly equal: shape (pairs,)."""
        if self.reach is None:
            same = (self.values[one] == self.values[other]).mean(axis=1)
            return np.asarray(same >= MIN_SIMILARITY)
        apart = self.values[one] - self.values[other]
        return np.asarray(np.square(apart).sum(axis=1) <= self.reach**2)


def text_signatures(texts: Sequence[str]) -> Signatures:
    """MinHashes of texts; a text without words is like no other."""
    minhashes = np.empty((len(texts), HASHES), np.uint64)
    draw = np.random.default_rng(SEED)
    factors = draw.integers(1, 2**63, HASHES, dtype=np.uint64) | np.uint64(1)
    for first, shingles, starts in _shingles(texts):
        for index, factor in enumerate(factors):
            mixed = shingles * factor
            mixed ^= mixed >> np.uint64(29)
            minhashes[first : first + len(starts), index] = np.minimum.reduceat(mixed, starts)
    rows = HASHES // BANDS
    weights = draw.integers(1, 2**63, (BANDS, rows), dtype=np.uint64) | np.uint64(1)
    keys = (minhashes.reshape(-1, BANDS, rows) * weights).sum(axis=2, dtype=np.uint64)
    return Signatures(keys, minhashes)


def array_signatures(block: npt.NDArray[Any]) -> Signatures | None:
    """Projections of thumbnails of arrays, (n, *shape); None if the thumbnails hardly differ."""
    small = thumbnails(block)
    low, high = np.quantile(small, (0.001, 0.999)) if small.size else (0.0, 0.0)
    if not low < high:
        return None
    whole = np.rint((np.clip(small, low, high) - low) / (high - low) * LEVELS).astype(np.int64)
    apart = np.sqrt(np.square(whole - np.median(whole, axis=0).astype(np.int64)).sum(axis=1))
    reach = max(1.0, MAX_DISTANCE * float(np.median(apart)))
    draw = np.random.default_rng(SEED)
    signs = draw.integers(0, 2, (whole.shape[1], TABLES * PROJECTIONS)) * 2 - 1
    width = max(1, int(4 * reach))
    offsets = draw.integers(0, width, TABLES * PROJECTIONS)
    cells = ((whole @ signs + offsets) // width).reshape(-1, TABLES, PROJECTIONS)
    weights = draw.integers(1, 2**63, (TABLES, PROJECTIONS), dtype=np.uint64) | np.uint64(1)
    keys = (cells.astype(np.uint64) * weights).sum(axis=2, dtype=np.uint64)
    return Signatures(keys, whole, reach)


def thumbnails(block: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Means of parts of each array, at most 64: shape (n, numbers); not finite is 0."""
    means = []
    rows = max(1, STEP // max(1, int(np.prod(block.shape[1:]))))
    for start in range(0, len(block), rows):
        part = block[start : start + rows].astype(np.float64)
        part[~np.isfinite(part)] = 0
        flat = part.ndim == 2
        part = _means(part, 1, SIDE**2 if flat else SIDE)
        if not flat:
            part = _means(part, 2, SIDE)
            part = part.reshape(*part.shape[:3], -1).mean(axis=3)
        means.append(part.reshape(len(part), -1))
    return np.concatenate(means) if means else np.empty((0, 0))


def twins(signatures: Signatures, order: Keys, able: Mask | None = None) -> Ints:
    """For each row a nearly equal one with a smaller ``order``: shape (n,); -1 without one.

    With ``able`` the rows to compare with: one of them, whatever its order. ``order``: a different
    number for each row, such as its hash, so that the result is the same in any order of rows.
    """
    twin_of = np.full(len(order), -1)
    for band in range(signatures.keys.shape[1]):
        for one, other in _candidates(signatures.keys[:, band], order, able):
            near = signatures.near(one, other)
            one, other = one[near], other[near]
            better = (twin_of[one] < 0) | (order[other] < order[twin_of[one]])
            twin_of[one[better]] = other[better]
    return twin_of


def _candidates(keys: Keys, order: Keys, able: Mask | None) -> Iterator[tuple[Ints, Ints]]:
    """Pairs with an equal key: each row with the first of them, and with the one before it."""
    indices = np.lexsort((order, keys) if able is None else (order, ~able, keys))
    ranked = keys[indices]
    starts = np.append(True, ranked[1:] != ranked[:-1])
    first = np.maximum.accumulate(np.where(starts, np.arange(len(indices)), 0))
    if able is None:
        before = np.where(starts, -1, np.arange(len(indices)) - 1)
    else:  # the last of the able ones, which come first
        before = np.maximum.accumulate(np.where(able[indices], np.arange(len(indices)), -1))
        before = np.where(before >= first, before, -1)
        first = np.where(able[indices[first]], first, -1)
    for other in (first, before):
        valid = (other >= 0) & (other != np.arange(len(indices)))
        if able is not None:
            valid &= ~able[indices]
        yield indices[valid], indices[other[valid]]


def _shingles(texts: Sequence[str]) -> Iterator[tuple[int, Keys, Ints]]:
    """The first text of a part, the hashes of all its shingles, and where each text starts."""
    parts: list[Keys] = []
    first = total = 0
    for at, text in enumerate(texts):
        hashes = np.array(hashes_of(words(text)), np.uint64)
        if not len(hashes):
            hashes = np.array([(at + 1) << 33], np.uint64)
        width = min(SHINGLE, len(hashes))
        mixed = np.zeros(len(hashes) - width + 1, np.uint64)
        for shift in range(width):
            mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + hashes[shift : shift + len(mixed)]
        parts.append(mixed ^ (mixed >> np.uint64(31)))
        total += len(mixed)
        if total >= STEP or at == len(texts) - 1:
            starts = np.cumsum([0, *map(len, parts[:-1])])
            yield first, np.concatenate(parts), starts
            parts, first, total = [], at + 1, 0


def _means(part: npt.NDArray[Any], axis: int, most: int) -> npt.NDArray[Any]:
    width = part.shape[axis]
    if width <= most:
        return part
    starts = np.arange(most) * width // most
    shape = [1] * part.ndim
    shape[axis] = most
    return np.asarray(
        np.add.reduceat(part, starts, axis=axis) / np.diff([*starts, width]).reshape(shape)
    )
