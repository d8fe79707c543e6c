"""Edge rows for testing compiled forms: thresholds, extremes, nulls and unseen values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from packager.data.rows.synthetic_values import RAMP_STEPS, one_element, picture, ramp, zeros
from packager.manifest.manifest import Column, Schema
from packager.model.compiled.form import Number, Op, Trees
from packager.model.compiled.treelite_alone import import_treelite
from packager.worker.compile.candidates import CompiledCandidate
from packager.worker.compile.edge_texts import edge_texts
from packager.worker.compile.held_out import Row

MAX_ROWS = 4_000
MAX_THRESHOLDS = 40
"""Maximum number of thresholds of one column that are tested, evenly spread."""
COMBINED_ROWS = 400
EXTREME_NUMBERS = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    1e-5,
    5e-324,
    -1e-310,
    1e-40,
    1e15,
    -1e15,
    1e30,
    -1e30,
    1e38,
    1e39,
    3.4028234663852886e38,
    1e308,
    -1e308,
)
EXTREME_INTEGERS = (
    0,
    1,
    -1,
    2**24 - 1,
    2**24,
    2**24 + 1,
    -(2**24) - 1,
    2**31,
    2**53 - 1,
    2**53,
    2**53 + 1,
    -(2**53) - 1,
)


def edge_rows(schema: Schema, bases: Sequence[Row], compiled: CompiledCandidate) -> list[Row]:
    """Edge rows with one column changed, then with several; the same for the same model.

    At most ``MAX_ROWS`` rows for up to 450 features; for more features, at most ``COMBINED_ROWS``
    plus 8 rows per feature.
    """
    random = np.random.default_rng(0)
    cuts = _cuts(compiled)
    used = [domain.used for domain in compiled.form.columns]
    read = {text.column for text in compiled.form.texts}
    values = [
        [*(edge_texts(bases, column.name) if index in read else ())]
        + (list(_values(column, cuts.get(index, []))) if used[index] else [])
        for index, column in enumerate(schema.features)
    ]
    rows = []
    share = max(8, (MAX_ROWS - COMBINED_ROWS) // max(1, len(values)))
    for column, some in zip(schema.features, values, strict=True):
        for value in _spread(some, share):
            base = bases[int(random.integers(len(bases)))]
            rows.append({**base, column.name: value})
    for _ in range(COMBINED_ROWS):
        row = dict(bases[int(random.integers(len(bases)))])
        for column, some in zip(schema.features, values, strict=True):
            if some and random.random() < 0.5:
                row[column.name] = some[int(random.integers(len(some)))]
        rows.append(row)
    return rows


def _values(column: Column, cuts: Sequence[float]) -> Iterator[Any]:
    yield None
    yield from column.categories or ()
    if column.dtype.endswith("category") and column.kind in ("number", "integer"):
        return
    match column.kind:
        case "array":
            yield from (zeros(column), *(ramp(column, step) for step in range(RAMP_STEPS)))
        case "list":
            yield from ([], one_element(column))
        case "bytes":
            yield from ("", picture())
        case "string":
            yield from ("", "never seen", "never seen\0", " ", "nan", "None")
        case "number":
            yield from (*EXTREME_NUMBERS, *_ends(column))
            for cut in _spread(sorted(set(cuts)), MAX_THRESHOLDS):
                yield from _beside(cut)
        case "integer":
            limits = np.iinfo(column.dtype)
            near = {round(c) + d for c in cuts if abs(c) < 2**53 for d in (-1, 0, 1)}
            ends = (int(end) for end in _ends(column))
            for whole in (*EXTREME_INTEGERS, *ends, *_spread(sorted(near), 3 * MAX_THRESHOLDS)):
                if int(limits.min) <= whole <= int(limits.max):
                    yield whole


def _ends(column: Column) -> Iterator[float]:
    for end in (column.minimum, column.maximum):
        if end is not None:
            yield end
            if column.kind == "number":
                yield from (math.nextafter(end, -math.inf), math.nextafter(end, math.inf))


def _beside(cut: float) -> Iterator[float]:
    """A number and its neighbours in float64 and float32."""
    yield from (cut, math.nextafter(cut, -math.inf), math.nextafter(cut, math.inf))
    if abs(cut) < 3e38:
        near = np.float32(cut)
        for end in (-np.inf, np.inf):
            other = np.nextafter(near, np.float32(end))
            # The midpoint of two float32 numbers is where rounding changes direction.
            yield from (float(near), float(other), (float(near) + float(other)) / 2)


def _cuts(compiled: CompiledCandidate) -> dict[int, list[float]]:
    """Column → thresholds of its trees and bins, in terms of the values before its ops."""
    cuts: dict[int, list[float]] = {}
    thresholds = _thresholds(compiled)
    for number in compiled.form.matrix.numbers:
        for cut in thresholds.get(number.position, ()):
            undone = _undone(number, cut)
            if math.isfinite(undone):
                cuts.setdefault(number.column, []).append(undone)
        for index, op in enumerate(number.ops):
            if op.name in ("bins", "above", "clip"):
                before = number.model_copy(update={"ops": number.ops[:index]})
                cuts.setdefault(number.column, []).extend(_undone(before, v) for v in op.values)
    return cuts


def _thresholds(compiled: CompiledCandidate) -> dict[int, list[float]]:
    form, thresholds = compiled.form, dict[int, list[float]]()
    if compiled.content is None:
        return thresholds
    for head, content in zip(form.parts, form.parts_content(compiled.content), strict=True):
        if isinstance(head, Trees):
            _add_thresholds(content, thresholds)
    return thresholds


def _add_thresholds(content: bytes, thresholds: dict[int, list[float]]) -> None:
    treelite = import_treelite()

    model = treelite.Model.deserialize_bytes(content)
    for index in range(model.num_tree):
        tree = model.get_tree_accessor(index)
        inner = tree.get_field("cleft") >= 0
        features = tree.get_field("split_index")[inner].tolist()
        for feature, cut in zip(features, tree.get_field("threshold")[inner].tolist(), strict=True):
            thresholds.setdefault(feature, []).append(cut)


def _undone(number: Number, value: float) -> float:
    """Approximately the number that the ops of ``number`` map to ``value``."""
    undo = {
        "subtract": lambda x, by: x + by,
        "divide": lambda x, by: x * by,
        "multiply": lambda x, by: x / by,
        "add": lambda x, by: x - by,
    }
    for op in reversed(number.ops):
        if op.name in undo and not _lost(op):
            value = undo[op.name](value, op.values[0])
    return value


def _lost(op: Op) -> bool:
    return op.name == "multiply" and op.values[0] == 0


def _spread(values: Sequence[Any], most: int) -> list[Any]:
    if len(values) <= most:
        return list(values)
    return [values[index] for index in np.linspace(0, len(values) - 1, most).astype(int).tolist()]
