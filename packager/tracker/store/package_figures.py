"""Figures of a package: how long its issues took to be resolved."""

from __future__ import annotations

import statistics
from typing import NamedTuple

from packager.tracker.core.issue import State
from packager.tracker.store.reader import StoreReader

MAX_RESOLVED = 500


class TimeToResolve(NamedTuple):
    """The median over the last ``n`` resolved issues, in seconds."""

    median: float
    n: int


def time_to_resolve(store: StoreReader, package: str) -> TimeToResolve | None:
    """From the start of an issue's last episode to its resolution; None without any."""
    sql = (
        "select state_since - opened_at as lasted from issue where package = ? and state = ?"
        " order by state_since desc limit ?"
    )
    rows = store.db.rows(sql, (package, State.RESOLVED.value, MAX_RESOLVED))
    durations = [row["lasted"] for row in rows]
    return TimeToResolve(statistics.median(durations), len(durations)) if durations else None
