"""Adapts a fitted object of another library to one number or label per row."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from modelhost.errors import PackageError
from modelhost.output_spec import OutputSpec
from modelhost.predictions import Scalar, Task

Classes = Optional[Tuple[Scalar, ...]]
Answer = Callable[[Any], Any]
"""From a frame, or an array of rows, to an array with an entry per row."""


class DeclaredAnswers(NamedTuple):
    """The package's declaration of the answers."""

    task: Task
    classes: Classes = None
    """``[serve] classes``; None if it is not set."""
    outputs: tuple[OutputSpec, ...] = ()
    """``[outputs]``, if the task is ``outputs``."""


class Inputs(NamedTuple):
    """The object's record of its columns; None for what it did not record."""

    names: Sequence[str] | None = None
    width: int | None = None


class Adapter:
    """An object that gives a number per row: ``predict`` returns it."""

    def __init__(self, fitted: Any, answer: Answer, inputs: Inputs = Inputs()) -> None:
        """``fitted``: the object; ``answer``: the function that calls it."""
        self.fitted = fitted
        self.answer = answer
        self.feature_names_in_ = None if inputs.names is None else list(map(str, inputs.names))
        self.n_features_in_ = inputs.width if inputs.names is None else len(inputs.names)

    def predict(self, frame: Any) -> Any:
        """One number per row of ``frame``."""
        return self.answer(frame)


class LabelAdapter(Adapter):
    """An object that gives a label per row, or its position among the classes."""

    def __init__(
        self, fitted: Any, answer: Answer, inputs: Inputs, classes: Sequence[Scalar] | None
    ) -> None:
        """``classes``: the labels by position; None if ``answer`` gives labels themselves."""
        super().__init__(fitted, answer, inputs)
        self.classes_ = None if classes is None else list(classes)

    def predict(self, frame: Any) -> Any:
        """One label per row of ``frame``."""
        answers = self.answer(frame)
        if self.classes_ is None:
            return answers
        return [self.classes_[int(index)] for index in np.asarray(answers).ravel().tolist()]


class ProbabilityAdapter(Adapter):
    """An object that gives probabilities: an array (rows,) of the second class, or (rows, classes).

    The label is the class with the largest one, the first if there are several.
    """

    def __init__(
        self, fitted: Any, answer: Answer, inputs: Inputs, classes: Sequence[Scalar]
    ) -> None:
        super().__init__(fitted, answer, inputs)
        self.classes_ = list(classes)

    def label_and_probabilities(self, frame: Any) -> tuple[Any, Any]:
        """Labels, and probabilities of shape (rows, classes), from one call of the object."""
        scores = np.asarray(self.answer(frame))
        if scores.ndim == 2 and scores.shape[1] == 1:
            scores = scores[:, 0]
        if scores.ndim == 1:
            scores = np.column_stack([1 - scores, scores])
        if scores.ndim != 2 or scores.shape[1] != len(self.classes_):
            raise PackageError(
                f"the model gave scores of shape {scores.shape}, expected one for each of"
                f" {len(self.classes_)} classes",
                "name all classes in [serve] classes, in the order of the model's outputs",
            )
        return [self.classes_[index] for index in scores.argmax(axis=1).tolist()], scores

    def predict(self, frame: Any) -> Any:
        """One label per row of ``frame``."""
        return self.label_and_probabilities(frame)[0]

    def predict_proba(self, frame: Any) -> Any:
        """Probabilities of shape (rows, classes)."""
        return self.label_and_probabilities(frame)[1]


def classes_for(
    declared: DeclaredAnswers, count: int, known: Sequence[Scalar] | None = None
) -> list[Scalar]:
    """The labels of ``count`` outputs: declared, else ``known`` to the model, else 0, 1 and so on.

    Raises ``PackageError`` if another number of classes is declared.
    """
    if declared.classes is None:
        return list(range(count)) if known is None else list(known)
    if len(declared.classes) != count:
        raise PackageError(
            f"[serve] classes: expected {count} classes, as the model has, got"
            f" {len(declared.classes)}",
            "name one label for each output of the model, in their order",
        )
    return list(declared.classes)


def refuse_task(name: str, gives: str, task: str) -> PackageError:
    """The error for a model of the other task; ``gives``: what it gives."""
    return PackageError(
        f"{name} gives {gives}, which is no {task}",
        f'set task = "{"regression" if task == "classification" else "classification"}" under'
        " [package]",
    )
