"""The answers to a block as a table: kept columns, predictions, probabilities, flags, version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from monitoring.metrics.class_labels import class_text
from packager.data.answer_cells import answer_cells
from packager.digest import canonical_json
from packager.errors import UsageError
from packager.manifest.base import Scalar
from packager.manifest.manifest import Manifest
from packager.manifest.outputs import Output
from packager.model.row_blocks import BadRows, BlockAnswers

FLAGS, VERSION, PROBABILITIES = "flags", "version", "probabilities"
_SCALARS = ("label", "number", "score", "text")


class AnswerTables:
    """Makes tables of one package's answers, all with one schema."""

    def __init__(self, manifest: Manifest, copied: pa.Schema, bad: BadRows) -> None:
        """``copied``: the columns of the scored table that go before.

        Raises ``UsageError`` for a name that a column of the answers has too.
        """
        self._manifest, self._bad = manifest, bad
        schema = manifest.schema_
        self._outputs = schema.outputs
        self._classes = None if self._outputs else schema.classes
        self._regression = manifest.task == "regression"
        fields = [*self._predicted(), pa.field(FLAGS, pa.list_(pa.string()))]
        fields.append(pa.field(VERSION, pa.string()))
        names = {field.name for field in fields}
        both = next((name for name in copied.names if name in names), None)
        if both is not None:
            raise UsageError(
                f"--keep {both}: expected a column that the answers lack, got one of theirs",
                f"the answers have {', '.join(field.name for field in fields)}; rename it in the "
                "table",
            )
        self.copied = copied
        self.schema = pa.schema([*copied, *fields])

    def table(self, rows: int, copied: pa.Table | None, answers: BlockAnswers) -> pa.Table:
        """The answers to ``rows`` rows; ``copied``: their own columns."""
        good = np.ones(rows, np.bool_)
        good[[row for row, _ in answers.rejected]] = False
        indices = np.flatnonzero(good)
        columns = [
            column.cast(field.type)
            for column, field in zip(self._columns(answers), self._answer_fields(), strict=True)
        ]
        answer_table = pa.Table.from_arrays(columns, schema=pa.schema(self._answer_fields()))
        if len(indices) < rows and self._bad == "null":
            spread = np.full(rows, -1, np.int64)
            spread[indices] = np.arange(len(indices))
            answer_table = answer_table.take(pa.array(spread, mask=spread < 0))
        elif len(indices) < rows and copied is not None:
            copied = copied.take(pa.array(indices))
        version = pa.repeat(pa.scalar(self._manifest.tag), len(answer_table))
        answer_table = answer_table.append_column(pa.field(VERSION, pa.string()), version)
        if copied is None:
            return answer_table
        whole = copied.cast(self.copied).columns
        return pa.Table.from_arrays([*whole, *answer_table.columns], schema=self.schema)

    def _answer_fields(self) -> list[pa.Field]:
        return list(self.schema)[len(self.copied) : -1]

    def _predicted(self) -> list[pa.Field]:
        if not self._outputs:
            kind = pa.float64() if self._regression else label_type(self._classes)
            chances = [
                pa.field(f"probability {class_text(label)}", pa.float64())
                for label in self._classes or ()
                if self._has_probabilities
            ]
            return [pa.field("prediction", kind), *chances]
        alone = len(self._outputs) == 1
        fields = [
            field
            for output in self._outputs
            for field in _output_fields("prediction" if alone else output.name, output)
        ]
        return [*fields, pa.field(PROBABILITIES, pa.string())]

    @property
    def _has_probabilities(self) -> bool:
        return self._manifest.task == "classification"

    def _columns(self, answers: BlockAnswers) -> list[pa.Array]:
        predictions = answers.predictions
        flags = flag_lists(answers.flags, len(predictions.labels))
        if self._outputs:
            return [*self._of_outputs(answers), flags]
        labels = predictions.labels
        field = self._answer_fields()[0]
        if pa.types.is_string(field.type) and not all(type(label) is str for label in labels):
            labels = [label if label is None else class_text(label) for label in labels]
        columns = [pa.array(labels, field.type)]
        count = len(self._answer_fields()) - 2
        if predictions.probabilities is None:
            columns += [pa.nulls(len(labels), pa.float64())] * count
        else:
            columns += [
                _finite(np.ascontiguousarray(predictions.probabilities[:, at]))
                for at in range(count)
            ]
        return [*columns, flags]

    def _of_outputs(self, answers: BlockAnswers) -> list[pa.Array]:
        predictions = answers.predictions
        more: Sequence[Mapping[str, Any]] = predictions.more or [{} for _ in predictions.labels]
        rows = [_typed_cells(label, self._outputs) for label in predictions.labels]
        chances = [
            canonical_json(one["probabilities"]).decode() if one.get("probabilities") else None
            for one in more
        ]
        fields = self._answer_fields()[:-2]
        columns = [pa.array([row.get(f.name) for row in rows], f.type) for f in fields]
        return [*columns, pa.array(chances, pa.string())]


def flag_lists(flags: Sequence[tuple[str, Any]], rows: int) -> pa.Array:
    """A list of flags for each of ``rows`` rows."""
    if not flags:
        return pa.ListArray.from_arrays(np.zeros(rows + 1, np.int32), pa.array([], pa.string()))
    indices = np.concatenate([own for _, own in flags])
    codes = np.repeat(np.arange(len(flags)), [len(own) for _, own in flags])
    order = np.argsort(indices, kind="stable")
    ends = np.zeros(rows + 1, np.int32)
    np.cumsum(np.bincount(indices, minlength=rows), out=ends[1:])
    names = pa.array([name for name, _ in flags], pa.string())
    return pa.ListArray.from_arrays(ends, names.take(pa.array(codes[order])))


def label_type(classes: Sequence[Scalar] | None) -> pa.DataType:
    """The type of a column of labels: that which all classes have, else text."""
    kinds = {type(label) for label in classes or ()}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        return pa.int64()
    return pa.float64() if kinds == {float} else pa.string()


def _finite(chances: Any) -> pa.Array:
    return pa.array(chances, mask=~np.isfinite(chances))


def _output_fields(name: str, output: Output) -> list[pa.Field]:
    """The columns of one output, named as by ``answer_cells``."""
    if output.kind in ("number", "score"):
        return [pa.field(name, pa.float64())]
    if output.kind == "label":
        return [pa.field(name, label_type(output.classes))]
    if output.kind == "numbers" and output.shape is not None and len(output.shape) == 1:
        return [pa.field(f"{name}.{index}", pa.float64()) for index in range(output.shape[0])]
    if output.kind == "quantiles":
        levels = [str(level) for level in output.levels or ()]
        if not output.shape:
            return [pa.field(f"{name}.{level}", pa.float64()) for level in levels]
        steps = range(output.shape[0])
        return [pa.field(f"{name}.{step}.{one}", pa.float64()) for step in steps for one in levels]
    return [pa.field(name, pa.string())]


def _typed_cells(prediction: Any, outputs: Sequence[Output]) -> dict[str, Any]:
    """The cells of one answer, with scalars in their own types."""
    cells = answer_cells({"prediction": prediction}, outputs)
    for output in outputs:
        if output.kind in _SCALARS:
            name = "prediction" if len(outputs) == 1 else output.name
            value = prediction if len(outputs) == 1 else prediction[output.name]
            text = output.kind == "label" and pa.types.is_string(label_type(output.classes))
            cells[name] = class_text(value) if text and value is not None else value
    return cells
