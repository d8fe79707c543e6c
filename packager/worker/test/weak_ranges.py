"""Ranges of numbers as bins, for the search for weak slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from monitoring.profile.profile import FeatureProfile
from packager.worker.test.weak_edges import FINE_BINS, number_edges
from packager.worker.test.weak_terms import (
    Ranges,
    TermFeature,
    interval_terms,
    literal,
    with_missing,
)

Floats = npt.NDArray[np.float64]


def number_ranges(
    name: str, own: str, numbers: Floats, known: FeatureProfile | None
) -> TermFeature | None:
    """Bins of equal rows, or those of the package, and wider ones; None for one value."""
    if known is not None and known.kind == "numeric":
        edges = np.asarray(known.edges, np.float64)
    else:
        edges = number_edges(numbers)
    fine = np.union1d(edges, number_edges(numbers, FINE_BINS))
    texts = {edge: literal(edge) or "" for edge in fine.tolist()}
    return intervals(name, own, (edges, fine), texts, numbers)


def intervals(
    name: str,
    own: str,
    grids: tuple[Floats, Floats],
    texts: Mapping[float, str],
    numbers: Floats,
) -> TermFeature | None:
    """Ranges of a number; ``grids``: edges, and those of a finer grid, which has them too."""
    edges, fine = grids
    missing = np.isnan(numbers)
    codes = np.searchsorted(edges, numbers, side="right").astype(np.int64)
    counts = np.bincount(codes[~missing], minlength=len(edges) + 1)
    terms = interval_terms(own, [texts[edge] for edge in edges], counts.tolist())
    feature = with_missing(
        name,
        own,
        np.where(missing, len(counts), codes),
        len(counts),
        terms,
    )
    if feature is None or not len(edges):
        return feature
    within = np.searchsorted(fine, numbers, side="right").astype(np.int64)
    starts = (0, *(int(at) + 1 for at in np.searchsorted(fine, edges)), len(fine) + 1)
    fitted = Ranges(own, tuple(texts[edge] for edge in fine), np.where(missing, -1, within), starts)
    return replace(feature, ranges=fitted)
