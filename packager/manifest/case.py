"""A behavioural case: ``[[test.case]]`` of package.toml."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from packager.manifest.base import FrozenModel

CaseKind = Literal[
    "golden", "invariance", "directional", "monotonic", "bounds", "metamorphic", "minimum"
]


class Case(FrozenModel):
    """What the model has to do on some rows."""

    name: str = Field(min_length=1, max_length=200)
    kind: CaseKind
    rows: str | tuple[dict[str, Any], ...] = "sample:200"
    severity: Literal["fail", "warn"] = "fail"
