"""The selection of a list of issues, and the key of its next page."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter

from packager.tracker.core.issue import ACTIVE, Issue, State
from packager.tracker.core.texts import Name, Text

MAX_PAGE = 200
MAX_ID = 2**53
Order = Literal["priority", "recent"]
Id = Annotated[int, Field(ge=0, le=MAX_ID)]
_KEY: TypeAdapter[tuple[int, float, float, int]] = TypeAdapter(
    tuple[Annotated[int, Field(ge=0, le=4)], FiniteFloat, FiniteFloat, Id]
)


class CursorError(ValueError):
    """A text that is not the key of a page."""


class Cursor(NamedTuple):
    """The key of the last issue of a page; the next page begins after it."""

    band: int
    urgency: float
    at: float
    id: int

    def encode(self) -> str:
        """A text for URLs."""
        return base64.urlsafe_b64encode(json.dumps(list(self)).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """The cursor of ``encode``; raises ``CursorError``."""
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            key = _KEY.validate_json(base64.b64decode(padded, b"-_", validate=True))
            return cls(*key)
        except ValueError:
            raise CursorError(f"expected the key of a page, got {text[:40]!r}") from None


class Selection(BaseModel):
    """A selection of issues; an empty part selects by nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    states: tuple[State, ...] = (State.OPEN, State.ACKNOWLEDGED)
    bands: tuple[Annotated[int, Field(ge=1, le=4)], ...] = ()
    package: Name | None = None
    kind: Name | None = None
    owner: Text | None = None
    """Empty text: issues that nobody owns."""
    label: Name | None = None
    cause: Id | None = None
    text: Text = ""
    folded: bool = False
    """Only the issue that leads each cause."""
    order: Order = "priority"
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 50

    @property
    def active_only(self) -> bool:
        """Whether it selects all issues that somebody has to do something about, and no other."""
        return frozenset(self.states) == ACTIVE


class IssuePage(NamedTuple):
    """Issues, and the key of the next page; None after the last one."""

    issues: tuple[Issue, ...]
    next: Cursor | None
