"""The last operation of each tensor that a module of PyTorch gives."""

from __future__ import annotations

from typing import Any, Sequence

from modelhost.objects.scores import LOG_SOFTMAX, OPEN, SIGMOID, SOFTMAX

_RESHAPES = ("squeeze", "unsqueeze", "flatten", "view", "reshape", "to", "contiguous", "clone")
_ENDINGS = {
    "softmax": SOFTMAX,
    "_softmax": SOFTMAX,
    "log_softmax": LOG_SOFTMAX,
    "_log_softmax": LOG_SOFTMAX,
    "sigmoid": SIGMOID,
}
_LAYERS = {"Softmax": SOFTMAX, "LogSoftmax": LOG_SOFTMAX, "Sigmoid": SIGMOID}


def torch_endings(native: Any) -> list[str]:
    """As far as the graph of a module, or its last part, tells it: one for each tensor, in order.

    Of a module without a graph it is that of a ``Sequential`` alone; empty for others.
    """
    graph = getattr(native, "graph", None)
    if graph is not None and hasattr(graph, "find_nodes"):
        (output,) = graph.find_nodes(op="output")
        return [_of_exported(node) for node in _flat(output.args)]
    graph = getattr(native, "inlined_graph", None)
    if graph is not None:
        return [_of_scripted(value) for value in _scripted_outputs(graph)]
    parts = list(native.children())
    if not parts or type(native).__name__ != "Sequential":
        return []
    return [_LAYERS.get(type(parts[-1]).__name__, OPEN)]


def _flat(nodes: Any) -> list[Any]:
    """The nodes in nested tuples, lists and dicts, in order."""
    if isinstance(nodes, dict):
        nodes = list(nodes.values())
    if isinstance(nodes, (list, tuple)):
        return [node for one in nodes for node in _flat(one)]
    return [nodes]


def _of_exported(node: Any) -> str:
    while hasattr(node, "all_input_nodes") and _operation(node.target) in _RESHAPES:
        node = node.all_input_nodes[0]
    return _ENDINGS.get(_operation(getattr(node, "target", "")), OPEN)


def _operation(target: Any) -> str:
    """``softmax`` of ``aten.softmax.int``."""
    return str(target).partition(".")[2].partition(".")[0] or str(target)


def _scripted_outputs(graph: Any) -> Sequence[Any]:
    """The values of a graph of TorchScript: the entries of a tuple, list or dict."""
    value = next(iter(graph.outputs()))
    entries = list(value.node().inputs())
    kind = value.node().kind()
    if kind in ("prim::TupleConstruct", "prim::ListConstruct"):
        return entries
    if kind == "prim::DictConstruct":
        return entries[1::2]
    return [value]


def _of_scripted(value: Any) -> str:
    node = value.node()
    while node.kind().partition("::")[2] in _RESHAPES:
        node = next(iter(node.inputs())).node()
    return _ENDINGS.get(node.kind().partition("::")[2], OPEN)
