"""Formats values, bytes, numbers and untrusted text for messages, terminals and pages."""

from __future__ import annotations

import difflib
import html
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from modelhost.text import MAX_DISPLAYED

MAX_MARKS = 4
"""Combining marks of one letter; no language uses more."""
MIN_SIMILARITY = 0.6
"""Of two names (0 to 1) of which one may be meant as the other."""
MAX_BITS = 14_000
"""Bits of an integer that is shown; Python formats at most 4,300 digits."""
_SCHEME = r"(\b[A-Za-z][A-Za-z0-9+.-]{0,20}://)"
_PORT = r"\d{1,5}(?![^\s/'\"<>,;:?#)\]`])"
_CREDENTIAL = re.compile(
    # user:password, of which "/", "@" and blanks may stand there as they are
    rf"{_SCHEME}(?:[^\s/@:\['\"<>]{{0,200}}:(?!{_PORT})\S[^\n'\"<>]{{0,500}}?@"
    r"(?:[^\s/@'\"<>]{1,500}@){0,5}"
    # a token, or a user; ssh's user is no secret
    r"|(?<!ssh://)(?:[^\s/@'\"<>]{1,500}@){1,5})"
)
_SECRET_PARAMETER = re.compile(
    r"([?&][\w.-]{0,40}(?:sig|token|key|secret|passw|pwd|auth|cred)[\w.-]{0,40}=)"
    r"[^\s&'\"<>#)]{1,2000}",
    re.IGNORECASE,
)


def beginning(value: Any, most: int = MAX_DISPLAYED) -> Any:
    """A small JSON value whose JSON has the same first ``most`` characters as that of ``value``.

    Avoids serializing a large value of which a message shows only the beginning.
    """
    return _begun(value, most, [most + 1])


def _begun(value: Any, most: int, left: list[int]) -> Any:
    """``left[0]``: number of values still to be shown; each has at least one character."""
    left[0] -= 1
    if isinstance(value, str):
        return value[: most + 1]
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        return f"a whole number of {value.bit_length()} bits"
    if left[0] < 0:
        return None
    if isinstance(value, Mapping):
        some = islice(value.items(), most)
        return {_begun(name, most, left): _begun(inner, most, left) for name, inner in some}
    if isinstance(value, list | tuple):
        return [_begun(inner, most, left) for inner in islice(value, most)]
    return value


def without_credentials(text: str) -> str:
    """``text`` with ``***`` in place of user, password, and signatures in each URL."""
    if "://" not in text:
        return text
    return _SECRET_PARAMETER.sub(r"\1***", _CREDENTIAL.sub(r"\1***@", text))


def escape_control_characters(text: str) -> str:
    """Untrusted text for a terminal: characters that are not printable become escapes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def printable(text: str) -> str:
    """``text`` without terminal control characters.

    All but printable characters, line ends and tabs become JSON escapes, so JSON keeps its value.
    """
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else json.dumps(c)[1:-1] for c in text)


def escape_in_literal(text: str) -> str:
    r"""A literal of Python, TOML, PromQL or YAML (in double quotes) without invisible characters.

    All but printable characters and line ends become ``\uXXXX`` or ``\UXXXXXXXX``, which all
    four parse as the same text. For JSON use ``printable``.
    """
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else _code(c) for c in text)


def _code(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def escape_markup(text: str) -> str:
    """Untrusted text for HTML and SVG, which can't reorder the text around it."""
    return html.escape(visible(text))


def visible(text: str) -> str:
    """Untrusted text that can't affect the text around it on a page.

    Characters that are not printable, including those that change the text direction, become
    escapes, and so do combining marks of one letter beyond ``MAX_MARKS``.
    """
    plain = escape_control_characters(text)
    if plain.isascii():
        return plain
    letters, marks = [], 0
    for letter in plain:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        letters.append(letter if marks <= MAX_MARKS else ascii(letter)[1:-1])
    return "".join(letters)


def counted(number: int, noun: str) -> str:
    """``1 row``, ``2,000 rows``: for nouns whose plural has an s."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def listed(items: Sequence[str], most: int, between: str = ", ") -> str:
    """The first ``most`` items, and the number of the others: ``a, b and 1,200 more``."""
    more = len(items) - most
    last = between if between == "; " else " "
    return between.join(items[:most]) + (f"{last}and {more:,} more" if more > 0 else "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``did you mean 'accuracy'?``, with the known name nearest to a misspelt one; or empty."""
    close = nearest_name(name, known)
    return "" if close is None else f"did you mean {close!r}?"


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that ``name`` may be another spelling of; None if none is near."""
    close = difflib.get_close_matches(name[:MAX_DISPLAYED], list(known), 1, MIN_SIMILARITY)
    return close[0] if close else None


def format_bytes(size: int) -> str:
    """``1.2 MB``: decimal units, one digit after the point."""
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def format_number(value: float) -> str:
    """Four significant digits, but all before the point, with commas: ``0.9570``, ``1,235``.

    An ``int`` below 10^12 has all its digits. Below 0.0001 and from 10^12 on in exponent notation.
    """
    size = abs(value)
    if isinstance(value, int) and size < 10**12:
        return f"{value:,}"
    if size == 0:
        return "0"
    if size < 1e-4 or size >= 1e12:
        return f"{value:.3e}"
    return f"{value:,.0f}" if size >= 999.95 else f"{value:#.4g}"
