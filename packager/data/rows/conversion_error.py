"""The error of a value that a column can't take."""

from __future__ import annotations


class ConversionError(Exception):
    """A value that a column can't take; ``expected`` describes the accepted values."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected
