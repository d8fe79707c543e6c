"""Limit of what a token may add within a day: a sender that runs wild fills no store.

What is known already costs nothing, so a sender at its limit still brings its findings up to date.
"""

from __future__ import annotations

from collections.abc import Mapping

from packager.tracker.core.moments import DAY
from packager.tracker.store.writer import Writer

WINDOW_SECONDS = DAY
MAX_ADDED: Mapping[str, int] = {"issues": 20_000, "packages": 1_000, "versions": 5_000}
"""Records that a token adds for the first time → at most so many in a day."""


class QuotaExceededError(Exception):
    """A token that wants to add more than it may; ``seconds``: until it may again."""

    def __init__(self, token: str, what: str, seconds: float) -> None:
        super().__init__(
            f"expected at most {MAX_ADDED[what]:,} new {what} a day of {token!r}, got more"
        )
        self.seconds = seconds


def spend(store: Writer, token: str, now: float) -> None:
    """Count what the transaction of ``store`` added.

    Raises ``QuotaExceededError``, which undoes it.
    """
    for what, added in store.added.items():
        sql = "select since, n from quota where token = ? and what = ?"
        known = store.db.rows(sql, (token, what))
        since, n = (known[0]["since"], known[0]["n"]) if known else (now, 0)
        if now - since >= WINDOW_SECONDS:
            since, n = now, 0
        if n + added > MAX_ADDED[what]:
            raise QuotaExceededError(token, what, since + WINDOW_SECONDS - now)
        keep = (
            "insert into quota(token, what, since, n) values(?, ?, ?, ?)"
            " on conflict(token, what) do update set since = excluded.since, n = excluded.n"
        )
        store.db.run(keep, (token, what, since, n + added))


def forget_quotas(store: Writer, now: float) -> None:
    """Forget days that are over."""
    store.db.run("delete from quota where since < ?", (now - WINDOW_SECONDS,))
