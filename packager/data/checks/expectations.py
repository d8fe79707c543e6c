"""Expectations about columns: declared by the user, or observed in the previous version."""

from __future__ import annotations

import base64
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, get_args

import numpy as np
import pandas as pd
from pydantic import Field, field_validator, model_validator

from monitoring.derived.measures import MAX_MEASURES
from monitoring.profile.profile import FeatureProfile
from monitoring.slices.slices import Rule, SliceSet, slice_values
from monitoring.stats.binning import build_profile
from packager.data.checks.disputed_labels import StoredLabels
from packager.data.checks.issue import Ints
from packager.data.drift import Hashes
from packager.data.fingerprint import row_hashes
from packager.data.frames import infer_columns
from packager.data.model_input import to_model_input
from packager.manifest.base import FrozenModel, Kind, Scalar
from packager.manifest.manifest import Column
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions

ArrayElement = Literal[
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
]
ListElement = Literal["number", "integer", "boolean", "string"]
Element = ArrayElement | ListElement
MAX_ELEMENTS = 1 << 26
"""Of an array in one cell."""
MAX_SAMPLE_ROWS = 20_000
"""Sample for comparing distributions: the rows with the smallest hashes, in both versions."""


class DeclaredColumn(FrozenModel):
    """The user's declaration of a column, under ``[data.columns]``; all fields are optional."""

    kind: Kind | None = None
    shape: tuple[Annotated[int, Field(ge=1)], ...] | None = Field(default=None, min_length=1)
    element: Element | None = None
    files: Annotated[str, Field(max_length=1_000)] | None = None
    """Of bytes: the folder, relative to the source's, of the files that the cells name."""
    nullable: bool | None = None
    values: tuple[Scalar, ...] | None = None
    null: tuple[str, ...] | None = None
    """Texts that mean null in this CSV column, instead of the table's."""
    default: Scalar | None = None
    """The value in a request that leaves the column out."""
    minimum: float | None = Field(default=None, alias="min")
    maximum: float | None = Field(default=None, alias="max")

    model_config = {"frozen": True, "extra": "forbid", "populate_by_name": True}

    @field_validator("default", mode="before")
    @classmethod
    def _times_are_text(cls, value: Any) -> Any:
        """Accept a date, a time or both as TOML writes them; requests have them as text."""
        return value.isoformat() if isinstance(value, dt.date | dt.time) else value

    @model_validator(mode="after")
    def _form_fits_kind(self) -> DeclaredColumn:
        required = {"array": ("shape", "element"), "list": ("element",)}.get(self.kind or "", ())
        for key in ("shape", "element"):
            if (getattr(self, key) is not None) != (key in required):
                problem = "a value" if key in required else "none"
                raise ValueError(f"`{key}`: expected {problem} for kind {self.kind!r}")
        if self.default is not None and self.kind in ("array", "bytes", "list"):
            raise ValueError(f"`default`: expected none for kind {self.kind!r}")
        if self.files is not None:
            _check_folder(self.kind, self.files)
        if math.prod(self.shape or ()) > MAX_ELEMENTS:
            raise ValueError(
                f"`shape`: expected at most {MAX_ELEMENTS:,} elements in a cell, got "
                f"{math.prod(self.shape or ()):,}"
            )
        known = get_args(ArrayElement if self.kind == "array" else ListElement)
        if self.element is not None and self.element not in known:
            raise ValueError(
                f"`element`: expected one of {', '.join(known)} for kind {self.kind!r}, "
                f"got {self.element!r}"
            )
        return self


def _check_folder(kind: Kind | None, folder: str) -> None:
    if kind != "bytes":
        raise ValueError(f'`files`: expected kind = "bytes" with it, got {kind!r}')
    parts = PurePosixPath(folder).parts
    leaves = folder != "/".join(parts) or "\\" in folder or "\0" in folder
    if leaves or not parts or ".." in parts or folder.startswith(("/", ".", "_")):
        raise ValueError(
            "`files`: expected a folder below that of the table, with a name that begins with "
            f"neither . nor _, got {folder!r}"
        )


class SliceShares(FrozenModel):
    """Number of sampled rows of the previous version in each slice."""

    columns: dict[str, tuple[str, ...]]
    """Column → the values with a slice of their own; the others form ``other``."""
    rules: dict[str, str]
    rows: dict[str, int]
    """Slice → rows; ``__all__`` is every row."""


class Expectations(FrozenModel):
    """All expectations; empty fields if there are none."""

    declared: dict[str, DeclaredColumn] = {}
    previous: tuple[Column, ...] = ()
    """The columns of the previous version, as ``frames.infer_columns`` returned them."""
    rows: int = 0
    """Number of rows of the previous version."""
    reference: tuple[FeatureProfile, ...] = ()
    """Distributions of its columns in a sample, except of columns with one value."""
    sample: str = ""
    """The hashes of the sampled rows: 8 bytes each, little-endian, in base64."""
    slices: SliceShares | None = None
    accepted: bool = False
    """Whether the user explicitly accepted columns that differ from the previous version's."""
    labels: StoredLabels | None = None
    """The labels that are stored with the table; None for other data."""

    def before(self, name: str) -> Column | None:
        """The column in the previous version; None if it had no such column."""
        return next((column for column in self.previous if column.name == name), None)

    @property
    def sampled(self) -> Hashes:
        """The row hashes of the sample: shape (rows,)."""
        return np.frombuffer(base64.b64decode(self.sample), dtype="<u8")

    def compared_with(
        self,
        frame: pd.DataFrame,
        slice_columns: Sequence[str] = (),
        slice_rules: Mapping[str, str] | None = None,
        *,
        accepted: bool = False,
        reader: TableReadOptions = DEFAULT_OPTIONS,
    ) -> Expectations:
        """A copy with the expectations from ``frame``, the rows of the previous version as read."""
        hashes = row_hashes(frame)
        frame = to_model_input(frame, reader)
        columns = infer_columns(frame, reader)
        kinds = [(column.name, column.kind) for column in columns]
        sampled = smallest(hashes, MAX_SAMPLE_ROWS)
        profile = build_profile(frame.iloc[sampled], kinds, max_features=MAX_MEASURES * len(kinds))
        return self.model_copy(
            update={
                "previous": columns,
                "rows": len(frame),
                "reference": profile.features,
                "sample": base64.b64encode(hashes[sampled].astype("<u8").tobytes()).decode(),
                "slices": _shares(frame.iloc[sampled], slice_columns, slice_rules or {}),
                "accepted": accepted,
            }
        )


def smallest(hashes: Hashes, most: int) -> Ints:
    """Positions of the ``most`` smallest hashes, ascending: the same rows in any order of rows."""
    if len(hashes) <= most:
        return np.arange(len(hashes))
    return np.sort(np.argpartition(hashes, most)[:most])


def _shares(
    frame: pd.DataFrame, columns: Sequence[str], rules: Mapping[str, str]
) -> SliceShares | None:
    known = [name for name in columns if name in frame.columns]
    able = {name: text for name, text in rules.items() if _applies(text, frame)}
    if not (known or able) or not len(frame):
        return None
    values = slice_values(frame, known, len(able))
    masks = SliceSet(values, able).masks(frame)
    counts = {name: int(mask.sum()) for name, mask in masks.items()}
    return SliceShares(columns=values, rules=able, rows=counts)


def _applies(text: str, frame: pd.DataFrame) -> bool:
    """Whether the previous version had the columns that a rule reads, with comparable kinds."""
    try:
        Rule.parse(text).check(dict(frame.dtypes))
    except ValueError:
        return False
    return True
