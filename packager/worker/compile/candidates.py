"""Derive candidate forms from a model and its predictions of probes: one for each possible head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.manifest.manifest import Schema
from packager.model.compiled.form import (
    Derived,
    Domain,
    Entries,
    FittedStep,
    Form,
    LookupTable,
    Matrix,
    Number,
    Path_,
)
from packager.model.model import LoadedModel
from packager.worker.compile.estimators import candidates, coded
from packager.worker.compile.held_out import Row
from packager.worker.compile.probe import Probe, ask
from packager.worker.compile.provenance import (
    CannotCompileError,
    LookupFeature,
    MatrixBlock,
    NumericFeature,
    OpaqueFeature,
    StepFeature,
    first_cell,
    from_sklearn,
)
from packager.worker.compile.transformers import Keys
from packager.worker.compile.trees import Candidate, Refused
from packager.worker.compile.walk import PipelineWalk, dense

MAX_ENTRIES = 2_000_000
"""Maximum number of entries of a form's tables, to keep the form smaller than the model."""


@dataclass(frozen=True)
class CompiledCandidate:
    """A form with its serialized trees."""

    form: Form
    trees: bytes | None


@dataclass(frozen=True)
class _Parts:
    """The parts of a model: transformers in order, each with its path, and the estimator."""

    transformers: tuple[tuple[Any, Path_], ...]
    estimator: Any
    path: Path_


def compiled_forms(
    model: LoadedModel, schema: Schema, rows: Sequence[Row]
) -> Iterator[CompiledCandidate | Refused]:
    """Candidate forms of ``model``, the fastest first; ``rows`` are held-out rows.

    Raise ``CannotCompileError``, naming the unsupported part, if there is none.
    """
    parts = _apart(model.native)
    keys = _keys(parts, schema)
    probe = ask(model, schema, rows, keys)
    walk = PipelineWalk()
    block = _walked(walk, parts, _first(schema, probe.frame))
    for found in candidates(parts.estimator, block, parts.path, model.task, walk):
        yield found if isinstance(found, Refused) else _form(found, walk, probe)


def _apart(native: Any) -> _Parts:
    transformers: list[tuple[Any, Path_]] = []
    path: Path_ = ()
    while from_sklearn(native):
        name = type(native).__name__
        if name.endswith("SearchCV") and hasattr(native, "best_estimator_"):
            native, path = native.best_estimator_, (*path, "best_estimator_")
        elif name == "Pipeline":
            last = len(native.steps) - 1
            transformers += [
                (part, (*path, "steps", place, 1))
                for place, (_, part) in enumerate(native.steps[:-1])
            ]
            native, path = native.steps[-1][1], (*path, "steps", last, 1)
        else:
            break
    if native is None or isinstance(native, str):
        raise CannotCompileError("the pipeline ends without an estimator")
    return _Parts(tuple(transformers), native, path)


def _first(schema: Schema, data: Any) -> MatrixBlock:
    cells = tuple(first_cell(place, column) for place, column in enumerate(schema.features))
    return MatrixBlock(cells, data)


def _walked(walk: PipelineWalk, parts: _Parts, block: MatrixBlock) -> MatrixBlock:
    for part, path in parts.transformers:
        block = walk.through(part, block, path)
    return block


def _keys(parts: _Parts, schema: Schema) -> Keys:
    """Column → the values that the model's encoders know."""
    walk = PipelineWalk()
    coded(parts.estimator, _walked(walk, parts, _first(schema, None)), walk)
    return walk.keys


def _form(found: Candidate, walk: PipelineWalk, probe: Probe) -> CompiledCandidate:
    blocks = [block for _, block in walk.steps]
    matrices = [_matrix(block, probe) for block in (*blocks, found.block)]
    *inputs, matrix = matrices
    steps = tuple(
        FittedStep(path=path, matrix=made)
        for (path, _), made in zip(walk.steps, inputs, strict=True)
    )
    form = Form(
        columns=tuple(
            _domain(place, probe, matrices) for place in range(len(probe.schema.features))
        ),
        steps=steps,
        matrix=matrix,
        head=found.head,
        nan=any(bool(np.isnan(dense(block)).any()) for block in (*blocks, found.block)),
        tolerance=found.tolerance,
    )
    if not any(domain.used for domain in form.columns):
        raise CannotCompileError("the model uses none of the columns")
    return CompiledCandidate(form, found.trees)


def _matrix(block: MatrixBlock, probe: Probe) -> Matrix:
    made = dense(block)
    numbers, derived = [], []
    tabled: dict[int, list[int]] = {}
    for position, cell in enumerate(block.cells):
        match cell:
            case NumericFeature():
                numbers.append(Number(position=position, column=cell.column, ops=cell.ops))
            case StepFeature():
                derived.append(
                    Derived(position=position, step=cell.step, output=cell.output, ops=cell.ops)
                )
            case LookupFeature():
                tabled.setdefault(cell.column, []).append(position)
            case OpaqueFeature():
                raise CannotCompileError(f"{cell.reason}, and the model reads it")
    return Matrix(
        width=len(block.cells),
        numbers=tuple(numbers),
        tables=tuple(_table(c, positions, made, probe) for c, positions in tabled.items()),
        derived=tuple(derived),
        sparse=block.sparse,
    )


def _table(
    column: int, positions: list[int], made: npt.NDArray[np.float64], probe: Probe
) -> LookupTable:
    """The model's encoding of each value of ``column``, taken from the probe's rows.

    Raise ``CannotCompileError`` if it depends on other columns or the table is too large.
    """
    keys = [question for question in probe.of(column, "key") if question.value is not None]
    special = [*probe.of(column, "null"), *probe.of(column, "unknown")]
    answers = {}
    for question in (*keys, *special):
        one, *others = (made[row, positions] for row in probe.places[question])
        if not all(np.array_equal(one, other, equal_nan=True) for other in others):
            name = probe.schema.features[column].name
            raise CannotCompileError(f"the encoding of column {name!r} depends on other columns")
        answers[question] = one
    default = [_commonest([answers[key][place] for key in keys]) for place in range(len(positions))]

    def entries(question: Any) -> Entries:
        return tuple(
            (position, _json(value))
            for position, value, usual in zip(positions, answers[question], default, strict=True)
            if not (value == usual or (np.isnan(value) and np.isnan(usual)))
        )

    listed = tuple(entries(key) for key in keys)
    if sum(map(len, listed)) > MAX_ENTRIES:
        raise CannotCompileError(f"its tables have more than {MAX_ENTRIES:,} entries")
    # If the model raised on a key, which it should know, only keys are in the domain.
    raised = any(q.column == column and q.kind == "key" for q in probe.raised)
    found = {q.kind: entries(q) for q in special}
    return LookupTable(
        column=column,
        default=tuple((p, _json(v)) for p, v in zip(positions, default, strict=True)),
        keys=tuple(key.value for key in keys if key.value is not None),
        entries=listed,
        null=found.get("null"),
        unknown=None if raised else found.get("unknown"),
    )


def _commonest(values: list[Any]) -> float:
    if not values:
        return 0.0
    counted = Counter(_json(float(value)) for value in values)
    best = max(counted.items(), key=lambda item: item[1])[0]
    return float("nan") if best is None else best


def _json(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _domain(place: int, probe: Probe, matrices: Sequence[Matrix]) -> Domain:
    column = probe.schema.features[place]
    numeric = any(number.column == place for matrix in matrices for number in matrix.numbers)
    tables = [table for matrix in matrices for table in matrix.tables if table.column == place]
    domain = Domain(name=column.name, used=numeric or bool(tables), nulls=probe.nulls(place))
    if not domain.used:
        return domain
    changes: dict[str, Any] = {"known_only": any(table.unknown is None for table in tables)}
    if numeric:
        low, high = probe.bound(place, "low"), probe.bound(place, "high")
        if low is None or high is None:
            raise CannotCompileError(
                f"the model raises on every extreme number in column {column.name!r}"
            )
        changes |= {"low": low, "high": high}
    return domain.model_copy(update=changes)
