"""A labelling scheme, and the version of a table and its labels that a package was trained on."""

from __future__ import annotations

import math
from collections import Counter
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from packager.manifest.base import FrozenModel, Scalar

MAX_CLASSES = 10_000
SchemeName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
LabelKind = Literal["label", "number"]
Resolution = Literal["majority", "unanimous", "median", "mean"]
RESOLUTIONS: dict[LabelKind, tuple[Resolution, ...]] = {
    "label": ("majority", "unanimous"),
    "number": ("median", "mean"),
}
"""Rules that resolve several labels of a row to one; the first is the default."""


class LabelScheme(FrozenModel):
    """The permitted answers of annotators, and how those of several become one label."""

    name: SchemeName
    kind: LabelKind = "label"
    classes: tuple[Scalar, ...] = Field(default=(), max_length=MAX_CLASSES)
    """The allowed labels; in their order if ``ordered``. Empty for any text, and for numbers."""
    ordered: bool = False
    """Whether the classes have an order, as ``low``, ``medium``, ``high`` have."""
    minimum: float | None = Field(default=None, alias="min")
    maximum: float | None = Field(default=None, alias="max")
    resolve: Resolution = "majority"
    tolerance: float = Field(default=0.0, ge=0)
    """Numbers of one row that differ by more than this are disputed."""

    model_config = {"frozen": True, "extra": "forbid", "populate_by_name": True}

    @model_validator(mode="before")
    @classmethod
    def _default_resolution(cls, value: Any) -> Any:
        if isinstance(value, dict) and "resolve" not in value and value.get("kind") == "number":
            return {**value, "resolve": RESOLUTIONS["number"][0]}
        return value

    @model_validator(mode="after")
    def _fields_fit_kind(self) -> LabelScheme:
        known = RESOLUTIONS[self.kind]
        if self.resolve not in known:
            raise ValueError(
                f"`resolve`: expected {' or '.join(known)} for kind {self.kind!r}, "
                f"got {self.resolve!r}"
            )
        bounds = [value for value in (self.minimum, self.maximum) if value is not None]
        if self.kind == "label" and (bounds or self.tolerance):
            raise ValueError("`min`, `max`, `tolerance`: expected none for kind 'label'")
        if self.kind == "number" and (self.classes or self.ordered):
            raise ValueError("`classes`, `ordered`: expected none for kind 'number'")
        if not all(math.isfinite(value) for value in (*bounds, self.tolerance)):
            raise ValueError("`min`, `max`, `tolerance`: expected finite numbers")
        if len(bounds) == 2 and bounds[0] > bounds[1]:
            raise ValueError(f"`min`: expected at most `max` ({bounds[1]}), got {bounds[0]}")
        self._check_classes()
        return self

    def _check_classes(self) -> None:
        if self.ordered and len(self.classes) < 2:
            raise ValueError("`ordered`: expected at least two classes with it")
        types = {type(value) for value in self.classes}
        if len(types) > 1 or float in types:
            raise ValueError("`classes`: expected texts, whole numbers or booleans, all of a kind")
        texts = [class_text(value) for value in self.classes]
        blank = next((text for text in texts if text.strip() != text or not text), None)
        if blank is not None:
            raise ValueError(f"`classes`: expected texts without surrounding spaces, got {blank!r}")
        twice = next((text for text, count in Counter(texts).items() if count > 1), None)
        if twice is not None:
            raise ValueError(f"`classes`: expected every class once, got {twice!r} again")

    @property
    def texts(self) -> tuple[str, ...]:
        """The classes as stored."""
        return tuple(self.by_text)

    @cached_property
    def by_text(self) -> dict[str, Scalar]:
        """Each class as stored → the class."""
        return {class_text(value): value for value in self.classes}


class TrainedLabels(FrozenModel):
    """The labels that a package's target column consists of."""

    scheme: LabelScheme
    sha256: str
    """Of the stored labels of the table's version, of all schemes."""
    labelled: int
    """Rows with a label."""
    unresolved: int
    """Rows whose annotators disagree so that they have no label; they are left out."""
    unlabelled: int
    """Rows that nobody labelled; they are left out."""


class TableVersion(FrozenModel):
    """A version of a table, as named in the project."""

    table: str
    version: int
    labels: TrainedLabels | None = None
    """The labels that are the target column; None if the target is a column of the table."""


def class_text(value: Scalar) -> str:
    """A class as stored text: ``true`` for True."""
    return str(value).lower() if isinstance(value, bool) else str(value)
