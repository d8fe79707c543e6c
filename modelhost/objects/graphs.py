"""ONNX graphs, run by onnxruntime."""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

import numpy as np

from modelhost.errors import PackageError
from modelhost.loaders.protobuf import GraphNode
from modelhost.objects.adapter import (
    DeclaredAnswers,
    Inputs,
    LabelAdapter,
    ProbabilityAdapter,
    classes_for,
)
from modelhost.objects.matrices import matrix
from modelhost.objects.scores import (
    LOG_SOFTMAX,
    OPEN,
    SIGMOID,
    SOFTMAX,
    ScoringModel,
    adapt_scored,
    in_batches,
)
from modelhost.objects.tensor_outputs import TensorModel, adapt_tensors
from modelhost.predictions import is_frame

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
    "tensor(string)": np.object_,
}
_LABEL_TYPES = ("tensor(int64)", "tensor(string)")
_ENDINGS = {"Softmax": SOFTMAX, "LogSoftmax": LOG_SOFTMAX, "Sigmoid": SIGMOID}
_RESHAPES = ("Squeeze", "Unsqueeze", "Reshape", "Flatten", "Identity", "Cast")


class Graph(NamedTuple):
    """A session of onnxruntime, and the operators of its graph."""

    session: Any
    nodes: Sequence[GraphNode]


def adapt_graph(native: Graph, declared: DeclaredAnswers) -> Any:
    """A graph with labels and probabilities, as converters write, or with one tensor of scores."""
    session = native.session
    outputs, inputs = session.get_outputs(), _inputs(session)
    if declared.outputs and not _is_classifier(outputs, declared):
        return _several(native, inputs, declared)
    labels = [one for one in outputs if one.type in _LABEL_TYPES]
    others = [one for one in outputs if one not in labels]
    if declared.task == "classification" and len(labels) == 1:
        if len(others) == 1:
            return _classifier(native, inputs, others[0], declared)
        name = labels[0].name
        return LabelAdapter(session, lambda rows: _run(session, rows, name), inputs, None)
    if len(others) != 1 and len(outputs) != 1:
        names = ", ".join(repr(one.name) for one in outputs)
        raise PackageError(
            f"the ONNX graph has the outputs {names}, expected one",
            "name each under [outputs], in place of task, or export the model with one output",
        )
    output = (others or outputs)[0]
    shape = output.shape
    width = shape[1] if len(shape) == 2 and isinstance(shape[1], int) else None
    width = 1 if len(shape) < 2 else width
    scored = ScoringModel(
        session,
        "the ONNX graph",
        lambda rows: _run(session, rows, output.name),
        inputs,
        _ending(native.nodes, output.name),
        width,
    )
    return adapt_scored(scored, declared)


def _is_classifier(outputs: Sequence[Any], declared: DeclaredAnswers) -> bool:
    """Whether a graph of a converter gives a label and its probabilities, and these are asked."""
    several = len(outputs) == 2 and sum(one.type in _LABEL_TYPES for one in outputs) == 1
    return several and declared.task == "classification"


def _several(native: Graph, inputs: Inputs, declared: DeclaredAnswers) -> Any:
    """The outputs of a graph by their names, or in order."""
    session = native.session
    told = session.get_outputs()
    names = [one.name for one in told]
    widths = [
        one.shape[1] if len(one.shape) == 2 and isinstance(one.shape[1], int) else None
        for one in told
    ]
    endings = [_ending(native.nodes, name) for name in names]

    def run(rows: Any) -> Any:
        return dict(zip(names, _run_all(session, rows, names)))

    model = TensorModel(session, "the ONNX graph", run, inputs, endings, widths)
    return adapt_tensors(model, declared.outputs)


def _classifier(native: Graph, inputs: Inputs, chances: Any, declared: DeclaredAnswers) -> Any:
    """A graph with a label and probabilities: a tensor, or a dict for each row (``ZipMap``)."""
    session, name = native.session, chances.name
    known = next((node.classes for node in reversed(native.nodes) if node.classes), None)
    zipped = chances.type.startswith("seq(")
    if known is None:
        width = chances.shape[1] if not zipped and len(chances.shape) == 2 else None
        if not isinstance(width, int) and declared.classes is None:
            raise PackageError(
                "the ONNX graph does not record its classes",
                'name them in the order of its outputs: classes = ["no", "yes"] under [serve]',
            )
        known = tuple(range(width if isinstance(width, int) else len(declared.classes or ())))
    own = list(known)

    def answer(rows: Any) -> Any:
        scores = _run(session, rows, name)
        return np.array([[row[label] for label in own] for row in scores]) if zipped else scores

    return ProbabilityAdapter(session, answer, inputs, classes_for(declared, len(own), own))


def _inputs(session: Any) -> Inputs:
    taken = session.get_inputs()
    if len(taken) > 1:
        return Inputs(names=[one.name for one in taken])
    shape = taken[0].shape
    return Inputs(width=shape[1] if len(shape) == 2 and isinstance(shape[1], int) else None)


def _run(session: Any, rows: Any, output: str) -> Any:
    """The output for all rows."""
    return _run_all(session, rows, [output])[0]


def _run_all(session: Any, rows: Any, outputs: Sequence[str]) -> list[Any]:
    """Outputs for all rows; a graph of several inputs takes a column for each."""
    taken = session.get_inputs()
    batch = taken[0].shape[0] if taken[0].shape else None
    if len(taken) == 1:
        (one,) = taken
        size = batch if isinstance(batch, int) and batch > 0 else None
        run = lambda part: session.run(list(outputs), {one.name: part})  # noqa: E731
        return list(in_batches(run, _values(rows, one), size))
    fed = {}
    for one in taken:
        values = _values(rows[[one.name]], one)
        fed[one.name] = values.reshape(len(rows)) if len(one.shape) == 1 else values
    return list(session.run(list(outputs), fed))


def _values(rows: Any, taken: Any) -> Any:
    dtype = _TYPES.get(taken.type)
    if dtype is None:
        raise ValueError(f"input {taken.name!r} of the graph is a {taken.type}")
    if dtype is np.object_:
        return np.asarray(rows.astype(str) if is_frame(rows) else rows, dtype=object)
    return matrix(rows, dtype)


def _ending(nodes: Sequence[GraphNode], output: str) -> str:
    producers = {name: node for node in nodes for name in node.outputs}
    node = producers.get(output)
    while node is not None and node.operator in _RESHAPES and node.inputs:
        node = producers.get(node.inputs[0])
    return OPEN if node is None else _ENDINGS.get(node.operator, OPEN)
