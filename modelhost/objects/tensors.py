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
    dtype = _input_dtype(native)
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


def _input_dtype(native: Any) -> Any:
    """The dtype of the rows: whole numbers where the module looks them up, else as its weights."""
    torch: Any = sys.modules["torch"]
    taken = _placeholder(native)
    if taken is not None:
        return np.dtype(str(taken.dtype).partition(".")[2].replace("bfloat16", "float32"))
    if _looks_up(native):
        return np.int64
    kind = next((p.dtype for p in native.parameters() if p.dtype.is_floating_point), torch.float32)
    return np.float64 if kind == torch.float64 else np.float32


def _looks_up(native: Any) -> bool:
    """Whether the first operation is an embedding, whose input are indices."""
    graph = getattr(native, "inlined_graph", None)
    if graph is not None:
        uses = list(graph.inputs())[-1].uses()
        return any(use.user.kind().startswith("aten::embedding") for use in uses)
    leaf = next((one for one in native.modules() if not list(one.children())), None)
    return type(leaf).__name__ in ("Embedding", "EmbeddingBag")


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
    """The input of a graph of ``torch.export``, a tensor; None for another module."""
    graph = getattr(native, "graph", None)
    if graph is None or not hasattr(graph, "find_nodes"):
        return None
    tensors = [
        node.meta["val"]
        for node in graph.find_nodes(op="placeholder")
        if hasattr(node.meta.get("val"), "shape")
    ]
    return tensors[-1] if tensors else None


def _fixed_batch(native: Any) -> int | None:
    taken = _placeholder(native)
    return int(taken.shape[0]) if taken is not None and isinstance(taken.shape[0], int) else None


def _width(native: Any) -> int | None:
    taken = _placeholder(native)
    if taken is not None and len(taken.shape) == 2 and isinstance(taken.shape[1], int):
        return int(taken.shape[1])
    return None
