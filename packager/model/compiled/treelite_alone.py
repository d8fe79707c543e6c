"""Imports treelite without SciPy, which it needs for sparse rows only.

SciPy and what it loads take 40 MB in the server and 127 MB in an image. Forms predict dense rows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_LIBRARY = "scipy"


class _NoMatrix:
    """Stands for SciPy's class of sparse matrices in treelite; nothing is an instance of it."""


def import_treelite() -> Any:
    """The module ``treelite``, with SciPy if it is in memory, and without it otherwise."""
    if "treelite" not in sys.modules and _LIBRARY not in sys.modules:
        with _stand_in():
            import treelite
    import treelite

    return treelite


@contextmanager
def _stand_in() -> Iterator[None]:
    """While the block runs, the import of SciPy gives a module without content.

    Afterwards it gives SciPy again: other code that asks for it is not deceived.
    """
    whole, sparse = ModuleType(_LIBRARY), ModuleType(f"{_LIBRARY}.sparse")
    for module in (whole, sparse):
        module.__spec__ = ModuleSpec(module.__name__, None, is_package=module is whole)
    whole.__path__ = []
    sparse.csr_matrix = _NoMatrix  # type: ignore[attr-defined]
    whole.sparse = sparse  # type: ignore[attr-defined]
    stood = {module.__name__: module for module in (whole, sparse)}
    sys.modules.update(stood)
    try:
        yield
    finally:
        for name, module in stood.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
