"""Modules of PyTorch."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from modelhost.errors import PackageError
from modelhost.objects.adapter import DeclaredAnswers, Inputs
from modelhost.objects.matrices import matrix
from modelhost.objects.scores import OPEN, ScoringModel, adapt_scored, in_batches
from modelhost.objects.tensor_outputs import TensorModel, adapt_tensors
from modelhost.objects.torch_endings import torch_endings


def adapt_torch(native: Any, declared: DeclaredAnswers) -> Any:
    """A module that takes one tensor of rows; of ``[outputs]`` it may give several tensors."""
    torch: Any = sys.modules["torch"]
    if type(native).__name__ != "GraphModule":  # a graph of torch.export has no modes
        native.eval()
    kind = next((p.dtype for p in native.parameters() if p.dtype.is_floating_point), torch.float32)
    dtype = np.float64 if kind == torch.float64 else np.float32
    batch = _fixed_batch(native)

    def run(rows: Any) -> Any:
        with torch.inference_mode():
            return _plain(native(torch.from_numpy(np.ascontiguousarray(rows))))

    def answer(rows: Any) -> Any:
        return in_batches(run, matrix(rows, dtype), batch)

    def one_tensor(rows: Any) -> Any:
        tensor = answer(rows)
        if not isinstance(tensor, np.ndarray):
            raise PackageError(
                f"{name} gives {len(tensor)} tensors, expected one",
                "name each under [outputs], in place of task",
            )
        return tensor

    name = f"the module {getattr(native, 'original_name', type(native).__name__)}"
    inputs = Inputs(width=_width(native))
    endings = torch_endings(native)
    if declared.outputs:
        return adapt_tensors(TensorModel(native, name, answer, inputs, endings), declared.outputs)
    ending = endings[0] if len(endings) == 1 else OPEN
    return adapt_scored(ScoringModel(native, name, one_tensor, inputs, ending), declared)


def _plain(answer: Any) -> Any:
    """Arrays of what a module gives: a tensor, a tuple or list of them, or a dict by name."""
    if isinstance(answer, dict):
        return {str(name): _array(one) for name, one in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [_array(one) for one in answer]
    return _array(answer)


def _array(tensor: Any) -> Any:
    torch: Any = sys.modules["torch"]
    if not isinstance(tensor, torch.Tensor):
        raise TypeError(f"the module gives a {type(tensor).__name__}, expected tensors")
    return tensor.detach().to(torch.float64).numpy()


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
