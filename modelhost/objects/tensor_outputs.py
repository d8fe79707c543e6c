"""Several outputs, or others than one label or number, of models that give tensors."""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple, Sequence, Union

import numpy as np

from modelhost.errors import OutputError, PackageError
from modelhost.objects.adapter import Inputs
from modelhost.objects.output_adapter import OutputsAdapter, OutputValues, refuse_outputs
from modelhost.objects.scores import LOG_SOFTMAX, OPEN, SIGMOID, SOFTMAX, flat
from modelhost.output_spec import OutputSpec

Tensors = Union[Any, Sequence[Any], Mapping[str, Any]]
"""One array, a tuple or list of them, or a mapping by name; the rows come first in each."""
MIN_PROBABILITY = 0.5
"""The least probability of a label that is in a set of labels."""


class TensorModel(NamedTuple):
    """A model that gives tensors, and what is known of each."""

    fitted: Any
    title: str
    run: Callable[[Any], Tensors]
    inputs: Inputs
    endings: Sequence[str] = ()
    """The last operation of each tensor, in order; shorter if it is not known."""
    widths: Sequence[int | None] = ()
    """The numbers of a row of each tensor, in order; None if it is not known."""


def adapt_tensors(model: TensorModel, outputs: Sequence[OutputSpec]) -> OutputsAdapter:
    """The tensors as ``outputs``: by their names if they have these, otherwise in order.

    A label is the class with the largest score, or of one score the second class if it is above 0
    (probability: 0.5). A set of labels has those above 0 (0.5). There are probabilities if the
    tensor ends in a softmax, a log-softmax or a sigmoid. Raises ``PackageError`` for labels
    without classes.
    """
    several = len(model.widths) > 1
    if several and len(model.widths) != len(outputs) and not _is_one_of_named(model, outputs):
        raise refuse_outputs(model.title, f"{len(model.widths)} tensors", outputs)
    classes = {one.name: _classes(model, one) for one in outputs if one.kind in ("label", "labels")}

    def answers(rows: Any) -> Mapping[str, OutputValues]:
        matched = _matched(model, model.run(rows), outputs)
        return {
            one.name: output_values(one, tensor, ending, classes.get(one.name, ()))
            for one, (tensor, ending) in zip(outputs, matched)
        }

    return OutputsAdapter(model.fitted, answers, model.inputs, classes)


def _is_one_of_named(model: TensorModel, outputs: Sequence[OutputSpec]) -> bool:
    """Whether the outputs may be chosen among named tensors, which only a call tells."""
    return len(outputs) < len(model.widths)


def _classes(model: TensorModel, output: OutputSpec) -> list[Any]:
    if output.classes:
        return list(output.classes)
    width = model.widths[0] if len(model.widths) == 1 else None
    if width is None:
        raise PackageError(
            f"{model.title} does not record the classes of output {output.name!r}",
            f'name them in the order of its scores: classes = ["no", "yes"] under'
            f" [outputs.{output.name}]",
        )
    return list(range(max(width, 2) if output.kind == "label" else width))


def _matched(
    model: TensorModel, answer: Tensors, outputs: Sequence[OutputSpec]
) -> list[tuple[Any, str]]:
    """The tensor of each output and its ending."""
    if isinstance(answer, Mapping):
        names, tensors = list(map(str, answer)), list(answer.values())
    elif isinstance(answer, (list, tuple)):
        names, tensors = [], list(answer)
    else:
        names, tensors = [], [answer]
    endings = [*model.endings, *[OPEN] * len(tensors)][: len(tensors)]
    pairs = list(zip(tensors, endings))
    asked = [one.name for one in outputs]
    if set(asked) <= set(names):
        return [pairs[names.index(name)] for name in asked]
    if len(pairs) != len(outputs):
        told = f" ({', '.join(map(repr, names))})" if names else ""
        raise refuse_outputs(model.title, f"{len(pairs)} tensors{told}", outputs)
    return pairs


def output_values(
    output: OutputSpec, tensor: Any, ending: str, classes: Sequence[Any] = ()
) -> OutputValues:
    """The answers of ``output`` in ``tensor``, shape (rows, …), which ends in ``ending``."""
    array = np.asarray(tensor)
    if output.kind == "label":
        return _label(output, flat(array), ending, classes)
    if output.kind == "labels":
        return _label_set(output, np.asarray(array, np.float64), ending, classes)
    if output.kind in ("number", "score"):
        return OutputValues(flat(array))
    if output.kind in ("text", "json"):
        return OutputValues(array.tolist())
    return OutputValues(array)


def _label(output: OutputSpec, scores: Any, ending: str, classes: Sequence[Any]) -> OutputValues:
    """One label a row from scores of shape (rows,) or (rows, classes)."""
    if ending == LOG_SOFTMAX:
        scores = np.exp(scores)
    single = scores.ndim == 1
    if single and ending != OPEN:
        scores = np.column_stack([1 - scores, scores])
    width = 2 if single else scores.shape[-1]
    if (single and len(classes) != 2) or scores.ndim > 2 or width != len(classes):
        raise _wrong(output, scores, classes)
    if single and ending == OPEN:
        return OutputValues([classes[int(one > 0)] for one in scores])
    labels = [classes[index] for index in scores.argmax(axis=1).tolist()]
    return OutputValues(labels, None if ending == OPEN else scores)


def _label_set(
    output: OutputSpec, scores: Any, ending: str, classes: Sequence[Any]
) -> OutputValues:
    """Any number of labels a row from scores of shape (rows, classes)."""
    if scores.ndim != 2 or scores.shape[1] != len(classes):
        raise _wrong(output, scores, classes)
    if ending in (SOFTMAX, LOG_SOFTMAX):
        raise OutputError(
            output.name,
            f"output {output.name!r} (labels): the model ends in a softmax, whose probabilities add"
            " up to 1: that is one label a row",
            "a sigmoid, or open scores",
            'declare kind = "label", or end the model in a sigmoid',
        )
    if ending == SIGMOID:
        return OutputValues((scores >= MIN_PROBABILITY).astype(int), scores)
    return OutputValues((scores > 0).astype(int))


def _wrong(output: OutputSpec, scores: Any, classes: Sequence[Any]) -> OutputError:
    expected = f"a score for each of {len(classes)} classes"
    return OutputError(
        output.name,
        f"output {output.name!r} ({output.kind}): the model gave scores of shape {scores.shape},"
        f" expected {expected}",
        expected,
        f"name all classes in the order of the model's scores: classes under"
        f" [outputs.{output.name}]",
    )
