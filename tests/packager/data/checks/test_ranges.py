"""Numbers outside what was declared, or far outside the previous version."""

from __future__ import annotations

import numpy as np
from dirty_tables import clean, issues_of, rows_of

from packager.data.checks.expectations import DeclaredColumn, Expectations
from packager.data.checks.ranges import ranges


def test_numbers_outside_the_declared_range_are_flagged():
    frame = clean()
    expected = Expectations(declared={"size": DeclaredColumn(min=3.0, max=6.5)})
    wrong = np.flatnonzero((frame["size"] < 3) | (frame["size"] > 6.5)).tolist()
    found = issues_of(ranges, frame, expected=expected)
    assert wrong
    assert rows_of(found) == wrong
    assert found[0].expected == "at least 3 and at most 6.5 (declared)"
