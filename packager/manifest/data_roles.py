"""What a project says of its data beside where it lies: a job and a manifest hold the same."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from packager.manifest.base import FrozenModel
from packager.manifest.read_options import TableReadOptions


class Split(FrozenModel):
    """Which rows are held out: by hash of the features or of ``by``, by time, or a file."""

    test: float = 0.2
    seed: int = 0
    by: tuple[str, ...] = ()
    time: str | None = None
    start: str | None = Field(default=None, alias="from")
    file: str | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class DataRoles(FrozenModel):
    """What the columns of the data are for, how its files are read, and which rows are held out.

    As ``[data]`` of package.toml has it; a job and a manifest hold the same.
    """

    target: str | None
    """None only for a given model without data."""
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    """The features; empty for all columns that nothing else is said of."""
    train_only: tuple[str, ...] = ()
    """Columns that ``train`` gets beside the features, and the model never."""
    personal: tuple[str, ...] = ()
    """Columns that hold personal data, beside those whose values look so."""
    not_personal: tuple[str, ...] = ()
    """Columns whose values may be shown, whatever they look like."""
    reader: TableReadOptions = TableReadOptions()
    """How files of CSV are read."""
    split: Split = Split()
    """A file by the name it has under ``/data/test``."""

    def roles(self) -> dict[str, Any]:
        """These fields by name, for another record that holds them."""
        return {name: getattr(self, name) for name in DataRoles.model_fields}
