"""Column roles, reader options and split of a project's data, shared by job and manifest."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from packager.manifest.base import FrozenModel, Scalar
from packager.manifest.read_options import TableReadOptions


class Split(FrozenModel):
    """The held-out rows: by hash of the features or of ``by``, by time, or by file.

    With ``time`` and ``by``, only later rows of other groups than those of the training.
    """

    test: float = 0.2
    seed: int = 0
    by: tuple[str, ...] = ()
    time: str | None = None
    start: str | None = Field(default=None, alias="from")
    gap: str | float | None = None
    """Time before ``start`` whose rows are in neither part: ``7d``, or a number for numbers."""
    file: str | None = None

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class DataRoles(FrozenModel):
    """Roles of the columns, options for reading the files, and which rows are held out.

    The fields are those of ``[data]`` in package.toml; a job and a manifest contain them.
    """

    target: str | None
    """None only for a model trained elsewhere, without data."""
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    """The features; empty for all columns without another role."""
    key: tuple[str, ...] = ()
    """Columns that identify a row."""
    train_only: tuple[str, ...] = ()
    """Columns passed to ``train`` in addition to the features, but never to the model."""
    personal: tuple[str, ...] = ()
    """Columns declared as personal data, in addition to those detected by their values."""
    not_personal: tuple[str, ...] = ()
    """Columns whose values may be shown even if they look like personal data."""
    defaults: dict[str, Scalar] = {}
    """Features that a request may leave out → their value then."""
    reader: TableReadOptions = TableReadOptions()
    """Options for reading CSV files."""
    split: Split = Split()
    """``split.file`` is the file's name under ``/data/test``."""

    def roles(self) -> dict[str, Any]:
        """These fields by name, for another record that holds them."""
        return {name: getattr(self, name) for name in DataRoles.model_fields}
