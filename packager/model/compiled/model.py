"""A compiled model as the server loads it: the native model's answers, faster, on its domain.

A single row is computed in plain Python if possible, many rows in NumPy. A row outside the domain
gets no answer here: the native model must predict it.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.column_arrays import ColumnArrays
from packager.errors import PackageError
from packager.manifest.base import Scalar, Task
from packager.manifest.manifest import Manifest, Schema
from packager.manifest.outputs import Output
from packager.model.compiled.column_blocks import apply
from packager.model.compiled.encode import Encoder, scalar
from packager.model.compiled.form import (
    FittedStep,
    Form,
    Linear,
    Matrix,
    Native,
    Part,
    SparseLinear,
    Trees,
    read,
)
from packager.model.compiled.heads import (
    BatchOutput,
    HeadSpec,
    LinearModel,
    ModelParts,
    NativeEstimator,
    OutputLayer,
)
from packager.model.compiled.joined_answers import JoinedHeads
from packager.model.compiled.linear_batch import LinearSums
from packager.model.compiled.score_meanings import score_meanings
from packager.model.compiled.single_row import linear_row
from packager.model.compiled.sparse_model import SparseModel
from packager.model.compiled.text_analysis import UNICODE
from packager.model.compiled.tree_model import TreeModel
from packager.model.integrity import MANIFEST
from packager.model.paths import Root
from packager.model.predictions import Predictions

FOLDER = "compiled"
"""Below ``/package``."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
OneRow = tuple[Scalar, list[float] | None]


def load_compiled(
    root: Root, schema: Schema, task: Task, parts: ModelParts | None = None
) -> CompiledModel | None:
    """The compiled model below ``root``; None if the build refused or skipped compilation.

    ``parts`` calls parts of the model; None only if the form needs none. Raise ``PackageError`` if
    the form is damaged or was built for other columns.
    """
    manifest = Manifest.load(root.package / MANIFEST)
    if manifest.compiled.verdict != "equal":
        return None
    form, content = read(root.package / FOLDER)
    if [column.name for column in form.columns] != [column.name for column in schema.features]:
        raise PackageError(
            f"{root.package / FOLDER}: expected a form for the columns of the schema, got others",
            "the package is damaged: build it again",
        )
    for text in form.texts:
        if text.analysis.unicode != UNICODE:
            raise PackageError(
                "the compiled model divides text as Python and Unicode "
                f"{text.analysis.unicode} do, this process is {UNICODE}",
                'serve the package in its image, or build it with compile = "off" under [serve]',
            )
    classes = schema.classes if task == "classification" else None
    return CompiledModel(form, content, task, classes, parts, schema.outputs)


def needs_model(form: Form) -> bool:
    """Whether ``form`` calls parts of the model."""
    return bool(form.steps) or isinstance(form.head, Native)


class CompiledModel:
    """A form that is ready to predict; thread-safe."""

    def __init__(
        self,
        form: Form,
        content: bytes | mmap.mmap | None,
        task: Task,
        classes: tuple[Scalar, ...] | None,
        parts: ModelParts | None,
        outputs: Sequence[Output] = (),
    ) -> None:
        """``content``: the form's trees or arrays, if it has any.

        ``parts`` calls parts of the model; None only if the form needs none. ``outputs``: of a
        model with ``[outputs]``.
        """
        self.form = form
        self.has_outputs = bool(outputs)
        """Whether answers are those of ``[outputs]``; then there is no ``predict_row``."""
        self._parts = parts
        self._meanings = score_meanings(form, task, classes, outputs)
        self._row: Callable[[Sequence[Any]], OneRow | None]
        self._sums: Callable[..., tuple[Predictions, Bools]] | None
        if form.parts and isinstance(form.parts[0], SparseLinear):
            sparse = SparseModel(form, content or b"", self._meanings, outputs)
            self._row, self._sums = sparse.predict_row, sparse.predict_rows
            return
        self._encoder = Encoder(form.matrix, form.columns)
        self._steps = [(Encoder(step.matrix, form.columns), step) for step in form.steps]
        self._head = _head(form, content, parts, self._meanings, outputs)
        self._sums = self._sums_function()
        self._row = self._row_function()

    @property
    def needs_model(self) -> bool:
        """Whether it calls parts of the model."""
        return needs_model(self.form)

    @property
    def text_columns(self) -> tuple[int, ...]:
        """The columns whose text it divides, which takes a time proportional to their length."""
        return tuple(sorted({text.column for text in self.form.texts}))

    def predict_row(self, values: Sequence[Any]) -> OneRow | None:
        """The answer for one row; None if it is outside the domain.

        ``values``: the features in the schema's order; further values are ignored. Only of models
        without ``[outputs]``.
        """
        assert not self.has_outputs
        return self._row(values)

    def predict_rows(
        self, columns: Sequence[Sequence[Any]], arrays: ColumnArrays | None = None
    ) -> tuple[Predictions, Bools]:
        """Answers for many rows, and the mask of valid ones: the others are placeholders.

        ``arrays``: the same columns, if they are at hand as arrays; the answers are the same.
        """
        if self._sums is not None:
            return self._sums(columns, arrays)
        rows = len(columns[0])
        inside = np.ones(rows, bool)
        for encoder in (self._encoder, *(encoder for encoder, _ in self._steps)):
            inside &= encoder.inside(columns, rows, arrays)
        indices = np.flatnonzero(inside)
        if len(indices) < rows:
            columns = [[column[row] for row in indices.tolist()] for column in columns]
            arrays = None if arrays is None else arrays.at(indices)
        answers = self._answers(self._matrix(columns, len(indices), arrays))
        inside[indices] = answers.good
        return self._scattered(answers, indices, rows), inside

    def _matrix(
        self, columns: Sequence[Sequence[Any]], rows: int, arrays: ColumnArrays | None
    ) -> Floats:
        """The head's matrix for rows in the domain, after all steps."""
        outputs: list[Any] = []
        for encoder, step in self._steps:
            filled = self._completed(encoder.fill(columns, rows, arrays), encoder.matrix, outputs)
            outputs.append(self._transformed(step, filled) if rows else None)
        filled = self._encoder.fill(columns, rows, arrays)
        return self._completed(filled, self._encoder.matrix, outputs)

    def _completed(self, filled: Floats, matrix: Matrix, outputs: Sequence[Any]) -> Floats:
        for derived in matrix.derived:
            if len(filled):
                column = outputs[derived.step][:, derived.output]
                filled[:, derived.position] = apply(derived.ops, column)
        return filled

    def _answers(self, matrix: Floats) -> BatchOutput:
        """The head's answers; rows with an infinity, or a NaN the form excludes, aren't good."""
        good = np.asarray(~np.isinf(matrix).any(axis=1), np.bool_)
        if not self.form.nan:
            good &= ~np.isnan(matrix).any(axis=1)
        if not good.all():
            indices = np.flatnonzero(good)
            answers = self._answers(matrix[indices])
            good[indices] = answers.good
            scattered = self._scattered(answers, indices, len(matrix))
            return BatchOutput(scattered.labels, scattered.probabilities, good, scattered.more)
        if not len(matrix):
            return BatchOutput([], None, good)
        return self._head(matrix)

    def _transformed(self, step: FittedStep, matrix: Floats) -> Floats:
        assert self._parts is not None
        return self._parts.transform(step.path, matrix, sparse=step.matrix.sparse)

    def _scattered(
        self, answers: BatchOutput, chosen: npt.NDArray[np.intp], rows: int
    ) -> Predictions:
        if len(chosen) == rows:
            return Predictions(answers.labels, answers.probabilities, answers.more)
        labels = _placed(answers.labels, chosen, [None] * rows)
        if answers.probabilities is None:
            more = answers.more
            if more is not None:
                more = _placed(more, chosen, [{} for _ in range(rows)])
            return Predictions(labels, None, more)
        probabilities = np.zeros((rows, answers.probabilities.shape[1]))
        probabilities[chosen] = answers.probabilities
        return Predictions(labels, probabilities)

    def _sums_function(self) -> Callable[..., tuple[Predictions, Bools]] | None:
        """The batch function of a linear head without native steps; None for other forms."""
        if not isinstance(self._head, LinearModel) or self.form.steps:
            return None
        assert isinstance(self.form.head, Linear)
        head, sums = self._head, LinearSums(self.form.head, self._encoder)

        def predict(
            columns: Sequence[Sequence[Any]], arrays: ColumnArrays | None
        ) -> tuple[Predictions, Bools]:
            with np.errstate(over="ignore", invalid="ignore"):  # such rows aren't good
                scores, sizes, inside = sums(columns, arrays)
                answers = head.answers(scores, sizes)
            return Predictions(answers.labels, answers.probabilities), inside & answers.good

        return predict

    def _row_function(self) -> Callable[[Sequence[Any]], OneRow | None]:
        head, function = self.form.head, None
        if isinstance(head, Linear) and len(head.coefficients) == 1 and not self.form.steps:
            function = linear_row(head, self._encoder, self._meanings[0])
        elif isinstance(self._head, TreeModel) and not self.form.steps:
            function = self._head.row_function(self._encoder)
        return function or self._one

    def _one(self, values: Sequence[Any]) -> OneRow | None:
        """The answer for one row: encoders in plain Python, head in NumPy."""
        outputs: list[Any] = []
        for encoder, step in self._steps:
            encoded = self._encoded(encoder, values, outputs)
            if encoded is None:
                return None
            outputs.append(self._transformed(step, encoded))
        matrix = self._encoded(self._encoder, values, outputs)
        if matrix is None:
            return None
        answers = self._answers(matrix) if self._steps else self._head(matrix)
        if not answers.good[0] or (label := answers.labels[0]) is None:
            return None
        chances = answers.probabilities
        return label, None if chances is None else chances[0].tolist()

    def _encoded(self, encoder: Encoder, values: Sequence[Any], outputs: Sequence[Any]) -> Any:
        row = encoder.row(values)
        if row is None:
            return None
        for derived in encoder.matrix.derived:
            entry = float(outputs[derived.step][0, derived.output])
            row[derived.position] = scalar(derived.ops)(entry)
        return np.array([row], np.float64)


def _head(
    form: Form,
    content: Any,
    parts: ModelParts | None,
    meanings: Sequence[HeadSpec],
    outputs: Sequence[Output],
) -> OutputLayer:
    if isinstance(form.head, Native):
        assert parts is not None
        return NativeEstimator(form.head, form.matrix.sparse, parts)
    described_parts = zip(form.parts, form.parts_content(content), meanings, strict=True)
    heads = [_part(head, own, meaning) for head, own, meaning in described_parts]
    return JoinedHeads(heads, outputs) if outputs else heads[0]


def _part(head: Part, content: Any, meaning: HeadSpec) -> OutputLayer:
    match head:
        case Linear():
            return LinearModel(head, meaning)
        case Trees():
            return TreeModel(head, content or b"", meaning)
        case SparseLinear():
            raise AssertionError("answered by a SparseModel")


def _placed(values: Sequence[Any], indices: npt.NDArray[np.intp], into: list[Any]) -> list[Any]:
    for index, value in zip(indices.tolist(), values, strict=True):
        into[index] = value
    return into
