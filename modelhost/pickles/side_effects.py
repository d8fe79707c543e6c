"""Whether a function of a library does more than compute, by its source: nothing of it is run.

The modules whose functions a model may name compute numbers, but some of their functions also
evaluate a text that is handed to them, start a program or open a file.
"""

from __future__ import annotations

import ast
from typing import Any, Iterator

_ACTING = frozenset(
    [
        *("eval", "exec", "__import__", "import_module", "open", "Popen", "system", "check_output"),
        *("urlopen", "unlink", "rmtree", "mkdir", "makedirs", "memmap", "Memory", "CDLL"),
        *("savetxt", "loadtxt", "genfromtxt", "fromfile", "tofile", "load_library"),
        *("read_csv", "to_csv", "read_pickle", "to_pickle", "savefig"),
        *("FormulaManager", "from_formula", "dmatrix", "dmatrices", "model_matrix"),
    ]
)
"""Last parts of the names of functions that run a text or a program, or open a file."""
_EVALUATED = ("formula", "regressors")
"""Parts of the names of parameters whose text libraries evaluate as Python."""


def side_effect(function: ast.AST) -> str:
    """The side effect of a function, told by a parameter or a call; empty if it only computes."""
    for node in ast.walk(function):
        if isinstance(node, ast.arguments):
            for name in _parameters(node):
                if any(part in name for part in _EVALUATED):
                    return f"evaluates the text of its parameter {name}"
        elif isinstance(node, ast.Call):
            called: Any = node.func
            called_name = getattr(called, "attr", None) or getattr(called, "id", "")
            if called_name in _ACTING:
                return f"calls {called_name}"
    return ""


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        yield one.arg
