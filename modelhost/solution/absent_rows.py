"""The rows of a batch without a member's answer, by the frames that it was handed."""

from __future__ import annotations

from typing import Any, Iterable


def absent_indices(absent: Iterable[tuple[str, Any]], rows: Any) -> dict[str, list[int]]:
    """Member → positions in ``rows``, the flow's batch, in order.

    ``absent``: members, and the frames or arrays without answers. Rows are found by the labels of
    their index; an array as long as the batch has its rows. What can't be found is every row: an
    answer that may lack a member's is better marked than not.
    """
    positions: dict[str, set[int]] = {}
    for member, lost in absent:
        indices = _indices(lost, rows)
        positions.setdefault(member, set()).update(range(len(rows)) if indices is None else indices)
    return {member: sorted(indices) for member, indices in positions.items() if indices}


def _indices(lost: Any, rows: Any) -> Iterable[int] | None:
    labels, known = getattr(lost, "index", None), getattr(rows, "index", None)
    if labels is None or known is None:
        return range(len(rows)) if len(lost) == len(rows) else None
    indices = known.get_indexer(labels).tolist() if known.is_unique else [-1]
    return None if -1 in indices else indices
