"""``[trust]``: what an audit of the project fails for."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from packager.manifest.base import FrozenModel


class TrustSection(FrozenModel):
    """``[trust]``."""

    deny_licenses: tuple[Annotated[str, Field(min_length=1, max_length=100)], ...] = ()
    """Names of licences, or patterns such as ``GPL-*``."""
