r"""Writes CSV whose lines end in a line feed and whose cells with a carriage return are quoted.

Before Python 3.13, ``csv`` quotes a line end only if it is part of its ``lineterminator``: with
``"\n"`` a cell such as ``"a\rb"`` would become two rows for most readers.
"""

from __future__ import annotations

import csv
from typing import Any, Protocol

ENDS = "\r\n"
"""The ``lineterminator`` for a writer to ``LineFeeds``: so both characters are quoted."""


class Writable(Protocol):
    """Takes text."""

    def write(self, text: str, /) -> Any:
        """Take text."""


class LineFeeds:
    """A file for ``csv``: each line that ends in ``ENDS`` goes to ``file`` with a line feed."""

    def __init__(self, file: Writable) -> None:
        self._file = file

    def write(self, line: str) -> Any:
        """Write one whole line; what ``file.write`` returns."""
        return self._file.write(line.removesuffix(ENDS) + "\n")


def csv_writer(file: Writable, *, separator: str = ",", quote: str = '"') -> Any:
    """A ``csv.writer`` to ``file``, which is open without translation of line ends."""
    return csv.writer(LineFeeds(file), delimiter=separator, quotechar=quote, lineterminator=ENDS)
