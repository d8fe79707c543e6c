"""Centres of a set of points, to whose nearest one a point's distance is measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MAX_CENTRES = 16
MIN_ROWS_EACH = 20
"""Points for each centre; with fewer points there are fewer centres."""
MAX_LEARNED = 2_000
"""Points that centres are computed from, evenly spaced."""
STEPS = 8


def centres_of(points: Floats) -> Floats:
    """Means of clusters of ``points``, shape (centres, width), by Lloyd's algorithm.

    It starts from evenly spaced points, so equal points give equal centres. ``points``, shape (n,
    width), has at least one.
    """
    some = points[evenly(len(points), MAX_LEARNED)]
    count = max(1, min(MAX_CENTRES, len(some) // MIN_ROWS_EACH))
    centres = some[evenly(len(some), count)].copy()
    for _ in range(STEPS):
        own = np.argmin([_squares(some, centre) for centre in centres], axis=0)
        for index in range(count):
            mine = some[own == index]
            if len(mine):
                centres[index] = mine.mean(axis=0)
    return centres


def nearest_distances(points: Floats, centres: Floats) -> Floats:
    """The Euclidean distance of each point to the nearest centre, shape (n,)."""
    distances: Floats = np.sqrt(np.min([_squares(points, centre) for centre in centres], axis=0))
    return distances


def evenly(rows: int, most: int) -> npt.NDArray[np.intp]:
    """The positions of at most ``most`` of ``rows`` rows, evenly spaced."""
    return np.arange(rows) if rows <= most else np.arange(most) * rows // most


def _squares(points: Floats, centre: Floats) -> Floats:
    with np.errstate(over="ignore"):
        squares: Floats = np.square(points - centre).sum(axis=1)
    return squares
