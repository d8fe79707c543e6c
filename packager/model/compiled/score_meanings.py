"""Interpretation of the scores of a compiled form: task, classes, probabilities."""

from __future__ import annotations

from collections.abc import Sequence

from packager.manifest.base import Scalar, Task
from packager.manifest.outputs import Output
from packager.model.compiled.form import Form, Head, Linear, Native, SparseLinear, Trees
from packager.model.compiled.heads import HeadSpec
from packager.model.compiled.joined_answers import part_meanings


def score_meanings(
    form: Form, task: Task, classes: tuple[Scalar, ...] | None, outputs: Sequence[Output]
) -> list[HeadSpec]:
    """Interpretation of the scores of each of the form's heads."""
    if not outputs or not form.parts:
        known = _has_probabilities(form.head, task)
        return [HeadSpec(task, classes, known, form.tolerance)]
    pairs = zip(form.parts, part_meanings(outputs), strict=True)
    return [
        HeadSpec(own, labels, _has_probabilities(head, own), form.tolerance)
        for head, (own, labels) in pairs
    ]


def _has_probabilities(head: Head, task: Task) -> bool:
    if isinstance(head, Linear | SparseLinear):
        return task == "classification" and head.link != "labels"
    if isinstance(head, Trees):
        return task == "classification"
    return isinstance(head, Native) and head.probabilities
