"""An issue: all findings of one fingerprint, its state, and the events of its history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, FiniteFloat

from packager.tracker.core.finding import Finding, Link, Severity, Share, StrictRecord
from packager.tracker.core.kinds import family_of
from packager.tracker.core.moments import HOUR, Moment
from packager.tracker.core.priority import Rank, moved_band
from packager.tracker.core.texts import Identity, Name, Text

MAX_OBSERVATIONS = 200
"""Observations of one issue at once; beyond it the oldest is dropped."""
SOURCE = "source"
"""The closer of an issue that no person closed."""


Count = Annotated[int, Field(ge=0, le=2**53)]


class State(StrEnum):
    """States of an issue."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    IGNORED = "ignored"
    RESOLVED = "resolved"


ACTIVE = frozenset({State.OPEN, State.ACKNOWLEDGED})
"""States of issues that somebody has to do something about."""


class Observation(StrictRecord):
    """A source's last report under a key; the issue has the numbers of the worst."""

    source: Name
    scope: Text = ""
    """The scope of the scan that found it; empty for other sources."""
    starts_at: Moment
    version: Identity = ""
    severity: Severity
    share: Share
    certainty: Share
    evidence: Text = ""
    values: dict[str, FiniteFloat] = {}
    measured: bool = True
    """Whether a source gave its share or certainty; else both count as 1."""
    muted: Text = ""
    """Why its source notifies nobody: ``silenced in Alertmanager until …``."""

    @property
    def rank(self) -> Rank:
        """The factors of its priority."""
        return Rank(self.severity, self.share, self.certainty)


class Snooze(StrictRecord):
    """When a snoozed issue opens again: the first of the conditions that are set."""

    until: Moment | None = None
    priority: FiniteFloat | None = None
    """Opens when the priority reaches this: twice that of the moment it was snoozed."""
    version: Identity | None = None
    """Opens on a finding of a version that is newer than this one."""


class Ignored(StrictRecord):
    """Why an issue is ignored, and until when; None: for good."""

    reason: Text
    until: Moment | None = None


class Issue(StrictRecord):
    """The record of an issue."""

    id: Count = 0
    fingerprint: str
    package: Name
    kind: Name
    subject: Name
    title: Text
    summary: Text = ""
    action: Text = ""
    source: Name
    """The source that found it first."""
    state: State = State.OPEN
    state_since: Moment
    numbers: Observation
    """Of the worst active observation; of the last one when none is active."""
    active: Annotated[dict[str, Observation], Field(max_length=MAX_OBSERVATIONS)] = {}
    """``source/key`` → what was last observed; empty when no source observes it any more."""
    ended: Annotated[dict[str, Moment], Field(max_length=MAX_OBSERVATIONS)] = {}
    """``source/key`` → start of its last episode that is over, to recognise late messages."""
    first_seen: Moment
    last_seen: Moment
    opened_at: Moment
    """The start of this episode: when it opened or opened again."""
    cleared_at: Moment | None = None
    """When the last source said that it was over."""
    version_first: Identity = ""
    version_last: Identity = ""
    resolved_in: Identity | None = None
    """The version that fixes it, as a person or a scan said."""
    closed_by: Text = ""
    """``source``, or the person who resolved it."""
    regressions: Count = 0
    events: Count = 0
    bounces: tuple[Moment, ...] = ()
    """Times at which it began again within minutes of its end."""
    flapping: bool = False
    quiet_seconds: FiniteFloat = HOUR
    """Seconds without a change after which a flapping issue is resolved."""
    unobserved: bool = False
    """The last replica of its version ended before the source said that it was over."""
    snooze: Snooze | None = None
    ignored: Ignored | None = None
    shift: Annotated[int, Field(ge=-1, le=1)] = 0
    """Bands that a person moved it by; -1 is more urgent."""
    shift_reason: Text = ""
    owner: Text = ""
    labels: tuple[Name, ...] = ()
    links: dict[Name, Link] = {}
    cause: Count = 0
    """The id of the issue that leads its cause; its own id if it is alone."""

    @property
    def family(self) -> str:
        """The family of its kind."""
        return family_of(self.kind)

    @property
    def firing(self) -> bool:
        """Whether a source observes it now."""
        return bool(self.active)

    @property
    def muted(self) -> str:
        """Why nobody is notified of any of its observations; empty if of one somebody is."""
        reasons = [one.muted for one in self.active.values()]
        return reasons[0] if reasons and all(reasons) else ""

    @property
    def priority(self) -> float:
        """Between 0 and 100."""
        return self.numbers.rank.priority

    @property
    def band(self) -> int:
        """1 to 4, after a person's correction."""
        return moved_band(self.numbers.rank.band, self.shift)

    def with_changes(self, changes: Mapping[str, object]) -> Issue:
        """A copy with other values of these fields."""
        return self.model_copy(update=dict(changes))


What = Literal[
    "opened",
    "regressed",
    "changed",
    "rose",
    "cleared",
    "resolved",
    "reopened",
    "acknowledged",
    "snoozed",
    "woke",
    "ignored",
    "assigned",
    "labelled",
    "unlabelled",
    "moved",
    "comment",
    "flapping",
    "unobserved",
    "proved",
    "linked",
]


class Event(StrictRecord):
    """One entry of an issue's history; never changed."""

    at: Moment
    who: Name
    what: What
    text: Annotated[str, Field(max_length=10_000)] = ""
    version: Identity = ""
    link: Link | None = None
    imported: bool = False
    """Whether an archive says so; else this tracker saw it happen."""


class Transition(StrictRecord):
    """An issue after something happened, and what is added to its history."""

    issue: Issue
    events: tuple[Event, ...] = ()


def observation_of(
    finding: Finding, scope: str = "", before: Observation | None = None
) -> Observation:
    """The observation that a finding of a scan of ``scope`` reports.

    A finding that says no share keeps the numbers of the observation ``before`` it.
    """
    numbers = before if before is not None and not finding.measured else finding
    return Observation(
        source=finding.source,
        scope=scope,
        starts_at=finding.starts_at,
        version=finding.version,
        severity=finding.severity,
        share=numbers.share,
        certainty=numbers.certainty,
        evidence=numbers.evidence,
        values=numbers.values,
        measured=numbers.measured,
        muted=finding.muted,
    )


def worst(active: Iterable[Observation], default: Observation) -> Observation:
    """The most urgent observation; ``default`` if there is none.

    What pages, and numbers that somebody measured, come before unknown ones.
    """
    return max(
        active,
        key=lambda one: (
            one.measured or one.severity == "page",
            -one.rank.band,
            one.rank.priority,
        ),
        default=default,
    )
