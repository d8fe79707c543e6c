"""What is known of the columns beforehand: declared by a person, or seen in an earlier version."""

from __future__ import annotations

from pydantic import Field

from packager.manifest import Column
from packager.noun import Kind, Noun, Scalar


class Declared(Noun):
    """What a person says about a column, under ``[data.columns]``; all of it optional."""

    kind: Kind | None = None
    nullable: bool | None = None
    values: tuple[Scalar, ...] | None = None
    minimum: float | None = Field(default=None, alias="min")
    maximum: float | None = Field(default=None, alias="max")

    model_config = {"frozen": True, "extra": "forbid", "populate_by_name": True}


class Expected(Noun):
    """Everything known beforehand; empty where nothing is."""

    declared: dict[str, Declared] = {}
    previous: tuple[Column, ...] = ()
    """The columns of the version before, as ``frames.infer_columns`` saw them."""

    def before(self, name: str) -> Column | None:
        """The column in the version before; None where there was none."""
        return next((column for column in self.previous if column.name == name), None)
