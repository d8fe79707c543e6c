"""Causes as the list shows them: how many issues each has, since when, and the most urgent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from packager.tracker.core.issue import Issue
from packager.tracker.store.reader import Reader

MAX_MEMBERS = 20
"""Members of a cause that the list shows; an address of its own has all."""


class CauseSummary(NamedTuple):
    """A cause of several open issues."""

    id: int
    size: int
    began: float
    members: tuple[Issue, ...]
    """The most urgent ones, at most ``MAX_MEMBERS``."""


def cause_summaries(store: Reader, causes: Sequence[int]) -> dict[int, CauseSummary]:
    """Cause → its summary, for those with more than one open issue; two statements in all."""
    if not causes:
        return {}
    marks = ", ".join("?" for _ in causes)
    sql = f"select id, n, began_at from cause where id in ({marks}) and n > 1"
    found = {row["id"]: row for row in store.db.rows(sql, causes)}
    members = _members(store, list(found))
    return {
        cause: CauseSummary(cause, row["n"], row["began_at"], tuple(members[cause]))
        for cause, row in found.items()
    }


def _members(store: Reader, causes: Sequence[int]) -> dict[int, list[Issue]]:
    found: dict[int, list[Issue]] = {one: [] for one in causes}
    if causes:
        # A limit for each cause: no cause is read whole.
        one = (
            "select * from (select id, cause, record from issue where cause = ? and active = 1"
            f" order by band, urgency, opened_at, id limit {MAX_MEMBERS}) as part"
        )
        for row in store.db.rows(" union all ".join(one for _ in causes), causes):
            issue = Issue.model_validate_json(row["record"]).with_changes({"id": row["id"]})
            found[row["cause"]].append(issue)
    return {
        cause: sorted(some, key=lambda one: (one.band, -one.priority, one.opened_at, one.id))
        for cause, some in found.items()
    }
