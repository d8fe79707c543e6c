"""The keys of the rows that a model was trained on, as hashes.

Whoever evaluates the model elsewhere can tell how many of the rows it has seen, without the rows.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from packager.data.columns import hash_columns
from packager.data.fingerprint import row_hashes
from packager.errors import UsageError
from packager.manifest.base import FrozenModel

if TYPE_CHECKING:
    import pandas as pd

FILE = "keys.json"
MAX_HASHES = 65_536
"""Of more keys the smallest hashes are kept, a random sample of the keys."""
_SPACE = 2.0**64


@dataclass(frozen=True)
class KeyOverlap:
    """Number of rows whose key is in a sketch."""

    rows: int
    """Exact if the sketch has all keys, else an estimate."""
    exact: bool


class KeySketch(FrozenModel):
    """Hashes of the keys of a training's rows (``/package/keys.json``)."""

    columns: tuple[str, ...]
    """The columns of the key, in its order; their names are not part of a hash."""
    kinds: tuple[str, ...]
    """The ``key_kinds`` of the rows: keys of other kinds have other hashes, even of 7 and "7"."""
    keys: int
    """The number of distinct keys."""
    hashes: str
    """The smallest hashes, ascending: 64-bit numbers, little-endian, in base64."""

    @classmethod
    def of(cls, rows: pd.DataFrame, columns: Sequence[str]) -> KeySketch:
        """The sketch of ``rows``; raises ``UsageError`` for a column that is not there."""
        distinct = np.unique(key_hashes(rows, columns))
        encoded = base64.b64encode(distinct[:MAX_HASHES].astype("<u8").tobytes()).decode()
        kinds = key_kinds(rows, columns)
        return cls(columns=tuple(columns), kinds=kinds, keys=len(distinct), hashes=encoded)

    def overlap(self, hashes: npt.NDArray[np.uint64]) -> KeyOverlap:
        """Count the rows with these ``key_hashes`` whose key is in the sketch."""
        smallest = np.frombuffer(base64.b64decode(self.hashes), "<u8")
        matched = int(np.isin(hashes, smallest).sum())
        if self.keys <= len(smallest):
            return KeyOverlap(matched, exact=True)
        covered = (float(smallest[-1]) + 1) / _SPACE
        return KeyOverlap(round(matched / covered), exact=False)


def key_hashes(rows: pd.DataFrame, columns: Sequence[str]) -> npt.NDArray[np.uint64]:
    """A hash for each row, of the values in ``columns``; equal values have equal hashes."""
    named = _key(rows, columns)
    return row_hashes(named.set_axis([str(index) for index in range(len(columns))], axis=1))


def key_kinds(rows: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """The kind of values of each of ``columns``: ``number``, also of integers, ``string``.

    ``number|string`` of a column with both, ``null`` of one without values. Raises ``UsageError``
    for a column that is not there.
    """
    key = _key(rows, columns)
    return tuple(_kind(key[name], name) for name in columns)


def _kind(series: pd.Series[Any], name: str) -> str:
    values = series.dropna()
    return "|".join(sorted(hash_columns(values, name).types)) if len(values) else "null"


def _key(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    absent = [name for name in columns if name not in rows.columns]
    if absent:
        raise UsageError(
            f"[data] key: expected a column {absent[0]!r} in the data, got none",
            "name the columns that identify a row",
        )
    return rows[list(columns)]
