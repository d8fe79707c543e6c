"""The globals that a skops archive names in ``schema.json``, and what its reader does with them.

The archive is a tree of nodes; each has a loader of skops, and a class that the loader imports.
"""

from __future__ import annotations

import json
from typing import Any, Iterator

from modelhost.pickles.source import UnreadableError
from modelhost.pickles.stand_ins import CALLED, GIVEN, LATER, MADE, GlobalName

SCHEMA = "schema.json"
MAX_SCHEMA = 256 << 20
LOADER, CLASS, MODULE = "__loader__", "__class__", "__module__"
_FIXED = (
    *("BytesNode", "BytearrayNode", "DefaultDictNode", "DTypeNode", "FunctionNode", "JsonNode"),
    *("MaskedArrayNode", "MethodNode", "SliceNode", "SparseMatrixNode", "TypeNode"),
)
"""Loaders that make an object of one kind, or none, whatever class the node names."""
_CALLING = (
    *("ConstructorFromReduceNode", "DictNode", "ListNode", "SetNode", "LossNode", "NdArrayNode"),
    *("OperatorFuncNode", "PartialNode", "QuantileForestNode", "RandomGeneratorNode"),
    *("RandomStateNode", "TreeNode"),
)
_USES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_FIXED, ()),
    **dict.fromkeys(_CALLING, (CALLED,)),
    "ObjectNode": (MADE,),
    "TupleNode": (MADE, GIVEN),
}
"""Loader → what it does with the class of its node."""


class SchemaNames:
    """The names and calls of a schema; raises ``UnreadableError`` for one that can't be read."""

    def __init__(self, content: bytes) -> None:
        self.globals: dict[tuple[str, str], GlobalName] = {}
        self.acts: list[str] = []
        """Actions that no archive of skops has, as ends of a sentence."""
        self.is_skops = False
        """Whether it is a schema of skops, not another JSON file of this name."""
        self._numbers: dict[str, tuple[str, str, str]] = {}
        try:
            schema = json.loads(content)
        except RecursionError as error:
            raise UnreadableError("is nested too deeply to audit") from error
        except ValueError:
            return  # skops can't read it either
        if isinstance(schema, dict) and LOADER in schema:
            self.is_skops = True
            for node in _nodes(schema):
                self._node(node)

    def _node(self, node: dict[str, Any]) -> None:
        loader, name, module = node[LOADER], node.get(CLASS), node.get(MODULE)
        if not (isinstance(loader, str) and isinstance(name, str) and isinstance(module, str)):
            self._act("has a node without a class")
            return
        if loader not in _USES:
            self._act(f"has a node {loader[:40]!r}, which the audit doesn't know")
            return
        number, kind = node.get("__id__"), (loader, module, name)
        if number is not None and self._numbers.setdefault(json.dumps(number), kind) != kind:
            self._act(f"gives two objects the number {str(number)[:20]}")
        self._name(module, name, *_USES[loader])
        content = node.get("content")
        if loader in self._MORE:
            self._MORE[loader](self, node, content if isinstance(content, dict) else {})

    def _dictionary(self, node: dict[str, Any], _content: dict[str, Any]) -> None:
        """Its keys are made by calling their types."""
        keys = node.get("key_types")
        if not (isinstance(keys, dict) and keys.get(LOADER) == "ListNode"):
            keys = {}
        types = keys.get("content")
        if not isinstance(types, list):
            self._act("has a dictionary without types of its keys")
            return
        for type_ in types:
            self._called_type(type_)

    def _default_dictionary(self, _node: dict[str, Any], content: dict[str, Any]) -> None:
        factory = content.get("default_factory")
        if not (isinstance(factory, dict) and factory.get(LOADER) == "JsonNode"):
            self._called_type(factory)

    def _function(self, _node: dict[str, Any], content: dict[str, Any]) -> None:
        if content:  # as protocol 0 wrote it
            self._named(content.get("module_path"), content.get("function"))

    def _method(self, node: dict[str, Any], content: dict[str, Any]) -> None:
        method = content.get("func")
        owner = f"{node[CLASS]}.{method}" if isinstance(method, str) else None
        self._named(node[MODULE], owner)

    def _operator(self, node: dict[str, Any], _content: dict[str, Any]) -> None:
        self._name("operator", node[CLASS], CALLED)

    def _partial(self, _node: dict[str, Any], content: dict[str, Any]) -> None:
        inner = content.get("func")
        if isinstance(inner, dict):
            self._named(inner.get(MODULE), inner.get(CLASS), LATER)

    def _generator(self, _node: dict[str, Any], content: dict[str, Any]) -> None:
        """It calls the attribute of ``numpy.random`` that its state names."""
        state = content.get("bit_generator")
        state = state.get("content", state) if isinstance(state, dict) else {}
        named = state.get("bit_generator") if isinstance(state, dict) else None
        if isinstance(named, dict):
            try:
                named = json.loads(named.get("content", "null"))
            except (ValueError, TypeError, RecursionError):
                named = None
        self._named("numpy.random", named, CALLED)

    _MORE = {
        "DictNode": _dictionary,
        "DefaultDictNode": _default_dictionary,
        "FunctionNode": _function,
        "MethodNode": _method,
        "OperatorFuncNode": _operator,
        "PartialNode": _partial,
        "RandomGeneratorNode": _generator,
    }
    """Loader → what else it imports or calls."""

    def _called_type(self, node: Any) -> None:
        if not isinstance(node, dict) or node.get(LOADER) != "TypeNode":
            self._act("calls an object that it has made")
            return
        self._named(node.get(MODULE), node.get(CLASS), CALLED)

    def _named(self, module: Any, name: Any, *uses: str) -> None:
        if isinstance(module, str) and isinstance(name, str):
            self._name(module, name, *uses)
        else:
            self._act("has a node without a name of what it imports")

    def _name(self, module: str, name: str, *uses: str) -> None:
        one = self.globals.setdefault((module, name), GlobalName(module, name, None))
        one.uses.update(uses)

    def _act(self, what: str) -> None:
        if what not in self.acts:
            self.acts.append(what)


def _nodes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node, wherever it is; a stack instead of recursion, because trees may be deep."""
    waiting: list[Any] = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if LOADER in one:
                yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
