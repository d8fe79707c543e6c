"""``[card]``: what the author of a model says about it, which nothing can measure."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from packager.manifest.base import FrozenModel

FILE = "card.json"
"""The texts in ``/package``; absent if the author gave none."""
Text = Annotated[str, Field(min_length=1, max_length=10_000, pattern=r"\S")]
"""Plain text; an empty line begins a paragraph."""


class CardSection(FrozenModel):
    """``[card]``."""

    summary: Text | None = None
    intended_use: Text | None = None
    out_of_scope: Text | None = None
    limitations: Text | None = None
    ethics: Text | None = None
    owner: Text | None = None
    contact: Text | None = None

    @property
    def given(self) -> bool:
        """Whether there is any text."""
        return self != CardSection()
