"""Provenance of matrix columns: the request columns that they are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Union

import numpy as np

from modelhost.columns import ColumnSpec
from modelhost.objects.adapter import Adapter


class CannotCompileError(Exception):
    """No compiled form is known for a part of the model; the message names it."""


class ScalarOp(NamedTuple):
    """One operation on a float64: the name and the values of ``Op`` in a compiled form."""

    name: str
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class NumericFeature:
    """A numeric column after ``ops``."""

    column: int
    ops: tuple[ScalarOp, ...] = ()


@dataclass(frozen=True)
class LookupFeature:
    """Any function of one column with enumerable values: a table from probes of the model."""

    column: int


@dataclass(frozen=True)
class StepFeature:
    """An output, after ``ops``, of a transformer of the model that the form calls itself."""

    step: int
    output: int
    ops: tuple[ScalarOp, ...] = ()


class TextFeature(NamedTuple):
    """One n-gram of a text vectorizer, after its stages."""

    part: int
    """The number of the text part (:mod:`modelhost.compiling.texts`)."""
    feature: int


class ComponentFeature(NamedTuple):
    """A sum of the features of texts, with a factor for each."""

    projection: int
    """The number of the projection (:mod:`modelhost.compiling.components`)."""
    output: int


@dataclass(frozen=True)
class OpaqueFeature:
    """A column that no form supports, with the reason."""

    column: int
    reason: str


Feature = Union[
    NumericFeature, LookupFeature, StepFeature, TextFeature, ComponentFeature, OpaqueFeature
]


@dataclass(frozen=True)
class MatrixBlock:
    """The columns of a matrix, and its values for the probe rows (None: not probed yet)."""

    cells: tuple[Feature, ...]
    data: Any = None

    def as_texts(self) -> MatrixBlock:
        """The same single column of a frame as the list of its values."""
        return replace(self, data=None if self.data is None else self.data.iloc[:, 0].tolist())

    def take(self, indices: Sequence[int]) -> MatrixBlock:
        """The columns at ``indices``."""
        data = self.data
        if data is not None:
            data = data.iloc[:, list(indices)] if hasattr(data, "iloc") else data[:, list(indices)]
        return MatrixBlock(tuple(self.cells[index] for index in indices), data)

    @property
    def sparse(self) -> bool:
        """Whether the model uses a sparse matrix here."""
        return hasattr(self.data, "toarray")

    @property
    def narrow(self) -> bool:
        """Whether any column is a narrower float than float64, which would round differently."""
        dtypes = getattr(self.data, "dtypes", None)
        column_dtypes = [getattr(self.data, "dtype", None)] if dtypes is None else list(dtypes)
        return any(
            isinstance(d, np.dtype) and d.kind == "f" and d.itemsize < 8 for d in column_dtypes
        )


def first_cell(index: int, column: ColumnSpec | Any) -> Feature:
    """The provenance of a request column before any transformer.

    ``column``: a ``ColumnSpec``, or an object with the same attributes.
    """
    if column.dtype == "category" or column.dtype == "ordered category":
        if column.categories is None:
            return OpaqueFeature(index, f"column {column.name!r} has categories of several kinds")
        return LookupFeature(index)
    if column.kind in ("string", "boolean"):
        if column.dtype in ("object", "str", "bool"):
            return LookupFeature(index)
        return OpaqueFeature(index, f"column {column.name!r} is of the dtype {column.dtype}")
    if column.kind in ("number", "integer"):
        if column.dtype == "float64" or column.dtype.startswith(("int", "uint")):
            return NumericFeature(index)
        return OpaqueFeature(index, f"column {column.name!r} is of the dtype {column.dtype}")
    return OpaqueFeature(index, f"column {column.name!r} is of the kind {column.kind}")


def after(cell: Feature, *ops: ScalarOp) -> Feature:
    """``cell`` after more ops; a ``LookupFeature`` is unchanged."""
    if isinstance(cell, (NumericFeature, StepFeature)):
        return replace(cell, ops=(*cell.ops, *ops))
    return cell


def describe(part: Any) -> str:
    """The class name of a transformer or estimator, with its module unless scikit-learn's."""
    kind = type(part.fitted if isinstance(part, Adapter) else part)
    return kind.__name__ if library_of(part) == "sklearn" else f"{kind.__module__}.{kind.__name__}"


def library_of(part: Any) -> str:
    """The library that ``part``, or the object that an adapter serves, is of."""
    kind = type(part.fitted if isinstance(part, Adapter) else part)
    return kind.__module__.split(".")[0]


def from_sklearn(part: Any) -> bool:
    """Whether the class of ``part`` is scikit-learn's."""
    return type(part).__module__.split(".")[0] == "sklearn"
