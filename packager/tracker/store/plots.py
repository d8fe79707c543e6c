"""The plot of each issue: the last one that a finding brought."""

from __future__ import annotations

from typing import NamedTuple

from packager.tracker.core.plot import PLOT, Plot
from packager.tracker.store.reader import StoreReader
from packager.tracker.store.writer import Writer


class KeptPlot(NamedTuple):
    """A plot, and when it came."""

    plot: Plot
    at: float


def keep_plot(store: Writer, issue: int, plot: Plot, now: float) -> None:
    """Keep a plot in place of the issue's earlier one."""
    sql = (
        "insert into plot(issue, at, record) values(?, ?, ?)"
        " on conflict(issue) do update set at = excluded.at, record = excluded.record"
    )
    store.db.run(sql, (issue, now, plot.model_dump_json()))


def plot_of(store: StoreReader, issue: int) -> KeptPlot | None:
    """The plot of an issue."""
    rows = store.db.rows("select at, record from plot where issue = ?", (issue,))
    return KeptPlot(PLOT.validate_json(rows[0]["record"]), rows[0]["at"]) if rows else None
