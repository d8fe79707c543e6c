"""The values that the list can be filtered by; each statement reads an index, not the issues."""

from __future__ import annotations

from collections.abc import Sequence

from packager.tracker.store.reader import StoreReader

MAX_VALUES = 30


def kinds_in_use(store: StoreReader) -> list[str]:
    """Kinds of open issues, in order; at most ``MAX_VALUES``."""
    return _of_issues(store, "kind")


def owners_in_use(store: StoreReader) -> list[str]:
    """Owners of open issues, in order; at most ``MAX_VALUES``, without "nobody"."""
    return [issue for issue in _of_issues(store, "owner") if issue]


def labels_in_use(store: StoreReader) -> list[str]:
    """Labels, in order; at most ``MAX_VALUES``."""
    return _distinct(store, "label", "name", "")


def recent_points(
    store: StoreReader, issues: Sequence[int], start: float
) -> dict[int, list[tuple[float, float]]]:
    """Issue → the times and priorities since ``start``, and the last one before it."""
    points: dict[int, list[tuple[float, float]]] = {issue: [] for issue in issues}
    if issues:
        marks = ", ".join("?" for _ in issues)
        sql = (
            f"select issue, at, value from point where issue in ({marks}) and at >= coalesce("
            "(select max(at) from point as early where early.issue = point.issue"
            " and early.at <= ?), 0) order by issue, at"
        )
        for row in store.db.rows(sql, (*issues, start)):
            points[row["issue"]].append((row["at"], row["value"]))
    return points


def _of_issues(store: StoreReader, column: str) -> list[str]:
    condition = f" and exists(select 1 from issue where {column} = name and active = 1)"
    return _distinct(store, "issue", column, condition)


def _distinct(store: StoreReader, table: str, column: str, condition: str) -> list[str]:
    """Distinct values of an indexed column: one step in the index for each of them."""
    sql = (
        f"with recursive names(name) as (select min({column}) from {table} union all"
        f" select (select min({column}) from {table} where {column} > names.name)"
        " from names where names.name is not null)"
        f" select name from names where name is not null{condition} order by name limit ?"
    )
    return [row["name"] for row in store.db.rows(sql, (MAX_VALUES,))]
