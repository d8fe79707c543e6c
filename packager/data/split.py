"""Select the held-out rows by the content of a row, not by its position.

A row keeps its side when rows are added, removed or reordered, and equal rows are never on both
sides.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from modelhost.text import display_value, truncate
from packager.data import canonical
from packager.data.columns import mix_into
from packager.data.fingerprint import row_hashes
from packager.errors import UsageError
from packager.manifest.data_roles import Split

Mask = npt.NDArray[np.bool_]
_UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d{1,6}) ?(s|min|h|d|w)\Z")


class Parts(NamedTuple):
    """Masks of the rows to train and of those held out, shape (rows,); some may be in neither."""

    train: Mask
    test: Mask


def split_parts(frame: pd.DataFrame, split: Split, features: Sequence[str]) -> Parts:
    """Divide the rows of ``frame``.

    By time: rows from ``split.start`` on are held out, and rows in the ``split.gap`` before are in
    neither part. By hash: rows where ``mix(h ^ mix(seed))``, as a fraction of 2^64, is below
    ``split.test``; h is the row hash over ``split.by`` or, without it, over the features. By time
    and ``split.by``: later rows of the held-out groups; earlier rows of the other groups train,
    the rest is in neither part. ``split.file`` is not handled here. Raises ``UsageError`` if a
    column is absent or a side would be empty.
    """
    if split.time is None:
        test = _by_hash(frame, split, features)
        parts = Parts(~test, test)
    else:
        parts = _by_time(frame, split)
        if split.by:
            held = _by_hash(frame, split, features)
            parts = Parts(parts.train & ~held, parts.test & held)
    for what, mask in (("training", parts.train), ("test", parts.test)):
        if not mask.any():
            raise UsageError(
                f"split: expected rows for training and for the test, "
                f"got none of {len(frame)} for the {what}",
                "choose another share, seed, columns or date for the split",
            )
    return parts


def _by_hash(frame: pd.DataFrame, split: Split, features: Sequence[str]) -> Mask:
    if not 0 < split.test < 1:
        raise UsageError(f"split.test: expected a share between 0 and 1, got {split.test}")
    names = list(split.by or features)
    for name in names:
        _require(frame, name, "by" if split.by else "features")
    hashes = row_hashes(frame[names])
    np.bitwise_xor(hashes, np.uint64(canonical.mix(split.seed)), out=hashes)
    mix_into(hashes, np.empty_like(hashes))
    return hashes < np.uint64(math.ceil(split.test * 2.0**64))


def _by_time(frame: pd.DataFrame, split: Split) -> Parts:
    """Times without an offset are UTC; a column of numbers (years) is compared as numbers."""
    assert split.time is not None
    column = _require(frame, split.time, "time")
    if split.start is None:
        raise UsageError("split.from: expected the first date of the test rows, got nothing")
    absent = column.isna()
    if absent.any():
        raise UsageError(
            f"split.time: expected a time in every row, got {int(absent.sum())} nulls in "
            f"{split.time!r}, the first in row {int(absent.to_numpy().argmax())}",
            "fill them in, leave those rows out, or split by hash",
        )
    if pd.api.types.is_numeric_dtype(column.dtype):
        first = _number(split.start, split.time)
        last = first - _gap_of_numbers(split)
        times: Any = column
    else:
        first = _times(pd.Series([split.start]), "split.from")[0]
        last = first - _gap_of_times(split)
        times = _times(column, f"split.time: column {split.time!r}")
    return Parts(np.asarray(times < last, dtype=bool), np.asarray(times >= first, dtype=bool))


def _gap_of_numbers(split: Split) -> float:
    if split.gap is None:
        return 0.0
    if isinstance(split.gap, str) or not split.gap >= 0:
        raise UsageError(
            f"split.gap: expected a number, because the column {split.time!r} holds numbers, "
            f"got {display_value(split.gap)}",
            "write for example gap = 1",
        )
    return split.gap


def _gap_of_times(split: Split) -> dt.timedelta:
    if split.gap is None:
        return dt.timedelta(0)
    match = _DURATION.match(split.gap) if isinstance(split.gap, str) else None
    if match is None:
        raise UsageError(
            f"split.gap: expected a duration, because the column {split.time!r} holds times, "
            f"got {display_value(split.gap)}",
            'write for example gap = "7d"; the units are s, min, h, d and w',
        )
    return dt.timedelta(**{_UNITS[match[2]]: int(match[1])})


def time_order(column: pd.Series[Any]) -> npt.NDArray[np.float64]:
    """Numbers that increase with the times in ``column``, parsed as in a split by time: (rows,)."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    times = _times(column, f"split.time: column {column.name!r}")
    return np.asarray(times.astype("int64"), dtype=np.float64)


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(
            f"split.from: expected a number, because the column {name!r} holds numbers, "
            f"got {display_value(text)}"
        ) from error


def _times(column: pd.Series[Any], what: str) -> pd.Series[Any]:
    if any(isinstance(value, dt.date) for value in column.iloc[:1]):
        column = column.astype(str)
    try:
        return pd.to_datetime(column, format="ISO8601", utc=True)
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"{what}: expected ISO 8601 times, got {truncate(str(error).splitlines()[0])}",
            "write dates as 2024-01-31 or 2024-01-31T10:00:00, or split by hash",
        ) from error


def _require(frame: pd.DataFrame, name: str, key: str) -> pd.Series[Any]:
    if name not in frame.columns:
        raise UsageError(
            f"split.{key}: expected a column of the data, got {name!r}",
            f"the columns are {', '.join(map(str, frame.columns))}",
        )
    column: pd.Series[Any] = frame[name]
    return column
