"""The bounds of one request's work, checked on its bytes before they are parsed.

A value that costs two bytes in a body costs a hundred as an object. So a body is bounded in values
as well as in bytes, and an answer in bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MAX_VALUES = 500_000
"""Values of one request, and of its answer, unless ``MODEL_MAX_VALUES`` is set."""
MAX_NAMES = 20_000
"""Names in one JSON object, those of nested objects not counted."""
MAX_WIDE_BYTES = 8 << 20
"""Bytes of a body with characters beyond U+FFFF: a single one makes Python store each character of
the text in four bytes."""
MAX_ESCAPES = 3_000_000
"""Backslashes of a JSON body."""
MAX_LABELS = 10_000
"""Labels of one ``/feedback`` request."""
VALUES_OF_A_LABEL = 10
"""Values that one label counts for in ``json_values``, with room for values rejected one by one."""
MIN_ANSWER_BYTES = 1 << 20
"""The least bound on the size of an answer, however small the largest body is."""
MAX_SMALL_BYTES = 1 << 12
"""A body up to this size is parsed in a few milliseconds at most, whatever it holds."""
MIN_LARGE_BYTES = 1 << 16
"""From this size on, parsing a body would block other requests for milliseconds."""
MAX_SMALL_VALUES = 5_000
"""A body with up to this many values is parsed in a few milliseconds."""
LINE_VALUES = 5
"""Values that a line of CSV counts for."""
ROW_VALUES = 8
"""Values that one row of the answer counts for, without its probabilities."""

MIN_COUNTED_TOGETHER = 1 << 12
"""From this size on, NumPy counts the characters of a body."""

_PIECE = 1 << 20
_PROSE = 1_000
_WIDE = re.compile(rb"[\xf0-\xf4]")
_NAME_END = re.compile(rb'"[ \t\r\n]*:')


class LimitExceededError(Exception):
    """A request exceeds a bound; ``expected`` names the bound."""

    def __init__(self, message: str, expected: str) -> None:
        super().__init__(message)
        self.message = message
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Budget:
    """The bounds of one request, except the size of its body."""

    values: int = MAX_VALUES
    answer_bytes: int = 16 << 20

    def check_values(self, number: int) -> None:
        """Raise ``LimitExceededError`` if ``number`` is more than ``values``."""
        if number > self.values:
            raise LimitExceededError(
                f"the request has about {number} values",
                f"at most {self.values} values: send fewer rows a request",
            )

    def check_json(self, body: bytes) -> None:
        """Raise ``LimitExceededError`` for too many values, or too many names in an object."""
        if len(body) * 2 > self.values:
            self.check_values(json_values(body))
        if len(body) > MAX_ESCAPES and count(body, b"\\") > MAX_ESCAPES:
            raise LimitExceededError(
                "the body has too many escapes", f"at most {MAX_ESCAPES} backslashes"
            )
        _check_wide(body)
        if len(body) > MAX_NAMES and count(body, b":") > MAX_NAMES:
            for names in _runs_of_names(body):
                if names > MAX_NAMES:
                    raise LimitExceededError(
                        "an object has too many names", f"at most {MAX_NAMES} names in an object"
                    )

    def check_csv(self, body: bytes) -> None:
        """Raise ``LimitExceededError`` for CSV with too many cells or lines."""
        if len(body) * LINE_VALUES > self.values:
            self.check_values(csv_values(body))
        _check_wide(body)

    def check_rows(self, rows: int, classes: int) -> None:
        """Raise ``LimitExceededError`` if the answer for ``rows`` would hold too many values."""
        each = ROW_VALUES + classes
        if rows * each > self.values:
            raise LimitExceededError(
                f"the request has {rows} rows", f"at most {self.values // each} rows a request"
            )

    def check_answer(self, size: int) -> None:
        """Raise ``LimitExceededError`` for an answer of more than ``answer_bytes``."""
        if size > self.answer_bytes:
            raise LimitExceededError(
                f"the answer would have about {size} bytes",
                f"at most {self.answer_bytes} bytes: send fewer rows a request",
            )


def json_values(body: bytes) -> int:
    """Upper bound of the values in the JSON of ``body``, an object counting twice; in linear time.

    Separators and brackets within strings count too.
    """
    return count(body, b",") + count(body, b"[") + 2 * count(body, b"{")


def csv_values(body: bytes) -> int:
    """Cells in the CSV of ``body``, with four more for each line; in linear time."""
    return count(body, b",") + LINE_VALUES * (count(body, b"\n") + count(body, b"\r"))


def is_small(body: bytes) -> bool:
    """Whether parsing ``body``, in any format, takes a few milliseconds at most."""
    if len(body) <= MAX_SMALL_BYTES:
        return True
    if len(body) > MIN_LARGE_BYTES:
        return False
    counted = len(body) - len(body.translate(None, b",[{\n\r")) + body.count(b"{")
    return counted <= MAX_SMALL_VALUES


def count(body: bytes, character: bytes) -> int:
    """Number of occurrences of a character of one byte in ``body``.

    NumPy compares many bytes at once: it takes 3 µs for 35 KB, and ``bytes.count`` 13. In pieces,
    because the comparison takes as much memory as what is compared.
    """
    if len(body) < MIN_COUNTED_TOGETHER:
        return body.count(character)
    codes, code = np.frombuffer(body, np.uint8), character[0]
    starts = range(0, len(codes), _PIECE)
    return sum(int(np.count_nonzero(codes[at : at + _PIECE] == code)) for at in starts)


def _check_wide(body: bytes) -> None:
    """Search in pieces, so that other threads can run."""
    if len(body) <= MAX_WIDE_BYTES:
        return
    for start in range(0, len(body), _PIECE):
        if _WIDE.search(body, start, start + _PIECE):
            raise LimitExceededError(
                f"the body has {len(body)} bytes and characters beyond U+FFFF",
                f"at most {MAX_WIDE_BYTES} bytes with such characters",
            )


def _runs_of_names(body: bytes) -> Iterator[int]:
    """Names between one brace and the next; searched in pieces, so that other threads can run."""
    run = 0
    for start in range(0, len(body), _PIECE):
        first, *others = body[start : start + _PIECE].replace(b"{", b"}").split(b"}")
        run += _names(first)
        yield run
        for part in others:
            run = _names(part)
            yield run


def _names(part: bytes) -> int:
    colons = part.count(b":")
    return colons if colons <= _PROSE else len(_NAME_END.findall(part))
