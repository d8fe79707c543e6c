"""Whether the labelled rows are a random part of the new ones, as far as declared slices show.

Labels that arrive first are often those of certain rows. Quality of all labelled rows is then
mostly that of the slices with many labels.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from monitoring.scoring.metric import mean
from monitoring.slices.slices import ALL
from monitoring.stats.accuracy import MIN_SLICE_ROWS
from monitoring.stats.adjust import benjamini_hochberg
from monitoring.stats.clusters import Codes
from monitoring.stats.estimates import Estimate, compare, estimate
from packager.text import counted

Mask = npt.NDArray[np.bool_]
LEVEL = 0.01
"""Of the note: its probability if the labelled rows are a random part."""
MIN_DIFFERENCE = 0.05
"""Of the labelled shares of a slice and the other rows."""
MAX_NAMED = 3


def coverage_note(
    labelled: Mask, masks: Mapping[str, Mask], groups: Codes | None = None
) -> str | None:
    """The slices of which other parts are labelled than of the other rows; None without one.

    ``labelled`` and each of ``masks`` (slice → its rows): shape (n,); ``groups``: the group of each
    row, None for independent rows. Slices with fewer than ``MIN_SLICE_ROWS`` rows, inside or
    outside, are left out. Two-sided tests of two shares, adjusted by Benjamini and Hochberg.
    """
    compared = []
    for name, mask in masks.items():
        if name == ALL or min(mask.sum(), (~mask).sum()) < MIN_SLICE_ROWS:
            continue
        inside, outside = (_share(labelled, part, groups) for part in (mask, ~mask))
        seen = compare(outside, inside)
        p = min(1.0, 2 * min(seen.p_value(1), seen.p_value(-1)))
        compared.append((name, inside, outside, p))
    adjusted = benjamini_hochberg([one[-1] for one in compared])
    named = [
        (name, inside, outside)
        for (name, inside, outside, _), q in zip(compared, adjusted, strict=True)
        if q <= LEVEL and abs(inside.value - outside.value) >= MIN_DIFFERENCE
    ]
    if not named:
        return None
    named.sort(key=lambda one: -abs(one[1].value - one[2].value))
    texts = [
        f"{inside.value:.1%} of the rows of {name}, {outside.value:.1%} of the others"
        for name, inside, outside in named[:MAX_NAMED]
    ]
    others = len(named) - MAX_NAMED
    more = f"; {counted(others, 'more slice')}" if others > 0 else ""
    return (
        f"the labelled rows are no random part of the new ones: {'; '.join(texts)}{more}: what is "
        "measured of all rows is mostly that of slices with many labels"
    )


def _share(labelled: Mask, part: Mask, groups: Codes | None) -> Estimate:
    metric = mean(labelled[part].astype(np.float64), "share")
    assert metric is not None
    return estimate(metric, None if groups is None else groups[part])._replace(share=True)
