"""The state of an issue in a forge after the last synchronisation."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from packager.tracker.core.finding import StrictRecord
from packager.tracker.core.texts import Text

Number = Annotated[str, Field(pattern=r"^[0-9]{1,18}$")]
"""An issue's number in a forge: digits, because it becomes a part of an address."""
Mark = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Count = Annotated[int, Field(ge=0, lt=2**62)]


class Mirror(StrictRecord):
    """Of one issue in one forge."""

    number: Number
    open_here: bool
    open_there: bool
    text: Text = ""
    """Digest of title, body and labels."""
    owner: Text = ""
    """The user assigned in the forge."""
    sent_comments: tuple[Mark, ...] = Field(default=(), max_length=1_000)
    """Marks of the tracker's newest comments, which the forge has, or had until a person there
    removed them."""
    comments: Count = 0
    """Comments in the forge."""
    comment: Count = 0
    """The id of the newest comment of the forge that the tracker has."""

    def having(self, **changes: object) -> Mirror:
        """A copy with other values."""
        return self.model_validate({**self.model_dump(), **changes})
