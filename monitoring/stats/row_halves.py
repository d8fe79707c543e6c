"""Splits rows into two halves by a hash of what they hold, whatever the order of rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from monitoring.stats.slice_features import Ints, Mask, SliceFeature

Hashes = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_SALT = np.uint64(0x9E3779B97F4A7C15)


def first_half(hashes: Hashes, groups: Ints | None = None) -> Mask:
    """Whether each row is in the first half, (n,): by its hash, or by its group's.

    Rows of equal hashes are told apart by counting them, so that they are in both halves;
    ``groups``: a number for each row; the rows of one group stay in one half.
    """
    if groups is None:
        hashes = _numbered(hashes)
    else:
        _, own = np.unique(groups, return_inverse=True)
        total = np.zeros(int(own.max(initial=-1)) + 1, np.uint64)
        np.add.at(total, own, mixed(hashes))
        hashes = _numbered(total)[own]
    return (mixed(hashes) >> np.uint64(63)).astype(np.bool_)


def row_hashes(features: Sequence[SliceFeature], numbers: Sequence[Floats]) -> Hashes:
    """A hash of the codes and numbers of each row, (n,); the order of features doesn't matter."""
    hashes = np.zeros(len(numbers[0]), np.uint64)
    for feature in features:
        salt = name_hash(feature.name)
        lookup = mixed(np.arange(-1, feature.bins).astype(np.uint64) ^ salt)
        hashes += lookup[feature.codes + 1]
    for column in numbers:
        hashes = mixed(hashes) ^ np.ascontiguousarray(column + 0.0).view(np.uint64)  # -0.0 is 0.0
    return mixed(hashes)


def name_hash(name: str) -> np.uint64:
    """A hash of a text, the same on every machine (FNV-1a)."""
    hashed = 0xCBF29CE484222325
    for byte in name.encode("utf-8", "surrogatepass"):
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    return np.uint64(hashed)


def mixed(values: Hashes) -> Hashes:
    """Well mixed bits of each value (splitmix64: Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        bits = values + _SALT
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(bits ^ (bits >> np.uint64(31)))


def _numbered(hashes: Hashes) -> Hashes:
    """The hashes with the number of each among its equals mixed in."""
    order = np.argsort(hashes, kind="stable")
    sorted_ = hashes[order]
    fresh = np.concatenate([[True], sorted_[1:] != sorted_[:-1]])[: len(sorted_)]
    index = np.arange(len(sorted_))
    number = index - np.maximum.accumulate(np.where(fresh, index, 0))
    numbered = np.empty_like(hashes)
    numbered[order] = mixed(sorted_) + number.astype(np.uint64)
    return numbered
