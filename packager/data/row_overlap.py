"""Compare the rows of two tables by their fingerprints alone."""

from __future__ import annotations

from typing import Literal

from monitoring.stats.intervals import wilson
from packager.data.fingerprint import SKETCH_SIZE
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Fingerprint


def compare_rows(before: Fingerprint, after: Fingerprint) -> Rows:
    """Equal, reordered or different rows; for different ones, how many both tables share.

    Row hashes cover all columns: between tables with different columns all hashes differ, which
    says nothing about the rows.
    """
    overlap = None
    if before.columns.keys() != after.columns.keys():
        verdict = "incomparable"
    elif (before.row_count, before.rows) != (after.row_count, after.rows):
        verdict, overlap = "different", estimate_overlap(before.sketch, after.sketch)
    else:
        verdict = "equal" if before.ordered == after.ordered else "reordered"
    return Rows(before=before.row_count, after=after.row_count, verdict=verdict, overlap=overlap)


def estimate_overlap(before: tuple[str, ...], after: tuple[str, ...]) -> Overlap:
    """Estimate the overlap of two sets of rows from sketches of their smallest row hashes.

    A full sketch contains every row hash of its table up to the sketch's largest. Up to the
    smaller of the two largest, all hashes of both tables are known. Because hashes are random,
    these are a random sample of the distinct rows of either table (bottom-k sketches, Cohen and
    Kaplan 2007). A sketch that is not full contains all hashes of its table.
    """
    full = [sketch[-1] for sketch in (before, after) if len(sketch) == SKETCH_SIZE]
    one, other = (
        {value for value in sketch if not full or value <= min(full)} for sketch in (before, after)
    )
    shared = len(one & other)
    of_either, of_before, of_after = (
        _share(shared, len(rows), exact=not full) for rows in (one | other, one, other)
    )
    return Overlap(
        exact=not full,
        sample=len(one | other),
        of_either=of_either,
        of_before=of_before,
        of_after=of_after,
    )


def _share(shared: int, rows: int, *, exact: bool) -> Share | None:
    if rows == 0:
        return None
    value = shared / rows
    low, high = (value, value) if exact else wilson(shared, rows)
    # At shares of 0 and 1, rounding can move a bound past the share.
    return Share(value=value, low=min(low, value), high=max(high, value))


class Share(FrozenModel):
    """A share of distinct rows, with its 95 % interval; both bounds equal an exact share."""

    value: float
    low: float
    high: float


class Overlap(FrozenModel):
    """Number of distinct rows that two tables share, from the smallest row hashes of both."""

    exact: bool
    """Whether both sketches contain every distinct row; otherwise the shares are estimates."""
    sample: int
    """Number of distinct row hashes compared."""
    of_either: Share | None
    """Share of the rows of either table that both have; None if no hash was compared."""
    of_before: Share | None
    """Share of the rows of ``before`` that ``after`` has too."""
    of_after: Share | None
    """Share of the rows of ``after`` that ``before`` has too."""


class Rows(FrozenModel):
    """Differences of the rows of two tables; only ``overlap`` is an estimate."""

    before: int
    after: int
    verdict: Literal["equal", "reordered", "different", "incomparable"]
    """``incomparable``: the columns differ, so rows can't be compared."""
    overlap: Overlap | None
    """None unless the verdict is ``different``."""
