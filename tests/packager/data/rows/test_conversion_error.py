"""The error of a value that a column can't take."""

from __future__ import annotations

from packager.data.rows.conversion_error import ConversionError


def test_it_says_what_is_accepted():
    error = ConversionError("a number")
    assert (error.expected, str(error)) == ("a number", "a number")
