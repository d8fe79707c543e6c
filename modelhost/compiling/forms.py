"""Derive the compiled form of a fitted model, as plain data, from its answers to probes.

The form is that of ``packager.model.compiled.form`` without its head: ``columns``, ``steps``,
``matrix`` and ``nan``, and where text is counted ``texts`` and ``indices``. Numbers are Python's;
None is NaN.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, List

import numpy as np

from modelhost.compiling.answer_parts import AnswerParts
from modelhost.compiling.components import UnfoldedMatrix
from modelhost.compiling.estimators import check_supported, coded, heads, text_heads
from modelhost.compiling.probe import Probe
from modelhost.compiling.provenance import (
    CannotCompileError,
    LookupFeature,
    MatrixBlock,
    NumericFeature,
    OpaqueFeature,
    ScalarOp,
    StepFeature,
    TextFeature,
    describe,
    first_cell,
    from_sklearn,
    library_of,
)
from modelhost.compiling.transformers import Keys
from modelhost.compiling.trees import Head
from modelhost.compiling.walk import Path, PipelineWalk, dense
from modelhost.objects.adapter import Adapter
from modelhost.objects.output_adapter import OutputsAdapter
from modelhost.output_spec import OutputSpec
from modelhost.text_input import text_column, text_step
from modelhost.wire import Buffer

MAX_ENTRIES = 2_000_000
"""Maximum number of entries of a form's tables, to keep the form smaller than the model."""

Entries = List[List[Any]]
"""[position in the matrix, value] each."""


@dataclass(frozen=True)
class _Parts:
    """The parts of a model: transformers in order, each with its path, and the estimator."""

    transformers: tuple[tuple[Any, Path], ...]
    estimator: Any
    path: Path


def check_known(native: Any) -> None:
    """Raise ``CannotCompileError`` unless the model's class is from a supported framework."""
    if library_of(native) not in ("sklearn", "lightgbm", "xgboost"):
        raise CannotCompileError(f"no compiled form is known for {describe(native)}")


def known_keys(native: Any, columns: Sequence[Any]) -> Keys:
    """Place of a column → the values that the model's encoders know."""
    parts, walk = _split_pipeline(native), PipelineWalk()
    coded(parts.estimator, _walked(walk, parts, _first(native, columns, None)), walk)
    return walk.keys


class FittedForm:
    """The form of a fitted model and its candidate heads.

    Raises ``CannotCompileError``, naming the unsupported part, if there is none.
    """

    def __init__(
        self, native: Any, task: str, probe: Probe, outputs: Sequence[OutputSpec] = ()
    ) -> None:
        self._probe = probe
        self._walk = PipelineWalk()
        self._task = task
        self._parts = _split_pipeline(native)
        block = _walked(self._walk, self._parts, _first(native, probe.columns, probe.frame))
        self._block = check_supported(self._parts.estimator, block, self._walk)
        self._split_pipeline: AnswerParts | None = None
        if outputs:
            self._split_pipeline = AnswerParts.of(
                self._parts.estimator, outputs, self._block, self._walk
            )
            self._block = self._split_pipeline.block
        self._whole = UnfoldedMatrix(self._block.cells, self._walk.texts.projections)

    def heads(self) -> Iterator[Head]:
        """The candidate heads, the fastest first; raises ``CannotCompileError``."""
        of_text = any(isinstance(cell, TextFeature) for cell in self._whole.cells)
        if self._split_pipeline is not None:
            parts, whole = self._parts, self._whole if of_text else None
            return self._split_pipeline.heads(parts.estimator, parts.path, whole)
        if of_text:
            return text_heads(self._parts.estimator, self._task, self._whole)
        return heads(self._parts.estimator, self._parts.path, self._task)

    def form(self) -> tuple[dict[str, Any], list[Buffer]]:
        """The form without a head, and the arrays of its texts; raises ``CannotCompileError``."""
        blocks = [block for _, block in self._walk.steps]
        texts, buffers = self._walk.texts.described(self._whole.cells)
        cells = enumerate(self._whole.cells)
        others = [index for index, cell in cells if not isinstance(cell, TextFeature)]
        origins = [self._whole.origin(index) for index in others]
        last = self._block.take(origins) if texts else self._block
        matrices = [_matrix(block, self._probe) for block in (*blocks, last)]
        paths = [list(path) for path, _ in self._walk.steps]
        indices = range(len(self._probe.columns))
        read = {text["column"] for text in texts}
        columns = [_domain(index, self._probe, matrices, index in read) for index in indices]
        if not any(domain["used"] for domain in columns):
            raise CannotCompileError("the model uses none of the columns")
        form = {
            "columns": columns,
            "steps": [{"path": path, "matrix": matrix} for path, matrix in zip(paths, matrices)],
            "matrix": matrices[-1],
            "nan": any(_has_nan(block) for block in (*blocks, last)),
        }
        if texts:
            form.update(texts=texts, indices=others)
        return form, buffers


def _has_nan(block: MatrixBlock) -> bool:
    return bool(np.isnan(block.data.data if block.sparse else dense(block)).any())


def _split_pipeline(native: Any) -> _Parts:
    transformers: list[tuple[Any, Path]] = []
    path: Path = ()
    if isinstance(native, Adapter) and type(native.fitted).__name__ != "Booster":
        if type(native) in (Adapter, OutputsAdapter):  # it gives another number than ``predict``
            raise CannotCompileError(f"no compiled form is known for scores of {describe(native)}")
        native, path = native.fitted, ("fitted",)
    while from_sklearn(native):
        name = type(native).__name__
        if name.endswith("SearchCV") and hasattr(native, "best_estimator_"):
            native, path = native.best_estimator_, (*path, "best_estimator_")
        elif name == "Pipeline":
            last = len(native.steps) - 1
            transformers += [
                (part, (*path, "steps", index, 1))
                for index, (_, part) in enumerate(native.steps[:-1])
            ]
            native, path = native.steps[-1][1], (*path, "steps", last, 1)
        else:
            break
    if native is None or isinstance(native, str):
        raise CannotCompileError("the pipeline ends without an estimator")
    return _Parts(tuple(transformers), native, path)


def _first(native: Any, columns: Sequence[Any], data: Any) -> MatrixBlock:
    """The model's input: a frame, or the only column of text as a list."""
    cells = tuple(first_cell(index, column) for index, column in enumerate(columns))
    block = MatrixBlock(cells, data)
    name = text_column(columns) if text_step(native) else None
    if name is None:
        return block
    return block.take([[column.name for column in columns].index(name)]).as_texts()


def _walked(walk: PipelineWalk, parts: _Parts, block: MatrixBlock) -> MatrixBlock:
    for part, path in parts.transformers:
        block = walk.through(part, block, path)
    return block


def _matrix(block: MatrixBlock, probe: Probe) -> dict[str, Any]:
    numbers, derived = [], []
    tabled: dict[int, list[int]] = {}
    for position, cell in enumerate(block.cells):
        if isinstance(cell, NumericFeature):
            ops = _ops(cell.ops)
            numbers.append({"position": position, "column": cell.column, "ops": ops})
        elif isinstance(cell, StepFeature):
            indices = {"position": position, "step": cell.step, "output": cell.output}
            derived.append({**indices, "ops": _ops(cell.ops)})
        elif isinstance(cell, LookupFeature):
            tabled.setdefault(cell.column, []).append(position)
        elif isinstance(cell, OpaqueFeature):
            raise CannotCompileError(f"{cell.reason}, and the model reads it")
    tables = [
        _table(column, positions, dense(block.take(positions)), probe)
        for column, positions in tabled.items()
    ]
    return {
        "width": len(block.cells),
        "numbers": numbers,
        "tables": tables,
        "derived": derived,
        "sparse": block.sparse,
    }


def _ops(ops: Sequence[ScalarOp]) -> list[dict[str, Any]]:
    return [{"name": op.name, "values": list(op.values)} for op in ops]


def _table(column: int, positions: list[int], block: Any, probe: Probe) -> dict[str, Any]:
    """The model's encoding of each value of ``column``, taken from the probe's rows.

    ``block``: the matrix of these rows, shape (rows, positions). Raise ``CannotCompileError`` if it
    depends on other columns or the table is too large.
    """
    keys = [question for question in probe.of(column, "key") if question.value is not None]
    special = [*probe.of(column, "null"), *probe.of(column, "unknown")]
    answers = {}
    for question in (*keys, *special):
        one, *others = (block[row] for row in probe.indices[question])
        if not all(np.array_equal(one, other, equal_nan=True) for other in others):
            name = probe.columns[column].name
            raise CannotCompileError(f"the encoding of column {name!r} depends on other columns")
        answers[question] = one
    default = [_commonest([answers[key][index] for key in keys]) for index in range(len(positions))]

    def entries(question: Any) -> Entries:
        return [
            [position, _json(value)]
            for position, value, usual in zip(positions, answers[question], default)
            if not (value == usual or (np.isnan(value) and np.isnan(usual)))
        ]

    listed = [entries(key) for key in keys]
    if sum(map(len, listed)) > MAX_ENTRIES:
        raise CannotCompileError(f"its tables have more than {MAX_ENTRIES:,} entries")
    # If the model raised on a key, which it should know, only keys are in the domain.
    raised = any(q.column == column and q.kind == "key" for q in probe.raised)
    by_kind = {q.kind: entries(q) for q in special}
    return {
        "column": column,
        "default": [[position, _json(value)] for position, value in zip(positions, default)],
        "keys": [key.value for key in keys if key.value is not None],
        "entries": listed,
        "null": by_kind.get("null"),
        "unknown": None if raised else by_kind.get("unknown"),
    }


def _commonest(values: list[Any]) -> float:
    if not values:
        return 0.0
    counted = Counter(_json(float(value)) for value in values)
    best = max(counted.items(), key=lambda item: item[1])[0]
    return float("nan") if best is None else best


def _json(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _domain(
    index: int, probe: Probe, matrices: Sequence[dict[str, Any]], text: bool
) -> dict[str, Any]:
    """The domain of a column; ``text``: whether its n-grams are counted."""
    name = probe.columns[index].name
    numeric = any(one["column"] == index for matrix in matrices for one in matrix["numbers"])
    tables = [one for matrix in matrices for one in matrix["tables"] if one["column"] == index]
    used = numeric or bool(tables) or text
    nulls = probe.nulls(index) and not text
    domain: dict[str, Any] = {"name": name, "used": used, "nulls": nulls}
    if not used:
        return domain
    domain["known_only"] = any(table["unknown"] is None for table in tables)
    if numeric:
        low, high = probe.bound(index, "low"), probe.bound(index, "high")
        if low is None or high is None:
            raise CannotCompileError(f"the model raises on every extreme number in column {name!r}")
        domain.update(low=low, high=high)
    return domain
