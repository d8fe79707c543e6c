"""Causes: issues of one package and family that began within an hour are one line of the list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from packager.tracker.core.issue import Issue
from packager.tracker.core.moments import HOUR

CAUSE_SECONDS = HOUR
"""Issues that began this long after the first of a cause belong to it."""


class OpenCause(NamedTuple):
    """A cause with open issues."""

    id: int
    leader: int
    """The issue that stands for it in the list."""
    began_at: float
    """When its first open issue began."""


def cause_of(issue: Issue, causes: Iterable[OpenCause]) -> int:
    """The cause that ``issue`` belongs to: an id of an issue; its own if it begins one.

    ``causes``: those of the same package and family. A cause lasts an hour from its first issue, so
    that a chain of issues can't grow without end.
    """
    near = [
        (abs(issue.opened_at - cause.began_at), cause.id)
        for cause in causes
        if cause.leader != issue.id and abs(issue.opened_at - cause.began_at) <= CAUSE_SECONDS
    ]
    return min(near)[1] if near else issue.id
