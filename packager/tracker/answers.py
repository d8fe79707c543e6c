"""Answers of the service, as its client reads them: a strange one is refused before it is used."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from packager.tracker.forges.mirror import Mirror


class ServiceAnswer(BaseModel):
    """A part of an answer; further fields are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")


class FindingAnswer(ServiceAnswer):
    """The effect of a finding."""

    id: int | None
    state: str | None
    result: str


class IssueAnswer(ServiceAnswer):
    """An issue."""

    id: int
    fingerprint: str
    package: str
    kind: str
    subject: str
    title: str
    summary: str
    action: str
    source: str
    state: str
    state_since: str
    opened_at: str
    last_seen: str
    version_first: str
    version_last: str
    owner: str
    labels: list[str]
    links: dict[str, str]
    regressions: int
    flapping: bool
    muted: str
    shift_reason: str
    band: int
    priority: float
    explanation: str
    url: str
    result: str = ""
    """Of an issue that a person adds: ``new``, ``same`` if it was known, ``regressed``."""
    cause_size: int = 1
    """Of a folded list: issues that this one stands for, itself counted."""
    cause_line: str = ""


class EventAnswer(ServiceAnswer):
    """An entry of an issue's history."""

    id: int
    at: str
    who: str
    what: str
    text: str
    link: str | None
    imported: bool


class MirrorAnswer(ServiceAnswer):
    """The state of an issue after its last synchronisation."""

    issue: int
    mirror: Mirror


class TokenAnswer(ServiceAnswer):
    """A token without its secret."""

    name: str
    scope: str
    last_used: str | None


class AuditAnswer(ServiceAnswer):
    """An entry of the audit trail."""

    at: str
    who: str
    what: str
    text: str


class ImportAnswer(ServiceAnswer):
    """The counts of an import."""

    added: int
    changed: int
    same: int
