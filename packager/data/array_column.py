"""A column of arrays of one shape and dtype, stored as one block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionArray, ExtensionDtype, take

from packager.data import canonical
from packager.data.array_values import write_values
from packager.data.column_hashes import Bits

Block = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
NAME = "array"


class ArrayDtype(ExtensionDtype):
    """The dtype of such a column."""

    name = NAME
    type = np.ndarray
    kind = "O"
    _metadata = ("element", "shape", "declared")

    def __init__(self, element: npt.DTypeLike, shape: Sequence[int], declared: bool = True) -> None:
        """``shape``: of one cell. ``declared``: whether the project declares the column an array.

        Cells of an undeclared column have the fingerprint of a list.
        """
        self.element: np.dtype[Any] = np.dtype(element)
        self.shape = tuple(shape)
        self.declared = declared

    def __repr__(self) -> str:
        return f"{NAME}[{self.element}, {'x'.join(map(str, self.shape)) or 'scalar'}]"

    __str__ = __repr__

    @classmethod
    def construct_array_type(cls) -> Any:
        """The class of its columns."""
        return ArrayColumn

    @classmethod
    def construct_from_string(cls, string: str) -> Self:
        """Raises ``TypeError``: a text does not name a shape."""
        raise TypeError(f"expected an ArrayDtype, got {string!r}")


class ArrayColumn(ExtensionArray):
    """Cells of one shape: ``block``, (rows, *shape), and ``absent``, (rows,), the null ones."""

    def __init__(self, block: Block, absent: Mask | None = None, *, declared: bool = True) -> None:
        """``absent``: None if no cell is null; ``block`` holds zeros in null cells."""
        self.block = block
        self.absent = absent if absent is not None and absent.any() else None
        self._dtype = ArrayDtype(block.dtype, block.shape[1:], declared)

    @classmethod
    def of(cls, cells: Sequence[Any], dtype: ArrayDtype) -> Self:
        """From arrays of the dtype's shape, and None for null."""
        block = np.zeros((len(cells), *dtype.shape), dtype.element)
        absent = np.zeros(len(cells), np.bool_)
        for row, cell in enumerate(cells):
            if cell is None or cell is pd.NA or (isinstance(cell, float) and cell != cell):
                absent[row] = True
            else:
                block[row] = cell
        return cls(block, absent, declared=dtype.declared)

    @property
    def dtype(self) -> ArrayDtype:
        """Element dtype and shape."""
        return self._dtype

    @property
    def nbytes(self) -> int:
        """Bytes of the block."""
        return self.block.nbytes

    def __len__(self) -> int:
        return len(self.block)

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, int | np.integer):
            if self.absent is not None and self.absent[item]:
                return None
            cell = self.block[item].view()
            cell.flags.writeable = False
            return cell
        item = pd.api.indexers.check_array_indexer(self, item)
        absent = None if self.absent is None else self.absent[item]
        return type(self)(self.block[item], absent, declared=self._dtype.declared)

    def isna(self) -> Mask:
        """Mask of the null cells: shape (rows,)."""
        return np.zeros(len(self), np.bool_) if self.absent is None else self.absent.copy()

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> Self:  # noqa: ARG002
        """The cells at these positions; with ``allow_fill``, -1 is a null."""
        zero: Any = self.block.dtype.type(0)
        positions = np.asarray(indices, np.intp)
        block: Any = take(self.block, positions, allow_fill=allow_fill, fill_value=zero)
        absent: Any = take(self.isna(), positions, allow_fill=allow_fill, fill_value=True)
        return type(self)(block, absent, declared=self._dtype.declared)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """The cells as a vector of objects."""
        cells = np.empty(len(self), object)
        for row in range(len(self)):
            cells[row] = self[row]
        return cells

    def astype(self, dtype: Any, copy: bool = True) -> Any:  # noqa: ARG002
        """To its own dtype, or to ``object``."""
        target_dtype = pd.api.types.pandas_dtype(dtype)
        if target_dtype == self.dtype:
            return self
        if target_dtype == np.dtype(object):
            return np.asarray(self)
        raise TypeError(f"expected {self.dtype} or object, got {target_dtype}")

    def factorize(self, use_na_sentinel: bool = True) -> tuple[npt.NDArray[np.intp], Self]:
        """Codes of the distinct cells, by their canonical values; null is -1 or a cell."""
        codes, uniques = pd.factorize(self._values(), use_na_sentinel=False)
        first = np.full(len(uniques), len(self))
        np.minimum.at(first, codes, np.arange(len(self)))
        if self.absent is None or not use_na_sentinel:
            return codes, self[first]
        codes = np.where(self.absent, -1, codes)
        present, inverse = np.unique(codes[codes >= 0], return_inverse=True)
        codes[codes >= 0] = inverse
        return codes, self[first[present]]

    def unique(self) -> Self:
        """The distinct cells, in the order of their first occurrence."""
        return self.factorize(use_na_sentinel=False)[1]

    def _values(self) -> Bits:
        values = np.empty(len(self), np.uint64)
        write_values(self.block, values)
        if self.absent is not None:
            values[self.absent] = canonical.tag("null")
        return values

    def copy(self) -> Self:
        """A copy of block and mask."""
        absent = None if self.absent is None else self.absent.copy()
        return type(self)(self.block.copy(), absent, declared=self._dtype.declared)

    def __eq__(self, other: Any) -> Any:
        if not isinstance(other, ArrayColumn) or other.block.shape != self.block.shape:
            return NotImplemented
        same = (self.block == other.block).reshape(len(self), -1).all(axis=1)
        return same & ~self.isna() & ~other.isna()

    @classmethod
    def _from_sequence(cls, scalars: Any, *, dtype: Any = None, copy: bool = False) -> Self:  # noqa: ARG003
        if not isinstance(dtype, ArrayDtype):
            raise TypeError(f"expected an ArrayDtype, got {dtype}")
        return cls.of(list(scalars), dtype)

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[Self]) -> Self:
        absent = np.concatenate([one.isna() for one in to_concat])
        block = np.concatenate([one.block for one in to_concat])
        return cls(block, absent, declared=to_concat[0].dtype.declared)


def array_column(series: pd.Series[Any]) -> ArrayColumn | None:
    """The column's arrays; None for a column of anything else."""
    return series.array if isinstance(series.array, ArrayColumn) else None
