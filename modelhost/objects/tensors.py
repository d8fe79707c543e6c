"""Modules of PyTorch and models of Keras."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from modelhost.objects.adapter import DeclaredAnswers, Inputs
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

_RESHAPES = ("squeeze", "unsqueeze", "flatten", "view", "reshape", "to", "contiguous", "clone")
_ENDINGS = {
    "softmax": SOFTMAX,
    "_softmax": SOFTMAX,
    "log_softmax": LOG_SOFTMAX,
    "_log_softmax": LOG_SOFTMAX,
    "sigmoid": SIGMOID,
}


def adapt_torch(native: Any, declared: DeclaredAnswers) -> Any:
    """A module that takes one tensor of rows and gives one tensor."""
    torch: Any = sys.modules["torch"]
    if type(native).__name__ != "GraphModule":  # a graph of torch.export has no modes
        native.eval()
    kind = next((p.dtype for p in native.parameters() if p.dtype.is_floating_point), torch.float32)
    dtype = np.float64 if kind == torch.float64 else np.float32
    batch = _fixed_batch(native)

    def run(rows: Any) -> Any:
        with torch.inference_mode():
            found = native(torch.from_numpy(np.ascontiguousarray(rows)))
        if not isinstance(found, torch.Tensor):
            raise TypeError(f"the module gives a {type(found).__name__}, expected one tensor")
        return found.to(torch.float64).numpy()

    def answer(rows: Any) -> Any:
        return in_batches(run, matrix(rows, dtype), batch)

    name = f"the module {getattr(native, 'original_name', type(native).__name__)}"
    ending = _ending(native)
    return adapt_scored(
        ScoringModel(native, name, answer, Inputs(width=_width(native)), ending), declared
    )


def _placeholder(native: Any) -> Any:
    """The shape of the input of a graph of ``torch.export``; None for another module."""
    graph = getattr(native, "graph", None)
    if graph is None or not hasattr(graph, "find_nodes"):
        return None
    shapes = [
        node.meta["val"].shape
        for node in graph.find_nodes(op="placeholder")
        if hasattr(node.meta.get("val"), "shape")
    ]
    return shapes[-1] if shapes else None


def _fixed_batch(native: Any) -> int | None:
    shape = _placeholder(native)
    return int(shape[0]) if shape is not None and isinstance(shape[0], int) else None


def _width(native: Any) -> int | None:
    shape = _placeholder(native)
    if shape is not None and len(shape) == 2 and isinstance(shape[1], int):
        return int(shape[1])
    return None


def _ending(native: Any) -> str:
    """The last operation of a module, as far as its graph or its last part tells it."""
    graph = getattr(native, "graph", None)
    if graph is not None and hasattr(graph, "find_nodes"):
        (output,) = graph.find_nodes(op="output")
        node = output.all_input_nodes[0] if output.all_input_nodes else None
        while node is not None and _operation(node.target) in _RESHAPES:
            node = node.all_input_nodes[0]
        return OPEN if node is None else _ENDINGS.get(_operation(node.target), OPEN)
    graph = getattr(native, "inlined_graph", None)
    if graph is not None:
        node = next(iter(graph.outputs())).node()
        while node.kind().partition("::")[2] in _RESHAPES:
            node = next(iter(node.inputs())).node()
        return _ENDINGS.get(node.kind().partition("::")[2], OPEN)
    parts = list(native.children())
    last = type(parts[-1]).__name__ if parts and type(native).__name__ == "Sequential" else ""
    return {"Softmax": SOFTMAX, "LogSoftmax": LOG_SOFTMAX, "Sigmoid": SIGMOID}.get(last, OPEN)


def _operation(target: Any) -> str:
    """``softmax`` of ``aten.softmax.int``."""
    return str(target).partition(".")[2].partition(".")[0] or str(target)


def adapt_keras(native: Any, declared: DeclaredAnswers) -> Any:
    """A model of Keras with one input and one output."""
    shapes = native.input_shape, native.output_shape
    if any(isinstance(shape, (list, dict)) for shape in shapes):
        raise ValueError(f"the model has several inputs or outputs: {shapes}, expected one of each")
    taken, given = shapes
    layer = native.layers[-1] if native.layers else None
    ending = getattr(getattr(layer, "activation", None), "__name__", "")
    if type(layer).__name__ == "Softmax":
        ending = SOFTMAX

    def answer(rows: Any) -> Any:
        return np.asarray(native.predict_on_batch(matrix(rows, np.float32)))

    width = given[-1] if len(given) == 2 else None
    count = taken[1] if len(taken) == 2 else None
    known = ending if ending in (SOFTMAX, SIGMOID, LOG_SOFTMAX) else OPEN
    scored = ScoringModel(
        native, f"the Keras model {native.name}", answer, Inputs(width=count), known, width
    )
    return adapt_scored(scored, declared)
