"""Regular expressions that divide a document in time proportional to its length.

The compiled form runs in the event loop of a server, where a slow expression would delay other
requests: documents that could make one slow are left to the model's own process.
"""

from __future__ import annotations

import re
from re import _constants as codes
from re import _parser as parser
from typing import Any

from modelhost.compiling.provenance import CannotCompileError

MAX_CHARACTERS = 2_000
"""Longest document that an expression of another form than below divides in the event loop."""
MAX_REPETITIONS = 2
"""Each repetition may take a time proportional to the length of the document, for each of the
next."""
_SMALL = 50
_SINGLE = (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN)


def longest_document(pattern: str) -> int | None:
    r"""Number of characters up to which documents may be divided by ``pattern``; None: all.

    All documents if it is single characters, of which at most one is repeated, such as
    ``\b\w\w+\b``; a boundary may be behind them if one is before them. Raises
    ``CannotCompileError`` if it repeats repetitions, which may take exponential time, or has too
    many.
    """
    try:
        parsed = list(parser.parse(pattern))
    except re.error as error:
        raise CannotCompileError(f"token_pattern is no regular expression: {error}") from error
    if _nested(parsed, inside=False):
        raise CannotCompileError(f"token_pattern {pattern!r} repeats repetitions or refers back")
    if _unbounded(parsed) > MAX_REPETITIONS:
        raise CannotCompileError(
            f"token_pattern {pattern!r} has more than {MAX_REPETITIONS} repetitions"
        )
    return None if _linear(parsed) else MAX_CHARACTERS


def _linear(parsed: list[Any]) -> bool:
    before = bool(parsed) and _is_boundary(parsed[0])
    rest = parsed[1:] if before else parsed
    if rest and _is_boundary(rest[-1]):
        if not before:
            return False
        rest = rest[:-1]
    repeats = 0
    for code, value in rest:
        if code == codes.MAX_REPEAT:
            repeats += 1
            _, _, inner = value
            if len(inner) != 1 or inner[0][0] not in _SINGLE:
                return False
        elif code not in _SINGLE or repeats:
            return False  # what follows a repetition may fail, and the repetition is tried again
    return repeats <= 1


def _is_boundary(one: Any) -> bool:
    return bool(one[0] == codes.AT and one[1] == codes.AT_BOUNDARY)


def _nested(parsed: Any, inside: bool) -> bool:
    """Whether a repetition contains another one, or the expression has a reference to a group."""
    for code, value in parsed:
        if code == codes.GROUPREF or code == codes.GROUPREF_EXISTS:
            return True
        repeats = code in (codes.MAX_REPEAT, codes.MIN_REPEAT) and value[1] > 1
        if repeats and inside:
            return True
        if any(_nested(part, inside or repeats) for part in _parts(value)):
            return True
    return False


def _unbounded(parsed: Any) -> int:
    """The largest number of repetitions, without a small upper bound, that follow each other."""
    repeats = 0
    for code, value in parsed:
        inner = [_unbounded(part) for part in _parts(value)]
        repeats += max(inner, default=0) if code == codes.BRANCH else sum(inner)
        repeats += code in (codes.MAX_REPEAT, codes.MIN_REPEAT) and value[1] > _SMALL
    return repeats


def _parts(value: Any) -> list[Any]:
    """The expressions within the value of an operation."""
    if isinstance(value, parser.SubPattern):
        return [value]
    if isinstance(value, tuple | list):
        return [part for one in value for part in _parts(one)]
    return []
