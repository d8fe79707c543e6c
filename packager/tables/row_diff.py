"""The rows that were added, removed or changed between two tables read in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from packager.data.checks.cell_display import cell_text
from packager.data.fingerprint import cell_hashes, row_hashes
from packager.errors import UsageError

Hashes = npt.NDArray[np.uint64]
Frames = Callable[[], Iterable[pd.DataFrame]]

MAX_EXAMPLES = 5
"""Example rows of each kind."""
_MOST_CHANGED = 200_000
"""Changed rows whose cells are compared, to count them by column."""


@dataclass(frozen=True)
class RowDiff:
    """Rows compared over the common columns; without a key, no row counts as ``changed``."""

    added: int
    removed: int
    changed: int
    changed_cells: dict[str, int]
    """Column → changed rows in which it differs; counted on at most 200,000 of them."""
    added_rows: tuple[dict[str, Any], ...]
    removed_rows: tuple[dict[str, Any], ...]
    changed_rows: tuple[tuple[dict[str, Any], dict[str, Any]], ...]
    """Before and after: only the key and the cells that differ."""


def diff_rows(before: Frames, after: Frames, key: Sequence[str]) -> RowDiff:
    """Compare two tables row by row; memory is 8 to 16 bytes per row.

    Raises ``UsageError`` if a ``key`` column is missing or the key isn't unique.
    """
    one, other = next(iter(before())), next(iter(after()))
    common = [name for name in one.columns if name in other.columns]
    for name in key:
        if name not in common:
            raise UsageError(
                f"--key-columns {name}: expected a column of both tables, got none there",
                f"both have {', '.join(common[:20])}",
            )
    if key:
        return _by_key(before, after, common, list(key))
    hashes = _hashes(before, common), _hashes(after, common)
    gone, new = surplus(hashes[0], hashes[1]), surplus(hashes[1], hashes[0])
    return RowDiff(
        added=int(new.sum()),
        removed=int(gone.sum()),
        changed=0,
        changed_cells={},
        added_rows=_rows_at(after, common, np.flatnonzero(new)[:MAX_EXAMPLES]),
        removed_rows=_rows_at(before, common, np.flatnonzero(gone)[:MAX_EXAMPLES]),
        changed_rows=(),
    )


def _hashes(frames: Frames, names: list[str]) -> Hashes:
    parts = [row_hashes(frame[names]) for frame in frames()]
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def surplus(mine: Hashes, others: Hashes) -> npt.NDArray[np.bool_]:
    """Mask of the rows that the other table lacks, counting duplicates: shape (len(mine),)."""
    order = np.argsort(mine, kind="stable")
    ranked = mine[order]
    starts = np.searchsorted(ranked, ranked, side="left")
    nth = np.arange(len(ranked)) - starts  # 0 for the first of equal rows, then 1, …
    sorted_others = np.sort(others)
    there = np.searchsorted(sorted_others, ranked, side="right")
    there -= np.searchsorted(sorted_others, ranked, side="left")
    result = np.empty(len(mine), bool)
    result[order] = nth >= there
    return result


def _by_key(before: Frames, after: Frames, common: list[str], key: list[str]) -> RowDiff:
    sides = []
    for which, frames in (("first", before), ("second", after)):
        keys = _hashes(frames, key)
        if len(np.unique(keys)) < len(keys):
            raise UsageError(
                f"--key-columns {','.join(key)}: expected another key in every row, "
                f"got repeated ones in the {which} table",
                "name more columns, or compare without a key",
            )
        sides.append((keys, _hashes(frames, common)))
    (keys1, rows1), (keys2, rows2) = sides
    _, at1, at2 = np.intersect1d(keys1, keys2, assume_unique=True, return_indices=True)
    differ = rows1[at1] != rows2[at2]
    # In the order of the first table, so that both sides can be read in one pass each.
    order = np.argsort(at1[differ])
    old, new = at1[differ][order], at2[differ][order]
    rows_before = _rows_by_index(before, common, old[:_MOST_CHANGED])
    right = _rows_by_index(after, common, new[:_MOST_CHANGED])
    unlike = {name: _unlike(rows_before[name], right[name], name) for name in common}
    return RowDiff(
        added=len(keys2) - len(at2),
        removed=len(keys1) - len(at1),
        changed=len(old),
        changed_cells={name: int(mask.sum()) for name, mask in unlike.items() if mask.any()},
        added_rows=_rows_at(after, common, _absent(keys2, at2)[:MAX_EXAMPLES]),
        removed_rows=_rows_at(before, common, _absent(keys1, at1)[:MAX_EXAMPLES]),
        changed_rows=tuple(_pairs(rows_before, right, unlike, key)),
    )


def _absent(keys: Hashes, present: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    missing = np.ones(len(keys), bool)
    missing[present] = False
    return np.flatnonzero(missing)


def _unlike(left: pd.Series[Any], right: pd.Series[Any], name: str) -> npt.NDArray[np.bool_]:
    return np.not_equal(cell_hashes(left, name), cell_hashes(right, name))


def _rows_by_index(frames: Frames, names: list[str], indices: npt.NDArray[np.intp]) -> pd.DataFrame:
    """The rows at ``indices`` of the whole table, in that order."""
    order = np.argsort(indices)
    sorted_indices, parts, start = indices[order], [], 0
    for frame in frames():
        low, high = np.searchsorted(sorted_indices, [start, start + len(frame)])
        parts.append(frame[names].iloc[sorted_indices[low:high] - start])
        start += len(frame)
    filled = [part for part in parts if len(part)] or parts[:1]
    rows = pd.concat(filled, ignore_index=True)
    back = np.empty(len(order), np.intp)
    back[order] = np.arange(len(order))
    return rows.iloc[back].reset_index(drop=True)


def _rows_at(
    frames: Frames, names: list[str], indices: npt.NDArray[np.intp]
) -> tuple[dict[str, Any], ...]:
    if not len(indices):
        return ()
    rows = _rows_by_index(frames, names, indices)
    return tuple({str(k): _shown(v) for k, v in row.items()} for row in rows.to_dict("records"))


def _pairs(
    left: pd.DataFrame,
    right: pd.DataFrame,
    unlike: dict[str, npt.NDArray[np.bool_]],
    key: list[str],
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for row in range(min(MAX_EXAMPLES, len(left))):
        names = [*key, *(name for name, mask in unlike.items() if mask[row] and name not in key)]
        yield (
            {name: _shown(left[name].iloc[row]) for name in names},
            {name: _shown(right[name].iloc[row]) for name in names},
        )


def _shown(value: Any) -> Any:
    """A cell as a JSON value."""
    if isinstance(value, np.generic):
        value = value.item()
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    return value if isinstance(value, bool | int | float | str) else cell_text(value)
