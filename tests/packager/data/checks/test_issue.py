"""Issues: the number of findings of each, and formatted numbers and lists."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from packager.data.checks.issue import (
    DataIssue,
    NotApplicableError,
    listed,
    rows_where,
)


def test_an_issue_about_a_column_is_one_finding_and_one_about_rows_as_many():
    assert DataIssue("x", "values", "drop", 0.5).count == 1
    assert DataIssue("x", "values", "drop", 0.5, np.array([3, 9])).count == 2
    assert DataIssue("x", "values", "drop", 0.5, np.array([], np.intp)).count == 0


@given(st.lists(st.booleans()))
def test_positions_are_those_of_the_true_values(mask):
    assert rows_where(mask).tolist() == [place for place, wanted in enumerate(mask) if wanted]


def test_a_list_shows_its_first_values_and_that_there_are_more():
    assert listed(["a", "b"]) == "a, b"
    assert listed(range(7)) == "0, 1, 2, 3, 4, …"
    assert listed([]) == ""
    assert len(listed(["x" * 500])) == 80


def test_too_few_rows_are_reported_with_how_many_are_needed():
    assert str(NotApplicableError.too_few(3, 50)) == "3 rows are too few: 50 are needed"
