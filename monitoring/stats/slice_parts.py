"""Replaces a slice by weak slices within it, where these explain its losses better.

Two weak slices of one category make the whole category weak: ``kind == "r"`` for
``kind == "r" and new`` and ``kind == "r" and size < 2``. One slice is then a simpler description,
and two are the right one. The likelihood decides, on the half that chooses: the squares of scores
of disjoint rows add up, so that the parts need a sum that is larger by a price for each further
slice (Foster and George 1994: twice the logarithm of the number of slices there are). They must
leave rows of the slice, and these must not be weak: of a slice that is weak everywhere, more so
where the model is surer, parts have the higher likelihood, and the slice is the description.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from monitoring.stats.slice_features import Mask, SliceMasks, SliceTerms
from monitoring.stats.slice_fitting import RangeFitter

MAX_PARTS = 3
"""Slices that one is replaced by."""
MAX_COMPARED = 100
"""Slices within one that are compared, the worst first."""
MIN_WITHIN = 0.9
"""Of the rows of a part, within the slice."""
MAX_OF_SLICE = 0.8
"""Of the slice's rows, in one part: a larger one is the slice itself."""
MAX_LEFT_SCORE = 2.0
"""Of the slice's rows in no part: one-sided p = 0.02."""


def parts_of(
    whole: SliceTerms,
    candidates: Sequence[SliceTerms],
    masks: SliceMasks,
    fitter: RangeFitter,
    free: Mask,
    tested: int,
) -> list[SliceTerms]:
    """Two or three slices that explain the losses in ``whole`` better; empty if none do.

    ``masks``, ``fitter``, ``free``: of the n rows that choose; ``free``: the rows in no slice yet.
    ``tested``: the slices there are.
    """
    own = masks.of(whole) & free
    inside = [candidate for candidate in candidates if _within(candidate, whole, own, free, masks)][
        :MAX_COMPARED
    ]
    price = 2 * math.log(max(2, tested))
    least = fitter.score(whole, free) ** 2
    parts: list[SliceTerms] = []
    best: list[SliceTerms] = []
    total, remaining = 0.0, free
    while inside and len(parts) < MAX_PARTS:
        scored = [fitter.score(one, remaining) for one in inside]
        index = int(np.argmax(scored))
        if not scored[index] > 0:
            break
        parts.append(inside[index])
        total += scored[index] ** 2 - (price if len(parts) > 1 else 0)
        remaining = remaining & ~masks.of(parts[-1])
        others = fitter.score(whole, remaining)  # minus infinity for too few rows
        if len(parts) > 1 and total > least and -math.inf < others <= MAX_LEFT_SCORE:
            best, least = list(parts), total
    fitted = [fitter.fitted(one, free & ~_rows(best, one, masks)) for one in best]
    # A part without the terms that the whole lacks would be the whole again.
    return [
        one if set(new.features) <= set(whole.features) < set(one.features) else new
        for new, one in zip(fitted, best, strict=True)
    ]


def _rows(slices: Sequence[SliceTerms], but: SliceTerms, masks: SliceMasks) -> Mask:
    """The rows of all slices ``but`` one."""
    mask: Mask = np.logical_or.reduce([masks.of(slice_) for slice_ in slices if slice_ != but])
    return mask


def _within(one: SliceTerms, whole: SliceTerms, own: Mask, free: Mask, masks: SliceMasks) -> bool:
    """Whether a slice is a part of ``whole``, whose free rows are ``own``."""
    if one == whole or not set(whole.features) <= set(one.features):
        return False
    rows = masks.of(one) & free
    within = (rows & own).sum()
    return bool(MIN_WITHIN * rows.sum() <= within <= MAX_OF_SLICE * own.sum()) and within > 0
