"""The lines of an archive as records."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, FiniteFloat, TypeAdapter

from packager.tracker.core.finding import StrictRecord
from packager.tracker.core.issue import Event, Issue
from packager.tracker.core.moments import MAX_SECONDS
from packager.tracker.core.texts import Identity, Name, Text
from packager.tracker.store.audit import Deed

MAX_LINE = 16 << 20
Seconds = Annotated[FiniteFloat, Field(ge=0, le=MAX_SECONDS)]
"""A time exactly as the store has it."""


class HeadLine(StrictRecord):
    """The first line."""

    format: Literal["issues/1"]


class VersionLine(StrictRecord):
    """A version; lines of a package come in order."""

    type: Literal["version"]
    package: Name
    version: Identity
    first_seen: Seconds


class IssueLine(StrictRecord):
    """An issue, with its id and cause in the store it comes from."""

    type: Literal["issue"]
    record: Issue


class EventLine(Event):
    """An entry of the history of an issue."""

    type: Literal["event"]
    issue: Name


class PointLine(StrictRecord):
    """A point of a sparkline."""

    type: Literal["point"]
    issue: Name
    at: Seconds
    value: FiniteFloat


class PlotLine(StrictRecord):
    """The plot of an issue."""

    type: Literal["plot"]
    issue: Name
    at: Seconds
    record: str


class MirrorLine(StrictRecord):
    """The issue's copy in a forge."""

    type: Literal["mirror"]
    issue: Name
    forge: Name
    seen: Text
    synced_at: Seconds


class ViewLine(StrictRecord):
    """A saved view."""

    type: Literal["saved_view"]
    name: Name
    query: Text
    who: Text
    at: Seconds


class SettingLine(StrictRecord):
    """The time of the last scan of a scope."""

    type: Literal["setting"]
    name: Name
    value: Seconds


class DeliveryLine(StrictRecord):
    """A message that was received."""

    type: Literal["delivery"]
    id: Name
    at: Seconds


class AuditLine(StrictRecord):
    """An entry of the audit trail."""

    type: Literal["audit"]
    at: Seconds
    who: Name
    what: Deed
    text: Text


class EndLine(StrictRecord):
    """The last line."""

    type: Literal["end"]
    issues: int


Line = Annotated[
    VersionLine
    | IssueLine
    | EventLine
    | PointLine
    | PlotLine
    | MirrorLine
    | ViewLine
    | SettingLine
    | DeliveryLine
    | AuditLine
    | EndLine,
    Field(discriminator="type"),
]
LINE: TypeAdapter[Line] = TypeAdapter(Line)
