"""How far two distributions are apart, and whether it is more than chance."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

_SHRINK = 10.0
"""Rows of the reference that the new rows are mixed with, so that few rows say little."""


def psi(reference: Counts, found: Counts) -> tuple[float, float]:
    """Population stability index of counts per bin, and its distance from chance, ``z``.

    Without any change PSI / (1/n + 1/m) has a chi-squared distribution with one degree of
    freedom less than there are bins; ``z`` is its Wilson-Hilferty transform, standard normal
    then, whatever the number of rows (n new, m of the reference).
    """
    m, n, bins = float(reference.sum()), float(found.sum()), len(reference)
    if bins < 2 or not m or not n:
        return 0.0, 0.0
    q = (reference + 0.5) / (m + 0.5 * bins)
    p = (found + _SHRINK * q) / (n + _SHRINK)
    index = float(np.sum((p - q) * np.log(p / q)))
    spread = 2 / (9 * (bins - 1))
    ratio = index / (1 / n + 1 / m) / (bins - 1)
    return index, (math.cbrt(ratio) - (1 - spread)) / math.sqrt(spread)
