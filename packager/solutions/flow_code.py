"""The columns and members that a flow's code names, found without running it.

Only what is certain counts. A frame that the flow changes in place, a name with several values, or
a decorated function is not followed; the build's evaluation judges all of that.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

Columns = frozenset[str]
_CHANGING: tuple[str, ...] = (
    "insert",
    "pop",
    "update",
    "drop",
    "rename",
    "eval",
    "set_index",
    "reset_index",
)
_CHANGING += ("set_axis", "fillna", "replace", "clip")
"""Methods of a frame that may change it in place."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


class MemberUse(NamedTuple):
    """A member that the flow names."""

    line: int
    name: str


class FlowCall(NamedTuple):
    """A call of a member with a frame of known columns."""

    line: int
    member: str
    columns: Columns


class AnswerUse(NamedTuple):
    """``output`` or ``probability`` of a member's answers, with a constant."""

    line: int
    member: str
    method: str
    argument: object


class ColumnUse(NamedTuple):
    """A column that is read from a frame of known columns."""

    line: int
    column: str
    columns: Columns


@dataclass(frozen=True)
class FlowCode:
    """The function of a flow."""

    function: Function

    @classmethod
    def parse(cls, text: str, name: str) -> FlowCode | None:
        """The function ``name`` of a module; None if it can't be followed."""
        try:
            module = ast.parse(text)
        except (SyntaxError, ValueError):  # of another version of Python, or reported at the build
            return None
        functions = [one for one in module.body if isinstance(one, Function) and one.name == name]
        stored = {one.id for one in ast.walk(module) if isinstance(one, ast.Name) and _binds(one)}
        if len(functions) != 1 or functions[0].decorator_list or name in stored:
            return None
        return cls(functions[0])

    @property
    def line(self) -> int:
        """The first line of the function."""
        return self.function.lineno

    @property
    def takes_two(self) -> bool:
        """Whether it can be called with rows and members."""
        arguments = self.function.args
        positional = [*arguments.posonlyargs, *arguments.args]
        least = len(positional) - len(arguments.defaults)
        needed = any(default is None for default in arguments.kw_defaults)
        return least <= 2 and (len(positional) >= 2 or arguments.vararg is not None) and not needed

    @property
    def parameters(self) -> tuple[str, str] | None:
        """The names of rows and members; None if one of them is bound again."""
        arguments = self.function.args
        names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)][:2]
        bound = Counter(self._bound())
        if len(names) < 2 or any(bound[name] != 1 for name in names):
            return None
        return names[0], names[1]

    def _bound(self) -> Iterator[str]:
        """Each name, as often as the function or one within it binds it."""
        for node in ast.walk(self.function):
            if isinstance(node, ast.Name) and _binds(node):
                yield node.id
            elif isinstance(node, ast.arg):
                yield node.arg
            elif isinstance(node, ast.ExceptHandler) and node.name:
                yield node.name


class FlowReader:
    """Follows the members and the frames of one flow."""

    def __init__(self, code: FlowCode, names: Collection[str], features: Columns) -> None:
        """``names`` of the members; ``features``: the columns of the flow's rows."""
        self._nodes = [*ast.walk(code.function)]
        self._names = names
        self._features = features
        self._rows, self._members = code.parameters or ("", "")
        self._values = self._single_values(code)
        self._changed = frozenset(self._changed_names())

    def members(self) -> Iterator[MemberUse]:
        """Every member that is named as an attribute, by a key, or in ``route``."""
        for node in self._nodes:
            name = self._member(node)
            if name is not None:
                yield MemberUse(getattr(node, "lineno", 0), name)
            elif isinstance(node, ast.Call) and self._member(node.func) == "route":
                yield from self._routed(node)

    def handovers(self) -> Iterator[FlowCall]:
        """The calls of members with frames whose columns are known."""
        for node in self._nodes:
            member = self._called(node)
            if member is not None and isinstance(node, ast.Call) and len(node.args) == 1:
                columns = self._columns(node.args[0])
                if columns is not None:
                    yield FlowCall(node.lineno, member, columns)

    def answers(self) -> Iterator[AnswerUse]:
        """The constants by which answers are read."""
        for node in self._nodes:
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("output", "probability")
                and len(node.args) == 1
                and isinstance(node.args[0], ast.Constant)
            ):
                member = self._answers_of(node.func.value)
                if member is not None:
                    yield AnswerUse(node.lineno, member, node.func.attr, node.args[0].value)

    def columns(self) -> Iterator[ColumnUse]:
        """The columns that are read by constants from frames whose columns are known."""
        for node in self._nodes:
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                known = self._columns(node.value)
                for column in () if known is None else _constants(node.slice):
                    yield ColumnUse(node.lineno, column, known or frozenset())

    def _single_values(self, code: FlowCode) -> Mapping[str, ast.expr]:
        """Names that are bound once, by ``name = value``."""
        bound = Counter(code._bound())
        values = {}
        for node in self._nodes:
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target = node.targets[0]
                if isinstance(target, ast.Name) and bound[target.id] == 1:
                    values[target.id] = node.value
        return values

    def _changed_names(self) -> Iterator[str]:
        """Names of frames that may get or lose columns in place."""
        for node in self._nodes:
            if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(
                node.ctx, ast.Load
            ):
                yield _root(node)
            elif isinstance(node, ast.Call):
                if isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING:
                    yield _root(node.func)
                if not self._keeps(node):  # another function may change what it gets
                    arguments = (*node.args, *(keyword.value for keyword in node.keywords))
                    yield from (one.id for one in arguments if isinstance(one, ast.Name))
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
                yield node.value.id  # a second name of the same frame

    def _member(self, node: ast.AST) -> str | None:
        """The member that an expression names, known or not."""
        if isinstance(node, ast.Attribute) and _is(node.value, self._members):
            return None if node.attr.startswith("_") else node.attr
        if isinstance(node, ast.Subscript) and _is(node.value, self._members):
            return next(iter(_constants(node.slice)), None)
        return None

    def _called(self, node: ast.AST) -> str | None:
        """The member that a call asks, directly or by ``submit``."""
        if not isinstance(node, ast.Call):
            return None
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "submit":
            function = function.value
        name = self._member(function)
        return name if name in self._names else None

    def _keeps(self, call: ast.Call) -> bool:
        """Whether a call leaves the frames that it gets as they are."""
        routes = isinstance(call.func, ast.Call) and self._member(call.func.func) == "route"
        return routes or self._called(call) is not None or _is(call.func, "len")

    def _answers_of(self, node: ast.expr, depth: int = 0) -> str | None:
        """The member whose answers an expression is."""
        if depth > len(self._values):
            return None
        if isinstance(node, ast.Name):
            value = self._values.get(node.id)
            return None if value is None else self._answers_of(value, depth + 1)
        function = node.func if isinstance(node, ast.Call) and not node.args else None
        if isinstance(function, ast.Attribute) and function.attr == "result":
            return self._answers_of(function.value, depth)
        return self._called(node)

    def _columns(self, node: ast.expr, depth: int = 0) -> Columns | None:
        """The columns of a frame; None if they are not certain."""
        if depth > len(self._values):
            return None
        if isinstance(node, ast.Name) and node.id not in self._changed:
            value = self._values.get(node.id)
            if node.id == self._rows:
                return self._features
            return None if value is None else self._columns(value, depth + 1)
        some = _of_rows(node)
        if some is not None:
            return self._columns(some, depth)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.List):
            known, named = self._columns(node.value, depth), _constants(node.slice)
            return frozenset(named) if known is not None and named else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            added = [keyword.arg for keyword in node.keywords]
            if node.func.attr == "assign" and not node.args and None not in added:
                known = self._columns(node.func.value, depth)
                return None if known is None else known | {name for name in added if name}
        return None

    def _routed(self, call: ast.Call) -> Iterator[MemberUse]:
        branches: dict[str | None, ast.expr] = {
            keyword.arg: keyword.value for keyword in call.keywords
        }
        branches.update(zip(("segments", "members", "default"), call.args, strict=False))
        table = branches.get("members")
        values = [*(table.values if isinstance(table, ast.Dict) else ()), branches.get("default")]
        for value in values:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield MemberUse(value.lineno, value.value)


def _binds(node: ast.Name) -> bool:
    return not isinstance(node.ctx, ast.Load)


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _root(node: ast.expr) -> str:
    """The name at the beginning of ``name[…].attribute``; empty if there is none."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _of_rows(node: ast.expr) -> ast.expr | None:
    """``frame`` of ``frame.iloc[rows]``, ``frame.loc[rows]`` and ``frame[a > b]``; else None."""
    if not isinstance(node, ast.Subscript):
        return None
    frame = node.value
    if isinstance(frame, ast.Attribute) and frame.attr in ("iloc", "loc"):
        return None if isinstance(node.slice, ast.Tuple) else frame.value
    return frame if isinstance(node.slice, ast.Compare) else None


def _constants(node: ast.expr) -> tuple[str, ...]:
    """The text of a constant, or of a list of them; nothing for anything else."""
    parts = node.elts if isinstance(node, ast.List) else [node]
    constants = [part.value for part in parts if isinstance(part, ast.Constant)]
    texts = [one for one in constants if isinstance(one, str)]
    return tuple(texts) if len(texts) == len(parts) else ()
