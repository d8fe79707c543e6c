"""scikit-learn's column-wise transformers as ops, or as tables that probes of the model fill."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Dict, Set, Tuple, Union

import numpy as np

from modelhost.compiling.provenance import (
    CannotCompileError,
    ComponentFeature,
    Feature,
    LookupFeature,
    MatrixBlock,
    NumericFeature,
    ScalarOp,
    StepFeature,
    TextFeature,
    after,
)

Scalar = Union[bool, int, float, str]
Keys = Dict[int, Set[Scalar]]
"""Column → values that its table has to contain."""
Cells = Tuple[Feature, ...]

MAX_KEYS = 20_000


def rule(part: Any, block: MatrixBlock, keys: Keys) -> Cells | None:
    """The cells after ``part``; None if there is no rule for it or for this block."""
    name = type(part).__name__
    if name in _ENCODERS:
        return _encoded(part, block, keys)
    if name in ("KBinsDiscretizer", *_SCALERS) and block.sparse:
        return None  # sparse matrices are scaled with other arithmetic
    if name in _RULES:
        return _RULES[name](part, block, keys)
    if callable(getattr(part, "get_support", None)):
        indices = part.get_support(indices=True)
        return tuple(block.cells[index] for index in indices)
    return None


def _scaled(part: Any, block: MatrixBlock, _: Keys) -> Cells:
    """A scaler as operations with one value per column."""
    ops = [
        (op, np.asarray(values, np.float64)) for op, values in _SCALERS[type(part).__name__](part)
    ]
    low, high = (
        part.feature_range
        if getattr(part, "clip", False) is True and hasattr(part, "feature_range")
        else (None, None)
    )
    bounds = [] if low is None or high is None else [ScalarOp(name="clip", values=(low, high))]
    return tuple(
        after(
            cell,
            *(ScalarOp(name=name, values=(float(values[at]),)) for name, values in ops),
            *bounds,
        )
        for at, cell in enumerate(block.cells)
    )


def _standard(part: Any) -> Iterable[tuple[Any, Any]]:
    if part.with_mean:
        yield "subtract", part.mean_
    if part.with_std:
        yield "divide", part.scale_


def _robust(part: Any) -> Iterable[tuple[Any, Any]]:
    if part.with_centering:
        yield "subtract", part.center_
    if part.with_scaling:
        yield "divide", part.scale_


def _min_max(part: Any) -> Iterable[tuple[Any, Any]]:
    return [("multiply", part.scale_), ("add", part.min_)]


def _max_abs(part: Any) -> Iterable[tuple[Any, Any]]:
    if getattr(part, "clip", False):
        raise CannotCompileError("MaxAbsScaler clips")
    return [("divide", part.scale_)]


_SCALERS: Mapping[str, Callable[[Any], Iterable[tuple[Any, Any]]]] = {
    "StandardScaler": _standard,
    "RobustScaler": _robust,
    "MinMaxScaler": _min_max,
    "MaxAbsScaler": _max_abs,
}


def _imputed(part: Any, block: MatrixBlock, keys: Keys) -> Cells | None:
    statistics = list(part.statistics_)
    if any(_is_nan(statistic) for statistic in statistics):
        return None  # SimpleImputer drops such columns
    nan_only = _is_nan(part.missing_values)
    cells: list[Feature] = []
    for cell, statistic in zip(block.cells, statistics):
        if isinstance(cell, LookupFeature):
            if not nan_only:
                _add(keys, cell, [part.missing_values])
            cells.append(cell)
        elif not nan_only:
            return None
        elif not isinstance(statistic, (int, float, np.number)):
            raise CannotCompileError(f"{type(part).__name__} fills numbers with {statistic!r}")
        else:
            cells.append(after(cell, ScalarOp(name="fill", values=(float(statistic),))))
    if part.add_indicator:
        indicators = [block.cells[index] for index in part.indicator_.features_]
        cells += [after(cell, ScalarOp(name="isnull")) for cell in indicators]
    return tuple(cells)


def _binarized(part: Any, block: MatrixBlock, _: Keys) -> Cells:
    above = ScalarOp(name="above", values=(float(part.threshold),))
    return tuple(after(cell, above) for cell in block.cells)


def _binned(part: Any, block: MatrixBlock, _: Keys) -> Cells:
    cells: list[Feature] = []
    for index, cell in enumerate(block.cells):
        edges = tuple(float(edge) for edge in part.bin_edges_[index][1:-1])
        binned = after(cell, ScalarOp(name="bins", values=edges))
        if part.encode == "ordinal":
            cells.append(binned)
        else:
            for code in range(int(part.n_bins_[index])):
                cells.append(after(binned, ScalarOp(name="equals", values=(float(code),))))
    return tuple(cells)


def _indicated(part: Any, block: MatrixBlock, _: Keys) -> Cells | None:
    if not _is_nan(part.missing_values):
        return None
    return tuple(after(block.cells[index], ScalarOp(name="isnull")) for index in part.features_)


def _encoded(part: Any, block: MatrixBlock, keys: Keys) -> Cells | None:
    """Encoders of categories become tables of the column's values."""
    cells: list[Feature] = []
    for index, cell in enumerate(block.cells):
        known = [value for value in _plain(part.categories_[index]) if not _is_nan(value)]
        if isinstance(cell, (StepFeature, TextFeature, ComponentFeature)):
            return None
        if isinstance(cell, NumericFeature) and any(op.name != "fill" for op in cell.ops):
            return None  # values of transformed numbers can't be enumerated
        tabled = LookupFeature(cell.column)
        _add(keys, tabled, known)
        cells += [tabled] * _ENCODERS[type(part).__name__](part, index)
    return tuple(cells)


def _one_hot_width(part: Any, index: int) -> int:
    infrequent = getattr(part, "infrequent_categories_", None)
    rare = infrequent[index] if infrequent is not None else None
    width = len(part.categories_[index])
    if rare is not None and len(rare):
        width -= len(rare) - 1
    dropped = part.drop_idx_ is not None and part.drop_idx_[index] is not None
    return width - dropped


def _target_width(part: Any, _: int) -> int:
    return len(part.classes_) if part.target_type_ == "multiclass" else 1


_ENCODERS: Mapping[str, Callable[[Any, int], int]] = {
    "OneHotEncoder": _one_hot_width,
    "OrdinalEncoder": lambda *_: 1,
    "TargetEncoder": _target_width,
}
_RULES: Mapping[str, Callable[[Any, MatrixBlock, Keys], Cells | None]] = {
    **dict.fromkeys(_SCALERS, _scaled),
    "SimpleImputer": _imputed,
    "MissingIndicator": _indicated,
    "Binarizer": _binarized,
    "KBinsDiscretizer": _binned,
}


def _add(keys: Keys, cell: LookupFeature, values: Iterable[Any]) -> None:
    known = keys.setdefault(cell.column, set())
    plain = (value.item() if isinstance(value, np.generic) else value for value in values)
    known.update(value for value in plain if isinstance(value, (bool, int, float, str)))
    if len(known) > MAX_KEYS:
        raise CannotCompileError(f"a column has more than {MAX_KEYS:,} categories")


def _plain(values: Any) -> list[Any]:
    return list(values.tolist()) if isinstance(values, np.ndarray) else list(values)


def _is_nan(value: Any) -> bool:
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or (isinstance(value, np.floating) and bool(np.isnan(value)))
    )
