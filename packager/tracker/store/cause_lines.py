"""Causes as the list shows them: how many issues each has, since when, and the most urgent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from packager.tracker.store.database import Row
from packager.tracker.store.reader import StoreReader

MAX_MEMBERS = 12
"""Members of a cause that the list shows; an address of its own has all."""


class _SharePart(BaseModel):
    model_config = ConfigDict(extra="ignore")
    share: float


class _RecordPart(BaseModel):
    """The fields of an issue's record on a page of causes, which shows a thousand of them."""

    model_config = ConfigDict(extra="ignore")
    title: str
    numbers: _SharePart


class CauseMember(NamedTuple):
    """An open issue of a cause, as far as a list shows it."""

    id: int
    band: int
    priority: float
    package: str
    family: str
    subject: str
    title: str
    share: float
    """The part of traffic, rows or replicas that is affected (0 to 1)."""


class CauseSummary(NamedTuple):
    """A cause of several open issues."""

    id: int
    size: int
    began: float
    members: tuple[CauseMember, ...]
    """The most urgent ones, at most ``MAX_MEMBERS``."""


def cause_summaries(store: StoreReader, causes: Sequence[int]) -> dict[int, CauseSummary]:
    """Cause → its summary, for those with more than one open issue; two statements in all."""
    if not causes:
        return {}
    marks = ", ".join("?" for _ in causes)
    sql = f"select id, n, began_at from cause where id in ({marks}) and n > 1"
    rows = {row["id"]: row for row in store.db.rows(sql, causes)}
    members = _members(store, list(rows))
    return {
        cause: CauseSummary(cause, row["n"], row["began_at"], tuple(members[cause]))
        for cause, row in rows.items()
    }


def _members(store: StoreReader, causes: Sequence[int]) -> dict[int, list[CauseMember]]:
    members: dict[int, list[CauseMember]] = {cause: [] for cause in causes}
    if causes:
        # A limit for each cause: no cause is read whole.
        names = "id, cause, band, urgency, opened_at, package, family, subject, record"
        one = (
            f"select * from (select {names} from issue where cause = ? and active = 1"
            f" order by band, urgency, opened_at, id limit {MAX_MEMBERS}) as part"
        )
        rows = store.db.rows(" union all ".join(one for _ in causes), causes)
        order = ("band", "urgency", "opened_at", "id")
        for row in sorted(rows, key=lambda row: [row[name] for name in order]):
            members[row["cause"]].append(_member(row))
    return members


def _member(row: Row) -> CauseMember:
    record = _RecordPart.model_validate_json(row["record"])
    rank = (row["id"], row["band"], -row["urgency"])
    about = (row["package"], row["family"], row["subject"])
    return CauseMember(*rank, *about, record.title, record.numbers.share)
