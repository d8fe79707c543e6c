"""Text in columns of numbers."""

from __future__ import annotations

from dirty_tables import clean, issues_of, rows_of

from packager.data.checks.mixed_types import mixed_types
from packager.data.checks.placeholders import placeholder


def test_text_among_numbers_is_of_a_mixed_type_and_a_placeholder_is_not():
    frame = clean()
    frame["size"] = frame["size"].astype(str)
    frame.loc[[4, 5], "size"] = ["5,1 mm", "?"]
    assert rows_of(issues_of(mixed_types, frame)) == [4]
    assert rows_of(issues_of(placeholder, frame)) == [5]
