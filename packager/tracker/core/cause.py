"""Causes: issues of one package and family that began within an hour are one line of the list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packager.tracker.core.issue import Issue
from packager.tracker.core.moments import HOUR

CAUSE_SECONDS = HOUR
"""Issues that began this long after the first of a cause belong to it."""


@dataclass(frozen=True)
class CauseMember:
    """An open issue, as far as causes need it."""

    id: int
    cause: int
    opened_at: float
    band: int
    priority: float


def cause_of(issue: Issue, open_ones: Iterable[CauseMember]) -> int:
    """The cause that ``issue`` belongs to: an id of an issue; its own if it begins one.

    ``open_ones``: open issues of the same package and family. A cause lasts an hour from its first
    issue, so that a chain of issues can't grow without end.
    """
    began: dict[int, float] = {}
    for one in open_ones:
        if one.id != issue.id:
            began[one.cause] = min(one.opened_at, began.get(one.cause, one.opened_at))
    near = [
        (abs(issue.opened_at - start), cause)
        for cause, start in began.items()
        if abs(issue.opened_at - start) <= CAUSE_SECONDS
    ]
    return min(near)[1] if near else issue.id


def leader_of(members: Sequence[CauseMember]) -> int:
    """The id of the issue that stands for a cause in the list: the most urgent, then the oldest."""
    return min(members, key=lambda one: (one.band, -one.priority, one.opened_at, one.id)).id
