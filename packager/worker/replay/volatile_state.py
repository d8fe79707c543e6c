"""Volatile values in a model: they depend on the moment of its fit and differ in every fit.

Libraries store the time and duration of a fit, addresses of objects, and names of temporary files.
Predictions don't depend on these. They are detected by value, never by name alone: a time has to be
within the training, an address has to be plausible in both models, a duration has to be shorter
than the training.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Window = tuple[float, float]
"""When a training began and ended, in seconds since 1970."""

TIME = "a time of the fit"
DURATION = "how long the fit took"
ADDRESS = "a memory address"
TEMPORARY = "a temporary name"
VOLATILE_KINDS = (TIME, DURATION, ADDRESS, TEMPORARY)
MAX_TEXT = 50_000_000
TOLERANCE_SECONDS = 2.0
"""Times may be truncated to seconds."""
MIN_TIME = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
MIN_ADDRESS, MAX_ADDRESS = 1 << 44, 1 << 48
"""Range on 64-bit Linux; milliseconds since 1970 are below it, microseconds above."""
ALIGNMENT = 8

_ISO = rb"\d{4}-\d\d-\d\d[T_ ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_COMPACT = rb"(?<!\d)20\d{6}[T_-]?\d{6}(?!\d)"
_CTIME = rb"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}"
_TEMPORARY = tuple(
    rb"(?<![\w./-])" + re.escape(folder.encode()) + rb"/[^\s\"',;:()<>\x00-\x1f]*"
    for folder in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp"))
)
_DRAWN = (
    rb"(?<![\da-f-])[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}(?![\da-f])",
    rb"(?<![\da-f-])(?:[\da-f]{8}-){3}[\da-f]{8}(?![\da-f])",
)
"""Random identifiers: those of RFC 9562, and CatBoost's."""
_ADDRESS = rb"(?<=\bat )0x[\da-f]{6,16}|\b0x[\da-f]{9,16}\b"
_LASTED = re.compile(
    r"(fit|train|refit|score|eval|run|wall|elapsed|compute)\w*(time|duration|sec)"
    r"|(^|_)(seconds|secs|duration|elapsed|runtime|took)_?$"
)
_OF_THE_MOMENT = re.compile(
    b"(?P<iso>%b)|(?P<compact>%b)|(?P<ctime>%b)|(?P<temporary>%b)|(?P<address>%b)"
    % (_ISO, _COMPACT, _CTIME, b"|".join((*_TEMPORARY, *_DRAWN)), _ADDRESS)
)


@dataclass(frozen=True)
class MaskedValue:
    """A value with its volatile parts masked."""

    rest: Any
    """The unmasked rest; equal for values that differ only in volatile parts."""
    kinds: tuple[str, ...]
    times: tuple[float, ...] = ()
    """Seconds since 1970."""


def volatile_values(
    name: str, values: tuple[Any, Any], windows: tuple[Window | None, Window | None]
) -> tuple[str, str] | None:
    """The common rest of two differing values, and the kinds they differ in; None if not volatile.

    ``name``: the attribute that holds them. ``windows``: when their models were trained; None if
    unknown.
    """
    readings = [
        list(_readings(name, *value_and_window))
        for value_and_window in zip(values, windows, strict=True)
    ]
    for one, other in zip(*readings, strict=True):
        if one is None or other is None or one.rest != other.rest:
            continue
        if len(one.times) != len(other.times):
            continue
        pairs = list(zip(one.times, other.times, strict=True))
        if all(a == b or (_within(a, windows[0]) and _within(b, windows[1])) for a, b in pairs):
            common = [a if a == b else None for a, b in pairs]
            return f"{one.rest!r} {common}", ", ".join(dict.fromkeys((*one.kinds, *other.kinds)))
    return None


def _readings(name: str, value: Any, window: Window | None) -> Iterator[MaskedValue | None]:
    """The interpretations of a value, in a fixed order; None for those that don't apply."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    yield _text(value) if isinstance(value, str | bytes) else None
    for unit in (1.0, 1e3, 1e6, 1e9):
        yield MaskedValue(TIME, (TIME,), (value / unit,)) if number else None
    yield _address(value) if number else None
    yield _duration(name, value, window) if number else None


def _within(time: float, window: Window | None) -> bool:
    low, high = window or (MIN_TIME, datetime.now(UTC).timestamp())
    return low - TOLERANCE_SECONDS <= time <= high + TOLERANCE_SECONDS


def _text(value: str | bytes) -> MaskedValue | None:
    content = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value)
    kinds: dict[str, None] = {}
    times: list[float] = []

    def mask(match: re.Match[bytes]) -> bytes:
        kind = {"temporary": TEMPORARY, "address": ADDRESS}.get(match.lastgroup or "", TIME)
        if kind == TIME:
            moment = _moment(match.group().decode(), match.lastgroup or "")
            if moment is None:
                return match.group()
            times.append(moment)
        kinds[kind] = None
        return f"<{kind}>".encode()

    if len(content) > MAX_TEXT:
        return None
    rest = _OF_THE_MOMENT.sub(mask, content)
    return MaskedValue(rest, tuple(kinds), tuple(times)) if kinds else None


def _moment(text: str, form: str) -> float | None:
    """Seconds since 1970; times without an offset are UTC, the time zone of every training."""
    try:
        if form == "iso":
            moment = datetime.fromisoformat(text.replace("_", "T").replace(",", "."))
        elif form == "compact":
            moment = datetime.strptime(re.sub(r"\D", "", text), "%Y%m%d%H%M%S")
        else:
            moment = datetime.strptime(text, "%a %b %d %H:%M:%S %Y")
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _address(value: float) -> MaskedValue | None:
    if not isinstance(value, int) or value % ALIGNMENT:
        return None
    return MaskedValue(ADDRESS, (ADDRESS,)) if MIN_ADDRESS <= value < MAX_ADDRESS else None


def _duration(name: str, value: float, window: Window | None) -> MaskedValue | None:
    longest = float("inf") if window is None else window[1] - window[0] + TOLERANCE_SECONDS
    if _LASTED.search(name.lower()) and 0 <= value <= longest:
        return MaskedValue(DURATION, (DURATION,))
    return None
