"""Models that give tensors: labels from scores, and probabilities if the model ends in them."""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple, Sequence

import numpy as np

from modelhost.errors import PackageError
from modelhost.objects.adapter import (
    Adapter,
    Answer,
    DeclaredAnswers,
    Inputs,
    LabelAdapter,
    ProbabilityAdapter,
    classes_for,
)

SOFTMAX, LOG_SOFTMAX, SIGMOID, OPEN = "softmax", "log_softmax", "sigmoid", ""
"""The last operation of a model; ``OPEN``: none of these, so its scores are no probabilities."""


class ScoringModel(NamedTuple):
    """A model that gives an array (rows,) or (rows, outputs), and what is known of it."""

    fitted: Any
    name: str
    answer: Answer
    inputs: Inputs
    ending: str = OPEN
    width: int | None = None
    """The number of its outputs; None if it is not known before it runs."""


def adapt_scored(model: ScoringModel, declared: DeclaredAnswers) -> Any:
    """Numbers for a regression, otherwise labels, with probabilities if the model gives them.

    One output with a sigmoid is the probability of the second class, and without one a score
    above 0 for it. Raises ``PackageError`` for several numbers or several labels a row, and if the
    number of classes is not known.
    """
    width = model.width
    if declared.task != "classification":
        if width is not None and width > 1:
            raise PackageError(
                f"{model.name} gives {width} numbers a row, expected one",
                'set task = "classification" under [package] if they are scores of classes, or name'
                ' what they are under [outputs], such as kind = "numbers"',
            )
        return Adapter(model.fitted, model.answer, model.inputs)
    count = len(declared.classes or ()) if width is None else max(width, 2)
    if not count:
        raise PackageError(
            f"{model.name} does not record its classes",
            'name them in the order of its outputs: classes = ["no", "yes"] under [serve]',
        )
    if model.ending == SIGMOID and (count > 2 or (width or 0) > 1):
        raise PackageError(
            f"{model.name} gives {count} probabilities that don't add up to 1, which is a set of"
            " labels a row, expected one label",
            'name them under [outputs], kind = "labels", in place of task, or end the model in a'
            " softmax, or in one sigmoid for two classes",
        )
    classes = classes_for(declared, count)
    if model.ending == OPEN:
        return LabelAdapter(model.fitted, _class_indices(model.answer), model.inputs, classes)
    return ProbabilityAdapter(model.fitted, _chances(model), model.inputs, classes)


def _class_indices(answer: Answer) -> Answer:
    def indices(rows: Any) -> Any:
        scores = flat(answer(rows))
        return (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)

    return indices


def _chances(model: ScoringModel) -> Answer:
    if model.ending != LOG_SOFTMAX:
        return lambda rows: flat(model.answer(rows))
    return lambda rows: np.exp(flat(model.answer(rows)))


def flat(scores: Any) -> Any:
    """Scores without dimensions of one entry beside the rows."""
    made = np.asarray(scores, np.float64)
    return made.reshape(len(made), -1)[:, 0] if made[:1].size == 1 else made


def in_batches(run: Callable[[Any], Any], rows: Any, size: int | None) -> Any:
    """The answers of a model whose batches have exactly ``size`` rows; None for any number.

    ``run`` gives an array, a list of them, or a mapping by name. The last batch is filled up with
    copies of its last row.
    """
    if size is None:
        return run(rows)
    batches = []
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        missing = size - len(part)
        whole = np.concatenate([part, np.repeat(part[-1:], missing, 0)]) if missing else part
        batches.append(_first_rows(run(whole), len(part)))
    return _together(batches)


def _first_rows(inputs: Any, count: int) -> Any:
    if isinstance(inputs, Mapping):
        return {name: np.asarray(one)[:count] for name, one in inputs.items()}
    if isinstance(inputs, (list, tuple)):
        return [np.asarray(one)[:count] for one in inputs]
    return np.asarray(inputs)[:count]


def _together(parts: Sequence[Any]) -> Any:
    if isinstance(parts[0], Mapping):
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if isinstance(parts[0], list):
        return [np.concatenate(tensors) for tensors in zip(*parts)]
    return np.concatenate(parts)
