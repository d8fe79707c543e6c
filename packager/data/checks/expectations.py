"""What is known of the columns beforehand: declared by a person, or seen in an earlier version."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from pydantic import Field

from monitoring.profile.profile import FeatureProfile
from monitoring.slices.slices import Rule, SliceSet, slice_values
from monitoring.stats.binning import build_profile
from packager.data.checks.issue import Ints
from packager.data.drift import Hashes
from packager.data.fingerprint import row_hashes
from packager.data.frames import infer_columns
from packager.data.model_input import to_model_input
from packager.manifest.base import FrozenModel, Kind, Scalar
from packager.manifest.manifest import Column
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions

MAX_SAMPLE_ROWS = 20_000
"""Rows that distributions are compared on: those with the smallest hashes, in either version."""


class DeclaredColumn(FrozenModel):
    """What a person says about a column, under ``[data.columns]``; all of it optional."""

    kind: Kind | None = None
    nullable: bool | None = None
    values: tuple[Scalar, ...] | None = None
    null: tuple[str, ...] | None = None
    """Words that mean null in this column of CSV, in place of the table's."""
    minimum: float | None = Field(default=None, alias="min")
    maximum: float | None = Field(default=None, alias="max")

    model_config = {"frozen": True, "extra": "forbid", "populate_by_name": True}


class SliceShares(FrozenModel):
    """How many sampled rows of the version before were in each slice."""

    columns: dict[str, tuple[str, ...]]
    """Column → the values that are slices of their own; the rest is ``other``."""
    rules: dict[str, str]
    rows: dict[str, int]
    """Slice → rows; ``__all__`` is every row."""


class Expectations(FrozenModel):
    """Everything known beforehand; empty where nothing is."""

    declared: dict[str, DeclaredColumn] = {}
    previous: tuple[Column, ...] = ()
    """The columns of the version before, as ``frames.infer_columns`` saw them."""
    rows: int = 0
    """Of the version before."""
    reference: tuple[FeatureProfile, ...] = ()
    """How its columns were distributed, in a sample; none for those with one value."""
    sample: str = ""
    """The hashes of the sampled rows: 8 bytes each, little-endian, in base64."""
    slices: SliceShares | None = None
    accepted: bool = False
    """Whether somebody was asked about other columns than before, and took them."""

    def before(self, name: str) -> Column | None:
        """The column in the version before; None where there was none."""
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
        """The same, and what ``frame``, the version before as read, lets one expect."""
        hashes = row_hashes(frame)
        frame = to_model_input(frame, reader)
        columns = infer_columns(frame)
        kinds = [(column.name, column.kind) for column in columns]
        places = smallest(hashes, MAX_SAMPLE_ROWS)
        profile = build_profile(frame.iloc[places], kinds, max_features=len(kinds))
        return self.model_copy(
            update={
                "previous": columns,
                "rows": len(frame),
                "reference": profile.features,
                "sample": base64.b64encode(hashes[places].astype("<u8").tobytes()).decode(),
                "slices": _shares(frame.iloc[places], slice_columns, slice_rules or {}),
                "accepted": accepted,
            }
        )


def smallest(hashes: Hashes, most: int) -> Ints:
    """The places of the ``most`` smallest hashes, ascending: the same rows in whatever order."""
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
    """Whether the version before had what a rule reads, in a kind that it can compare."""
    try:
        Rule.parse(text).check(dict(frame.dtypes))
    except ValueError:
        return False
    return True
