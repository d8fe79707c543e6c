"""Definition of a name by a module's source: a class, a function, another module's."""

from __future__ import annotations

import ast
import re
from typing import Any, Iterator, NamedTuple

from modelhost.pickles.modules import STANDARD, ModuleFile, Modules
from modelhost.pickles.side_effects import side_effect

CLASS, FUNCTION, COMPILED, OTHER, ABSENT = "class", "function", "compiled", "other", "absent"
MAX_STEPS = 12
"""Imports of imports that are followed."""
REDUCED = re.compile(r"__(reduce|reduce_ex|getnewargs|getnewargs_ex)__\b")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CALLABLE_BASES = _words(
    "Enum IntEnum StrEnum Flag IntFlag Exception Warning OrderedDict defaultdict Decimal datetime"
    " date timedelta tzinfo timezone Random Counter deque BaseException Fraction set frozenset"
    " bytearray Path PurePath PosixPath PurePosixPath"
)
"""Bases whose objects are pickled as a call of their class."""
_VALUE_BASES = _words("tuple str int float complex bytes frozenset NamedTuple namedtuple")
"""Bases whose ``__new__`` takes the value."""
_ENUMERATION = re.compile(r"\b(Enum|IntEnum|StrEnum|Flag|IntFlag)\b")
_MAKERS = ("namedtuple", "NamedTuple", "Enum", "make_dataclass")
"""Functions that make a class; the first three as a base of that name would."""


class Definition(NamedTuple):
    """The definition that a name refers to."""

    kind: str
    """``CLASS``, ``FUNCTION``, ``COMPILED``, ``OTHER`` (a value) or ``ABSENT``."""
    module: str
    """The module that has the definition."""
    name: str
    file: ModuleFile | None

    @property
    def full(self) -> str:
        """``module.name``."""
        return f"{self.module}.{self.name}"


class Definitions:
    """Looks names up in modules."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._trees: dict[str, dict[str, list[Any]]] = {}

    def find(self, module: str, name: str, steps: int = 0) -> Definition:
        """The definition of ``name`` in ``module``; imports are followed."""
        file = self._modules.find(module)
        if file is None or steps > MAX_STEPS:
            return Definition(ABSENT, module, name, file)
        if file.text is None:
            return Definition(COMPILED, module, name, file)
        if re.search(rf"^class {re.escape(name)}\b", file.text, re.MULTILINE):
            return Definition(CLASS, module, name, file)
        if not re.search(rf"\b{re.escape(name)}\b|import \*|\*$", file.text, re.MULTILINE):
            return Definition(ABSENT, module, name, file)
        nodes = self._bindings(module, file)
        if nodes.get(name):
            return self._of_node(module, name, nodes[name][-1], file, steps)
        for node in nodes.get("*", ()):
            definition = self.find(_target(module, node, file.package), name, steps + 1)
            if definition.kind != ABSENT:
                return definition
        return Definition(ABSENT, module, name, file)

    def called_by_pickle(
        self, definition: Definition, steps: int = 0, *, values: bool = False
    ) -> bool:
        """Whether objects of the class are pickled as a call of it, by itself or a base.

        ``values``: or with arguments of ``__new__``, as of tuples and texts.
        """
        if (
            definition.kind == COMPILED
        ):  # of the standard library those are that _CALLABLE_BASES names
            return definition.file is None or definition.file.origin != STANDARD
        if definition.kind != CLASS or definition.file is None or definition.file.text is None:
            return False
        head, body = _class_text(definition.file.text, definition.name)
        if not head and not body:
            head = self._maker(definition.module, definition.name, definition.file)
        if REDUCED.search(body):
            return True
        bases = re.findall(r"[\w.]+", re.sub(r"\w+\s*=[^,]*", "", head))
        for base in bases:
            last = base.rpartition(".")[2]
            if last in _CALLABLE_BASES or last.endswith("Error"):
                return True
            if values and last in _VALUE_BASES:
                return True
            if steps < MAX_STEPS and last not in (definition.name, "object"):
                inner = self.find(definition.module, last, steps + 1)
                if inner.kind in (CLASS, COMPILED) and self.called_by_pickle(
                    inner, steps + 1, values=values
                ):
                    return True
        return False

    def method(
        self, definition: Definition, name: str, modules: tuple[str, ...]
    ) -> Definition | None:
        """The class, ``definition`` or a base, with the method ``name``, within ``modules``."""
        owner = self.owner(definition, rf"def {re.escape(name)}\(")
        return owner if owner is not None and f"{owner.module}.".startswith(modules) else None

    def side_effect(self, definition: Definition, method: str = "") -> str:
        """The side effect of a function, or of the ``method`` of a class; empty without one."""
        assert definition.file is not None
        nodes = self._bindings(definition.module, definition.file).get(definition.name, [])
        if method:
            inner = [part for node in nodes for part in getattr(node, "body", ())]
            nodes = [node for node in inner if getattr(node, "name", "") == method]
        return next(filter(None, map(side_effect, nodes)), "")

    def owner(self, definition: Definition, written: str) -> Definition | None:
        """The first of a class and its bases in whose body a line begins as ``written``."""
        for one, body in self._with_bases(definition):
            if re.search(rf"^[ \t]+(async )?{written}", body, re.MULTILINE):
                return one
        return None

    def restores(self, definition: Definition) -> bool:
        """Whether a class or a base has a ``__setstate__``, as every compiled base may."""
        return any(
            "def __setstate__(" in body
            or (one.kind == COMPILED and one.file is not None and one.file.origin != STANDARD)
            for one, body in self._with_bases(definition)
        )

    def _with_bases(self, definition: Definition) -> Iterator[tuple[Definition, str]]:
        """A class and its bases, each with its body; empty of what is no class in Python."""
        waiting, seen = [definition], 0
        while waiting and seen < MAX_STEPS:
            one, seen = waiting.pop(0), seen + 1
            if one.kind != CLASS or one.file is None or one.file.text is None:
                yield one, ""
                continue
            head, body = _class_text(one.file.text, one.name)
            yield one, body
            for base in re.findall(r"\w+", re.sub(r"\w+\s*=[^,]*", "", head)):
                if base not in (one.name, "object"):
                    waiting.append(self.find(one.module, base))

    def derives(
        self, definition: Definition, classes: frozenset[str], names: frozenset[str]
    ) -> bool:
        """Whether a class is one of ``classes`` or derives from one.

        ``names``: of these and their children, by which a base counts that is written as
        ``module.name``.
        """
        waiting, seen = [definition], set()
        while waiting:
            one = waiting.pop()
            if one.full in classes or one.name in names:
                return True
            if one.kind != CLASS or one.full in seen or one.file is None or one.file.text is None:
                continue
            seen.add(one.full)
            head, _ = _class_text(one.file.text, one.name)
            for base in re.findall(r"[\w.]+", head):
                last = base.rpartition(".")[2]
                if last in names:
                    return True
                if base == last and last not in (one.name, "object"):
                    waiting.append(self.find(one.module, last))
        return False

    def is_member(self, module: str, name: str) -> bool:
        """Whether ``name``, ``Class.MEMBER`` or ``Class.Inner.MEMBER``, is one of an enumeration.

        Its value has to be written out: a name could be that of a function.
        """
        *outer, member = name.split(".")
        if not outer:
            return False
        definition = self.find(module, outer[0])
        if definition.kind != CLASS or definition.file is None or definition.file.text is None:
            return False
        head, body = "", definition.file.text
        for one in (definition.name, *outer[1:]):
            head, body = _class_text(body, one)
        written = rf"^[ \t]+{re.escape(member)}[ \t]*(:[^=\n]*)?=[ \t]*([\"'\d(-]|(enum\.)?auto\()"
        return bool(_ENUMERATION.search(head) and re.search(written, body, re.MULTILINE))

    def _maker(self, module: str, name: str, file: ModuleFile) -> str:
        """The function that makes the class in ``name = maker(…)``; else empty."""
        *_, node = self._bindings(module, file).get(name) or [None]
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            return ""
        called = ast.dump(node.value.func)
        return next((maker for maker in _MAKERS if f"'{maker}'" in called), "")

    def _bindings(self, module: str, file: ModuleFile) -> dict[str, list[Any]]:
        """Name → the statements on the module's own level that bind it; ``*``: star imports."""
        if module not in self._trees:
            bindings: dict[str, list[Any]] = {}
            try:
                for name, node in _bound(ast.parse(file.text or "")):
                    bindings.setdefault(name, []).append(node)
            except (SyntaxError, ValueError, RecursionError):
                pass  # a name of such a module is absent: it can't be imported either
            self._trees[module] = bindings
        return self._trees[module]

    def _of_node(
        self, module: str, name: str, node: Any, file: ModuleFile, steps: int
    ) -> Definition:
        if isinstance(node, ast.ClassDef):
            return Definition(CLASS, module, name, file)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return Definition(FUNCTION, module, name, file)
        if isinstance(node, ast.ImportFrom):
            own = next(one.name for one in node.names if (one.asname or one.name) == name)
            return self.find(_target(module, node, file.package), own, steps + 1)
        if isinstance(node, ast.Assign):
            value = node.value
            if isinstance(value, ast.Lambda):
                return Definition(FUNCTION, module, name, file)
            if self._maker(module, name, file):
                return Definition(CLASS, module, name, file)
            if isinstance(value, ast.Name) and value.id != name:
                return self.find(module, value.id, steps + 1)
        return Definition(OTHER, module, name, file)


def _bound(tree: Any) -> Iterator[tuple[str, Any]]:
    """(name, statement) of what a module binds, also within ``if``, ``try`` and ``with``."""
    waiting = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                yield name.asname or name.name, node
        elif isinstance(node, ast.Import):
            for one in node.names:
                yield one.asname or one.name.partition(".")[0], node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            inner = [*node.body, *getattr(node, "orelse", ()), *getattr(node, "finalbody", ())]
            inner += [one for handler in getattr(node, "handlers", ()) for one in handler.body]
            waiting += reversed(inner)


def _target(module: str, node: Any, package: bool) -> str:
    """The module that ``from … import`` in ``module`` reads."""
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    parts = parts[: len(parts) - node.level + (1 if package else 0)]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _class_text(text: str, name: str) -> tuple[str, str]:
    """The bases of a class, and its body."""
    match = re.search(rf"^([ \t]*)class {re.escape(name)}\b([^:]*?):", text, re.MULTILINE)
    if match is None:
        return "", ""
    rest = text[match.end() :]
    end = re.search(rf"^(?!{match.group(1)}[ \t]|\s*$|\s*#|[)\]}}])", rest, re.MULTILINE)
    return match.group(2), rest[: end.start()] if end else rest
