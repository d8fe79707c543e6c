"""The canonical 64-bit value of one cell, ``dfp/1``; specified in docs/fingerprint.md.

It depends on the content of a cell, not on its storage. ``columns.py`` computes the same for whole
columns, faster; both must agree bit for bit. All arithmetic is modulo 2^64.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from packager.manifest.base import MAX_EXACT_INTEGER

MASK = (1 << 64) - 1
SECOND = 10**9
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": SECOND}
_EPOCH = dt.datetime(1970, 1, 1)


def mix(x: int) -> int:
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014), a bijection of 64-bit values."""
    x &= MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


@functools.cache
def tag(name: str) -> int:
    """Separates kinds of values: the first 8 bytes of blake2b of ``dfp/1:<name>``."""
    return _blake("dfp/1:" + name)


def seed(column: str) -> int:
    """Separates columns: the first 8 bytes of blake2b of the name."""
    return _blake(column)


def _blake(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


@dataclass(frozen=True, slots=True)
class HashedBytes:
    """A cell of bytes of which only the hash is kept."""

    xxh3: int
    """XXH3 of the bytes, 64 bit, seed 0."""


def xxh3(data: bytes | memoryview) -> int:
    """XXH3, 64 bit, seed 0."""
    from xxhash import xxh3_64_intdigest

    return int(xxh3_64_intdigest(data))


def canonical(value: Any) -> tuple[str, int]:
    """Logical type and canonical value of a cell; ``TypeError`` for an unsupported type."""
    if value is None or value is pd.NA or value is pd.NaT:
        return "null", tag("null")
    for types, convert in _RULES:
        if isinstance(value, types):
            return convert(value)
    raise TypeError(type(value).__name__)


def _boolean(value: bool) -> tuple[str, int]:
    return "boolean", int(value) ^ tag("bool")


def _integer(value: int) -> tuple[str, int]:
    value = int(value)
    if -MAX_EXACT_INTEGER <= value <= MAX_EXACT_INTEGER:
        return _number(float(value))
    if -(1 << 63) <= value < 1 << 63:
        return "number", (value & MASK) ^ tag("int")
    if 0 <= value <= MASK:
        return "number", value ^ tag("uint")
    return "number", xxh3(str(value).encode()) ^ tag("bigint")


def _number(value: float) -> tuple[str, int]:
    value = float(value)
    if value != value:
        return "null", tag("null")
    return "number", int.from_bytes(struct.pack("<d", value + 0.0), "little")


def _string(value: str) -> tuple[str, int]:
    return "string", xxh3(value.encode("utf-8", "surrogatepass")) ^ tag("str")


def _bytes(value: bytes) -> tuple[str, int]:
    return "bytes", xxh3(bytes(value)) ^ tag("bytes")


def _hashed_bytes(value: HashedBytes) -> tuple[str, int]:
    return "bytes", value.xxh3 ^ tag("bytes")


def _instant(seconds: int, nanoseconds: int, name: str) -> int:
    total = seconds * SECOND + nanoseconds
    if -(1 << 63) < total < 1 << 63:
        return (total & MASK) ^ tag(name)
    return (mix((seconds & MASK) ^ tag(name)) + nanoseconds) & MASK


def _numpy_time(value: np.datetime64 | np.timedelta64, name: str) -> tuple[str, int]:
    if np.isnat(value):
        return "null", tag("null")
    unit, step = np.datetime_data(value.dtype)
    if unit not in PER_SECOND or step != 1:
        if unit in ("ps", "fs", "as", "generic"):
            raise TypeError(str(value.dtype))
        value, unit = value.astype(f"{value.dtype.kind}8[s]"), "s"
    seconds, rest = divmod(int(value.astype(np.int64)), PER_SECOND[unit])
    return name, _instant(seconds, rest * (SECOND // PER_SECOND[unit]), name)


def _timestamp(value: dt.datetime) -> tuple[str, int]:
    name = "timestamp" if value.tzinfo is None else "timestamptz"
    if isinstance(value, pd.Timestamp):
        return _numpy_time(value.asm8, name)  # in UTC, whatever the zone
    if value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    since = value - _EPOCH
    return name, _instant(since.days * 86400 + since.seconds, since.microseconds * 1000, name)


def _duration(value: dt.timedelta) -> tuple[str, int]:
    if isinstance(value, pd.Timedelta):
        return _numpy_time(value.asm8, "duration")
    seconds = value.days * 86400 + value.seconds
    return "duration", _instant(seconds, value.microseconds * 1000, "duration")


def _date(value: dt.date) -> tuple[str, int]:
    days = value.toordinal() - _EPOCH.toordinal()
    return "date", (days & MASK) ^ tag("date")


def _time(value: dt.time) -> tuple[str, int]:
    if value.tzinfo is not None:
        raise TypeError("time with a time zone")
    seconds = (value.hour * 60 + value.minute) * 60 + value.second
    return "time", (seconds * SECOND + value.microsecond * 1000) ^ tag("time")


def _decimal(value: Decimal) -> tuple[str, int]:
    if value.is_nan():
        return "null", tag("null")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
    text = "0" if not value else text
    return "decimal", xxh3(text.encode()) ^ tag("decimal")


def _nested(value: Any) -> tuple[str, int]:
    return "json", xxh3(outline(value).encode()) ^ tag("json")


def outline(value: Any) -> str:
    """JSON without spaces, every key and leaf written as its canonical value in hex."""
    if isinstance(value, dict):
        members = {f'"{canonical(key)[1]:016x}"': outline(item) for key, item in value.items()}
        return "{" + ",".join(f"{key}:{members[key]}" for key in sorted(members)) + "}"
    if isinstance(value, list | tuple | np.ndarray):
        return "[" + ",".join(map(outline, value)) + "]"
    return f'"{canonical(value)[1]:016x}"'


# The order matters: bool is an int, a datetime is a date, numpy's timedelta64 is an integer.
_RULES: tuple[tuple[Any, Callable[[Any], tuple[str, int]]], ...] = (
    ((str,), _string),
    ((bool, np.bool_), _boolean),
    ((np.timedelta64,), lambda value: _numpy_time(value, "duration")),
    ((int, np.integer), _integer),
    ((float, np.float16, np.float32, np.float64), _number),
    ((bytes, bytearray, memoryview), _bytes),
    ((HashedBytes,), _hashed_bytes),
    ((dt.datetime,), _timestamp),
    ((np.datetime64,), lambda value: _numpy_time(value, "timestamp")),
    ((dt.date,), _date),
    ((dt.time,), _time),
    ((dt.timedelta,), _duration),
    ((Decimal,), _decimal),
    ((dict, list, tuple, np.ndarray), _nested),
)
