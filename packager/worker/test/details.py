"""The data of the plots of a page: the keys of ``FamilyReport.details`` and ``Check.details``.

A family makes its record and hands over ``record.model_dump()``; a page reads it with ``of``.
``OF_FAMILIES`` and ``OF_CHECKS`` say which families have one; the report checks them. Fairness,
schema and cases have none: their checks hold everything (``Check.subject``: the group, the column,
the case; ``Check.examples``: rows).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from pydantic import ConfigDict, Field, model_validator

from packager.manifest.base import FrozenModel
from packager.manifest.policy import Family

_Record = TypeVar("_Record", bound="Details")
MAX_EXAMPLES = 10
"""Rows shown of a check or of a weak slice."""


class Details(FrozenModel):
    """A family's own numbers; keys that a page doesn't draw are allowed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def of(cls, details: Mapping[str, Any]) -> Self | None:
        """The record of ``details``; None if they are empty."""
        return cls.model_validate(details) if details else None


class DriftDetails(Details):
    """Of a drift check: one number for each bin of the feature."""

    bins: tuple[str, ...]
    reference: tuple[float, ...]
    """Training rows in each bin."""
    counts: tuple[float, ...]
    """New rows in each bin."""

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        return _equally_long(self, "bins", "reference", "counts")


class CalibrationDetails(Details):
    """A reliability curve: bins of confidence, from low to high."""

    output: str = ""
    """The output of several, or the label of a set, that it is of."""
    others: tuple[CalibrationDetails, ...] = ()
    """The curves of the other outputs."""

    confidence: tuple[float, ...]
    """Mean confidence of the rows of each bin (0 to 1)."""
    accuracy: tuple[float, ...]
    """Share of right answers among them."""
    low: tuple[float, ...]
    """Lower end of the 95 % interval of ``accuracy``."""
    high: tuple[float, ...]
    rows: tuple[int, ...]
    """New rows in each bin."""
    packaged_accuracy: tuple[float | None, ...] = ()
    """Of the held-out rows; None for a bin without any, empty if unknown."""

    @model_validator(mode="after")
    def _as_many(self) -> Self:
        more = ("packaged_accuracy",) if self.packaged_accuracy else ()
        return _equally_long(self, "confidence", "accuracy", "low", "high", "rows", *more)


class QualityDetails(Details):
    """Confusion matrices: ``[truth][answer]``, in the order of ``classes``; rows of data."""

    classes: tuple[str, ...]
    confusion: tuple[tuple[float, ...], ...]
    """Of the new rows."""
    packaged_confusion: tuple[tuple[float, ...], ...] = ()
    """Of the held-out rows; empty if unknown."""

    @model_validator(mode="after")
    def _square(self) -> Self:
        size = len(self.classes)
        for matrix in (self.confusion, self.packaged_confusion or self.confusion):
            if len(matrix) != size or any(len(row) != size for row in matrix):
                raise ValueError(f"expected a matrix of {size} by {size}")
        return self


class WeakSliceDetails(Details):
    """A slice that nobody declared and that is worse than expected."""

    rule: str
    """In the language of ``[slices.rules]``: ``age < 30 and hours > 45``."""
    rows: int
    share: float
    """Of the labelled rows, 0 to 1."""
    loss: float
    """Mean loss of its rows: the share of wrong labels, or the mean absolute error."""
    expected: float
    """The mean loss to expect: by its own confidence, of the other rows, or of the baseline."""
    excess: float
    """``loss`` minus ``expected``, on the rows that confirmed it."""
    low: float
    """Lower end of the 95 % interval of ``excess``."""
    high: float
    examples: tuple[Mapping[str, Any], ...] = Field(default=(), max_length=MAX_EXAMPLES)
    """Rows with their answer and right answer."""


class WeakDetails(Details):
    """Confirmed weak slices, most harm first."""

    slices: tuple[WeakSliceDetails, ...]


class TimeDetails(Details):
    """Of the check of time: processor time of a new row over that of an example row, by round."""

    ratios: tuple[float, ...]
    packaged: tuple[float, ...] = ()
    """The rounds when the package was built."""


class SuspectsDetails(Details):
    """Rows with flags, which the server sets for suspicious values."""

    rows: int
    """Rows with a flag."""
    flags: Mapping[str, int]
    """The most frequent flags, with their rows."""


OF_FAMILIES: Mapping[Family, type[Details]] = {
    "suspects": SuspectsDetails,
    "quality": QualityDetails,
    "calibration": CalibrationDetails,
    "weak": WeakDetails,
}
OF_CHECKS: Mapping[Family, type[Details]] = {"drift": DriftDetails, "time": TimeDetails}


def check_details(
    records: Mapping[Family, type[Details]], family: Family, details: Mapping[str, Any]
) -> None:
    """Raise ``pydantic.ValidationError`` if a page could not draw ``details``."""
    if family in records:
        records[family].of(details)


def _equally_long(record: _Record, *names: str) -> _Record:
    lengths = {name: len(getattr(record, name)) for name in names}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"expected lists of one length, got {lengths}")
    return record
