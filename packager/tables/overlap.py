"""What two fingerprints say about the rows of two tables, without the tables."""

from __future__ import annotations

from typing import Literal

from monitoring.stats.accuracy import wilson
from packager.data.fingerprint import SKETCH_SIZE
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Fingerprint


def compare_rows(before: Fingerprint, after: Fingerprint) -> Rows:
    """Equal, re-ordered or different rows; for different ones, how many both tables share.

    Row hashes are over all columns: with other columns every row is another, and that says
    nothing about the rows.
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
    """What two sketches of the smallest row hashes tell about the sets they were drawn from.

    A full sketch knows every row hash of its table up to its largest. Up to the smaller of these
    both tables are known whole; hashes being random, what lies there is a random sample of the
    distinct rows of either (bottom-k sketches, Cohen and Kaplan 2007). A sketch that is not full
    holds them all.
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
    # At none and all of them rounding can put a bound past the share itself.
    return Share(value=value, low=min(low, value), high=max(high, value))


class Share(FrozenModel):
    """A share of distinct rows, with its 95 % interval; where it is exact, they are equal."""

    value: float
    low: float
    high: float


class Overlap(FrozenModel):
    """How many distinct rows two tables share, from the smallest row hashes of both."""

    exact: bool
    """Whether both sketches hold every distinct row; else the shares are estimates."""
    sample: int
    """Distinct row hashes that were looked at."""
    of_either: Share | None
    """Of the rows that either table has, those that both have; None where none was looked at."""
    of_before: Share | None
    """Of the rows of ``before``, those that ``after`` has too."""
    of_after: Share | None
    """Of the rows of ``after``, those that ``before`` has too."""


class Rows(FrozenModel):
    """How the rows of two tables differ; certain, but for ``overlap``."""

    before: int
    after: int
    verdict: Literal["equal", "reordered", "different", "incomparable"]
    """``incomparable``: the columns are others, so no row can be the same."""
    overlap: Overlap | None
    """Where the verdict is ``different``."""
