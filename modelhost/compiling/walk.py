"""Walk the transformers of a fitted scikit-learn model and track the provenance of each column.

The walk is done twice: first to collect the values to probe in each categorical column, then with
the probe rows, whose transformed values fill the tables.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Tuple, Union

import numpy as np

from modelhost.compiling.provenance import (
    CannotCompileError,
    Feature,
    LookupFeature,
    MatrixBlock,
    OpaqueFeature,
    StepFeature,
    describe,
    from_sklearn,
)
from modelhost.compiling.texts import TextParts
from modelhost.compiling.transformers import Keys, rule
from modelhost.text_input import text_step

Path = Tuple[Union[str, int], ...]
"""Attributes and indices from the model to a part of it."""

UFUNCS = frozenset(
    {
        "log",
        "log1p",
        "log2",
        "log10",
        "sqrt",
        "cbrt",
        "exp",
        "expm1",
        "tanh",
        "arctan",
        "sin",
        "cos",
    }
)
"""NumPy functions that return float64 for integers too, for any container."""


@dataclass
class PipelineWalk:
    """State of one walk: the steps and the keys found so far."""

    keys: Keys = field(default_factory=dict)
    """Column → the values that the model's encoders know."""
    steps: list[tuple[Path, MatrixBlock]] = field(default_factory=list)
    """Transformers that the form calls, by path, with their input blocks."""
    texts: TextParts = field(default_factory=TextParts)
    """The n-grams of text columns."""

    def through(self, part: Any, block: MatrixBlock, path: Path) -> MatrixBlock:
        """``block`` after the transformer ``part``, which is at ``path`` in the model."""
        if part is None or (isinstance(part, str) and part == "passthrough") or _is_identity(part):
            return block
        name = type(part).__name__ if from_sklearn(part) else ""
        if name != "ColumnTransformer":  # it may not read all columns
            _check_usable(block, part)
        if name == "Pipeline":
            return self._pipeline(part, block, path)
        if name == "ColumnTransformer":
            cells = self._column_transformer(part, block, path)
        elif name == "FeatureUnion":
            cells = self._union(part, block, path)
        else:
            cells = self._leaf(part, block, path)
        return _transformed(part, block, cells)

    def _pipeline(self, pipeline: Any, block: MatrixBlock, path: Path) -> MatrixBlock:
        for index, (_, part) in enumerate(pipeline.steps):
            block = self.through(part, block, (*path, "steps", index, 1))
        return block

    def _column_transformer(self, part: Any, block: MatrixBlock, path: Path) -> tuple[Feature, ...]:
        _check_weights(part)
        indices = getattr(part, "_transformer_to_input_indices", None)
        if indices is None:
            raise CannotCompileError(
                "this scikit-learn version does not expose the columns of ColumnTransformer"
            )
        cells: list[Feature] = []
        for index, (name, inner, columns) in enumerate(part.transformers_):
            column_indices = list(indices[name])
            if (isinstance(inner, str) and inner == "drop") or not column_indices:
                continue
            selected = block.take(column_indices)
            if isinstance(columns, (str, int)):
                if text_step(inner) is None:
                    raise CannotCompileError(
                        f"{describe(inner)} is given a single column as a series"
                    )
                selected = selected.as_texts()
            transformed = self.through(inner, selected, (*path, "transformers_", index, 1))
            cells += transformed.cells
        return tuple(cells)

    def _union(self, part: Any, block: MatrixBlock, path: Path) -> tuple[Feature, ...]:
        _check_weights(part)
        cells: list[Feature] = []
        for index, (_, inner) in enumerate(part.transformer_list):
            if isinstance(inner, str) and inner == "drop":
                continue
            transformed = self.through(inner, block, (*path, "transformer_list", index, 1))
            cells += transformed.cells
        return tuple(cells)

    def _leaf(self, part: Any, block: MatrixBlock, path: Path) -> tuple[Feature, ...]:
        if not from_sklearn(part):
            raise CannotCompileError(f"no exact encoder is known for {describe(part)}")
        features = self.texts.after(part, block) or rule(part, block, self.keys)
        if features is not None:
            return features
        return self._step(part, block, path)

    def _step(self, part: Any, block: MatrixBlock, path: Path) -> tuple[Feature, ...]:
        """A transformer without a rule: the form calls it with the array."""
        if type(part).__name__ == "FunctionTransformer":
            function = part.func
            if not (isinstance(function, np.ufunc) and function.__name__ in UFUNCS) or part.kw_args:
                called = getattr(function, "__qualname__", repr(function))
                raise CannotCompileError(f"FunctionTransformer calls the function {called}")
        if not callable(getattr(part, "transform", None)):
            raise CannotCompileError(f"{describe(part)} has no transform")
        check_encoded(block, part)
        self.steps.append((path, block))
        width = _width(part, block)
        return tuple(StepFeature(len(self.steps) - 1, output) for output in range(width))


def check_encoded(block: MatrixBlock, part: Any) -> None:
    """Raise ``CannotCompileError`` if ``part``, which is called with an array, would get text."""
    _check_usable(block, part)
    if block.data is None:
        return
    for index, cell in enumerate(block.cells):
        if not isinstance(cell, LookupFeature):
            continue
        try:
            dense(block.take([index]))
        except (TypeError, ValueError) as error:
            raise CannotCompileError(f"text reaches {describe(part)}") from error


def dense(block: MatrixBlock) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The probed matrix as float64, shape (probe rows, columns)."""
    data = block.data.toarray() if block.sparse else block.data
    return np.asarray(data, dtype=np.float64)


def _check_usable(block: MatrixBlock, part: Any) -> None:
    for cell in block.cells:
        if isinstance(cell, OpaqueFeature):
            raise CannotCompileError(f"{cell.reason}, and {describe(part)} reads it")
    if block.narrow:
        raise CannotCompileError(f"{describe(part)} gets a type narrower than float64")


def _check_weights(part: Any) -> None:
    if part.transformer_weights:
        raise CannotCompileError(f"{describe(part)} has transformer_weights")


def _is_identity(part: Any) -> bool:
    return (
        type(part).__name__ == "FunctionTransformer"
        and from_sklearn(part)
        and part.func is None
        and not part.validate
    )


def _transformed(part: Any, block: MatrixBlock, cells: tuple[Feature, ...]) -> MatrixBlock:
    if block.data is None:
        return MatrixBlock(cells)
    data = part.transform(block.data)
    if data.shape[1] != len(cells):
        raise CannotCompileError(
            f"{describe(part)} gives {data.shape[1]} columns, expected {len(cells)}"
        )
    transformed = MatrixBlock(cells, data)
    if transformed.narrow:
        raise CannotCompileError(f"{describe(part)} returns a type narrower than float64")
    return transformed


def _width(part: Any, block: MatrixBlock) -> int:
    """The number of output columns of a transformer."""
    if type(part).__name__ == "FunctionTransformer":
        return len(block.cells)
    if block.data is not None:
        return int(part.transform(block.data).shape[1])
    try:
        return len(part.get_feature_names_out())
    except (AttributeError, ValueError) as error:
        raise CannotCompileError(f"{describe(part)} does not name its output columns") from error
