"""Answers of several outputs, joined from those of the parts of a form.

A part gives one label or number; the parts are in the order of the outputs, and within an output in
that of its labels, levels or numbers. The joined answers are those of :mod:`modelhost.outputs`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from modelhost.text import class_text, number_name
from packager.manifest.base import Scalar, Task
from packager.manifest.outputs import Output
from packager.model.compiled.heads import BatchOutput, Floats, OutputLayer

Meaning = tuple[Task, tuple[Scalar, ...] | None]
"""The task of a part, and its labels."""


def part_meanings(outputs: Sequence[Output]) -> list[Meaning]:
    """The task and the labels of each part."""
    if len(outputs) == 1 and outputs[0].kind == "labels":
        return [("classification", (False, True))] * len(outputs[0].classes or ())
    return [
        ("classification", output.classes) if output.kind == "label" else ("regression", None)
        for output in outputs
        for _ in range(_width(output))
    ]


class JoinedAnswers:
    """Joins the answers of parts."""

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._outputs = tuple(outputs)
        self._labels: Callable[[Sequence[Sequence[Any]]], list[Any]] = self._by_name
        if len(outputs) == 1:
            self._labels = _alone(outputs[0])
        self._names = [output.name for output in outputs]
        self._classes = [[*map(class_text, output.classes or ())] for output in outputs]

    def __call__(self, parts: Sequence[BatchOutput]) -> BatchOutput:
        """The answers; a row is good if it is in every part."""
        labels = self._labels([part.labels for part in parts])
        good = np.logical_and.reduce([part.good for part in parts])
        if parts[0].probabilities is None:
            return BatchOutput(labels, None, good)
        if len(self._outputs) > 1:
            return BatchOutput(labels, None, good, self._named(parts))
        return BatchOutput(labels, self._probabilities(parts), good)

    def _by_name(self, values: Sequence[Sequence[Any]]) -> list[Any]:
        return [dict(zip(self._names, row, strict=True)) for row in zip(*values, strict=True)]

    def _probabilities(self, parts: Sequence[BatchOutput]) -> Floats:
        """Of one output, shape (rows, classes)."""
        probabilities = [part.probabilities for part in parts if part.probabilities is not None]
        if self._outputs[0].kind == "label":
            return probabilities[0]
        return np.column_stack([part[:, 1] for part in probabilities])

    def _named(self, parts: Sequence[BatchOutput]) -> list[dict[str, Any]]:
        named = [
            (name, classes, part.probabilities.tolist())
            for name, classes, part in zip(self._names, self._classes, parts, strict=True)
            if part.probabilities is not None
        ]
        return [
            {
                "probabilities": {
                    name: dict(zip(classes, rows[row], strict=True))
                    for name, classes, rows in named
                }
            }
            for row in range(len(parts[0].labels))
        ]


class JoinedHeads:
    """A head for each part, on the same matrix."""

    def __init__(self, heads: Sequence[OutputLayer], outputs: Sequence[Output]) -> None:
        self._heads = heads
        self._join = JoinedAnswers(outputs)

    def __call__(self, matrix: Any) -> BatchOutput:
        """Predict the rows of an encoded ``matrix`` of shape (rows, encoded columns)."""
        return self._join([head(matrix) for head in self._heads])


def _width(output: Output) -> int:
    if output.kind == "quantiles":
        return len(output.levels or ())
    return int(np.prod(output.shape or (1,))) if output.kind in ("numbers", "array") else 1


def _alone(output: Output) -> Callable[[Sequence[Sequence[Any]]], list[Any]]:
    """The answers of the only output from those of its parts."""
    if output.kind == "labels":
        classes = output.classes or ()
        return lambda values: [
            [label for label, there in zip(classes, row, strict=True) if there]
            for row in zip(*values, strict=True)
        ]
    if output.kind == "quantiles":
        names = [number_name(level) for level in output.levels or ()]
        return lambda values: [
            dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)
        ]
    if output.kind in ("numbers", "array"):
        return lambda values: [list(row) for row in zip(*values, strict=True)]
    return lambda values: list(values[0])
