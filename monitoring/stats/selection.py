"""Draws rows with known probabilities: a sample of fixed size, independent of the rows' order.

The design is systematic sampling with probabilities proportional to size (Madow 1949) on a random
order (Hartley and Rao 1962): the number of rows is fixed, and the probability of each row is
exactly the one given.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def inclusion_probabilities(sizes: Floats, rows: int) -> Floats:
    """The probability of each row, shape (n,), in proportion to ``sizes``, at most 1; sum ``rows``.

    ``sizes``: above 0, shape (n,). Rows whose share exceeds 1 are certain, and the others share
    what is left. Raises ``ValueError`` unless 0 < ``rows`` <= n and all sizes are above 0.
    """
    if not 0 < rows <= len(sizes):
        raise ValueError(f"expected 1 to {len(sizes)} rows, got {rows}")
    if not (np.isfinite(sizes).all() and (sizes > 0).all()):
        raise ValueError("expected sizes above 0")
    certain = np.zeros(len(sizes), bool)
    while True:
        rest = rows - int(certain.sum())
        probabilities = np.where(certain, 1.0, 0.0)
        open_ = ~certain
        if rest:
            probabilities[open_] = sizes[open_] * (rest / sizes[open_].sum())
        more = open_ & (probabilities >= 1)
        if not more.any():
            return probabilities if rest else np.ones(len(sizes))
        certain |= more


def draw(probabilities: Floats, hashes: Hashes, seed: int) -> Places:
    """The places of the chosen rows, in random order; as many as the probabilities sum up to.

    ``hashes``: of the rows, shape (n,). The same rows and seed give the same choice, in whatever
    order the rows are; another set of rows gives an independent one. Of equal rows, any is chosen.
    The first rows of the choice are a random part of it.
    """
    pool = np.add.reduce(hashes, keepdims=True)  # modulo 2 ** 64
    own = _mixed(np.array([seed % 2**64], np.uint64)) ^ pool
    order = np.argsort(_mixed(hashes ^ _mixed(own)), kind="stable")
    offset = float(_mixed(own + _STEP)[0] >> np.uint64(11)) / 2.0**53
    ends = np.cumsum(probabilities[order])
    rows = round(float(ends[-1]))
    ends[-1] = rows  # rounding must not lose the last row
    # A row is chosen if one of offset, offset + 1, … lies in its part of the line from 0 to rows.
    passed = np.clip(np.ceil(ends - offset), 0, rows).astype(np.int64)
    return np.asarray(order[np.diff(passed, prepend=0) > 0], np.int64)


def _mixed(values: Hashes) -> Hashes:
    """Hashes of hashes: the finalizer of SplitMix64 (Steele, Lea and Flood 2014)."""
    bits = values + _STEP
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return np.asarray(bits ^ (bits >> np.uint64(31)), np.uint64)
