"""Estimators with several answers for a row, taken apart: each answer is one label or number.

A form computes the parts from the same matrix and joins their answers
(``packager.model.compiled.joined_answers``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from modelhost.compiling.components import UnfoldedMatrix
from modelhost.compiling.estimators import (
    TOLERANCE,
    check_supported,
    native_heads,
    sparse_linear,
)
from modelhost.compiling.linear import LinearParts, linear_parts
from modelhost.compiling.provenance import CannotCompileError, MatrixBlock, describe, from_sklearn
from modelhost.compiling.trees import Head, has_trees, trees_of
from modelhost.compiling.walk import Path, PipelineWalk
from modelhost.objects.adapter import Adapter
from modelhost.output_spec import OutputSpec
from modelhost.predictions import scalars

_MEMBERS = frozenset({"MultiOutputRegressor", "MultiOutputClassifier", "OneVsRestClassifier"})
_NUMBERS = ("number", "score")
_ARRAYS = ("numbers", "array")


class AnswerPart(NamedTuple):
    """The computation of one answer."""

    estimator: Any
    output: int | None
    """The index in the answers of ``estimator``; None if it gives one."""
    task: str
    classes: Sequence[Any] | None
    """The labels of a classification."""


class AnswerParts(NamedTuple):
    """An estimator with outputs, taken apart if it can be."""

    parts: Sequence[AnswerPart]
    """One for each answer; none if it can't be."""
    block: MatrixBlock
    """The matrix, in the codes of the parts."""
    reason: str
    """Why there are no parts."""

    @classmethod
    def of(
        cls,
        estimator: Any,
        outputs: Sequence[OutputSpec],
        block: MatrixBlock,
        walk: PipelineWalk,
    ) -> AnswerParts:
        """``estimator``, which gets the matrix ``block``, and answers with ``outputs``."""
        try:
            parts = answer_parts(estimator, outputs)
            return cls(parts, coded_parts(parts, block, walk), "")
        except CannotCompileError as error:
            return cls((), block, str(error))

    def heads(self, estimator: Any, path: Path, texts: UnfoldedMatrix | None) -> Iterator[Head]:
        """The heads of the parts, and the estimator itself; raises ``CannotCompileError``.

        ``texts``: the matrix, if it has the features of text vectorizers.
        """
        if texts is not None:
            if not self.parts:
                raise CannotCompileError(self.reason)
            yield joined_text_head(self.parts, texts)
            return
        yield joined_head(self.parts) if self.parts else Head({"refused": self.reason})
        if not isinstance(estimator, Adapter):  # a booster has no other quick way than its trees
            yield from native_heads(estimator, path)


def answer_parts(estimator: Any, outputs: Sequence[OutputSpec]) -> list[AnswerPart]:
    """The parts of ``estimator``, one for each answer of ``outputs``, in their order.

    Raises ``CannotCompileError``, naming what can't be taken apart.
    """
    tasks = _answer_tasks(outputs)
    members = _members(estimator, len(tasks))
    return [
        AnswerPart(one, index, *columns)
        for (one, index), columns in zip(members, tasks)
        if _check_classes(one, index, columns[1])
    ]


def coded_parts(parts: Sequence[AnswerPart], block: MatrixBlock, walk: PipelineWalk) -> MatrixBlock:
    """``block`` in the codes of the parts: of all the same, else ``CannotCompileError``."""
    first = parts[0].estimator
    if len(parts) > 1 and type(first).__name__ == "BernoulliNB":
        if any(part.estimator.binarize != first.binarize for part in parts):
            raise CannotCompileError(f"{describe(first)} has several thresholds")
        return check_supported(first, block, walk)
    coded = block
    for part in parts:
        coded = check_supported(part.estimator, block, walk)
        if len(parts) > 1 and coded is not block:
            raise CannotCompileError(f"each {describe(first)} encodes categories itself")
    return coded


def joined_head(parts: Sequence[AnswerPart]) -> Head:
    """A head of the parts: all linear, or all of trees; else why there is none."""
    linear = [linear_parts(part.estimator, part.task, part.output) for part in parts]
    if all(one is not None for one in linear):
        return _joined([_linear(one) for one in linear if one is not None])
    first = parts[0].estimator
    if not all(has_trees(part.estimator) for part in parts):
        return Head({"refused": f"{describe(first)} is neither linear nor of trees"})
    return _joined([trees_of(part.estimator, part.output) for part in parts])


def joined_text_head(parts: Sequence[AnswerPart], matrix: UnfoldedMatrix) -> Head:
    """As ``joined_head``, of the features of text vectorizers; raises ``CannotCompileError``."""
    heads = [
        sparse_linear(part.estimator, linear_parts(part.estimator, part.task, part.output), matrix)
        for part in parts
    ]
    return _joined(heads)


def _joined(heads: Sequence[Head]) -> Head:
    arrays = {
        f"{index}.{name}": array
        for index, head in enumerate(heads)
        for name, array in head.arrays.items()
    }
    return Head({"joined": [head.described for head in heads]}, arrays)


def _linear(parts: LinearParts) -> Head:
    coefficients, intercept = parts.weights.tolist(), parts.intercept.tolist()
    head = {"kind": "linear", "coefficients": coefficients, "intercept": intercept}
    return Head({"head": {**head, "link": parts.link}, "tolerance": TOLERANCE})


def _answer_tasks(outputs: Sequence[OutputSpec]) -> list[tuple[str, Sequence[Any] | None]]:
    """The task and the classes of each answer."""
    if len(outputs) > 1:
        return [pair for output in outputs for pair in _single(output)]
    (output,) = outputs
    if output.kind == "labels":
        return [("classification", (0, 1))] * len(output.classes or ())
    if output.kind == "quantiles" and not output.shape:
        return [("regression", None)] * len(output.levels or ())
    if output.kind in _ARRAYS and output.shape is not None and len(output.shape) == 1:
        return [("regression", None)] * output.shape[0]
    return _single(output)


def _single(output: OutputSpec) -> list[tuple[str, Sequence[Any] | None]]:
    if output.kind in _NUMBERS:
        return [("regression", None)]
    if output.kind == "label" and output.classes:
        return [("classification", output.classes)]
    raise CannotCompileError(f"output {output.name!r} of kind {output.kind} is not taken apart")


def _members(estimator: Any, count: int) -> list[tuple[Any, int | None]]:
    """The estimator of each of ``count`` answers, and its index there."""
    name = type(estimator).__name__ if from_sklearn(estimator) else ""
    several = name != "OneVsRestClassifier" or estimator.multilabel_
    if name in _MEMBERS and several:
        members = list(estimator.estimators_)
        if len(members) != count:
            raise CannotCompileError(f"{name} has {len(members)} answers, expected {count}")
        return [(member, None) for member in members]
    own = _width(estimator)
    if own == 1 == count and not callable(getattr(estimator, "score_samples", None)):
        return [(estimator, None)]
    if own != count or not name:
        raise CannotCompileError(
            f"the {count} answers of {describe(estimator)} are not taken apart"
        )
    return [(estimator, index) for index in range(count)]


def _width(estimator: Any) -> int | None:
    """Number of answers that a single estimator gives for a row; None if unknown."""
    trees = getattr(estimator, "n_outputs_", None)
    if trees is not None:
        return int(trees)
    shape = np.shape(getattr(estimator, "coef_", ()))
    return int(shape[0]) if len(shape) == 2 and not _is_classifier(estimator) else 1


def _is_classifier(estimator: Any) -> bool:
    """Whether the rows of its weights are of classes, not of answers."""
    return hasattr(estimator, "classes_") and type(estimator).__name__ != "RidgeClassifier"


def _check_classes(estimator: Any, index: int | None, classes: Sequence[Any] | None) -> bool:
    """True; raise ``CannotCompileError`` if a part answers with other labels than ``classes``."""
    if classes is None:
        return True
    fitted_classes = getattr(estimator, "classes_", None)
    if fitted_classes is None:
        raise CannotCompileError(f"{describe(estimator)} does not name its labels")
    if index is not None and not np.ndim(fitted_classes[index]):
        return True  # ridge: the places of the labels, of which each is given or not
    own = scalars(fitted_classes if index is None else fitted_classes[index])
    if own != list(classes):
        raise CannotCompileError(f"{describe(estimator)} has the labels {own} for one answer")
    return True
