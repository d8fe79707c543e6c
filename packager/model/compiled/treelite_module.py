"""Imports treelite, also where scipy is not installed, as in the server's environment."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class _SparseMatrix:
    """In place of ``scipy.sparse.csr_matrix``: no input of the server is one."""


def import_treelite() -> Any:
    """The module ``treelite``.

    Its inference asks whether the input is a sparse matrix of scipy, and needs no more of scipy.
    Without scipy it gets an empty class instead, which other modules can't see: the modules in
    place of scipy are known only while treelite is imported.
    """
    if "treelite" in sys.modules or importlib.util.find_spec("scipy") is not None:
        return importlib.import_module("treelite")
    stubs = {name: ModuleType(name) for name in ("scipy", "scipy.sparse")}
    for name, stub in stubs.items():
        stub.__spec__ = ModuleSpec(name, None, is_package=name == "scipy")
    vars(stubs["scipy"])["sparse"] = stubs["scipy.sparse"]
    vars(stubs["scipy.sparse"])["csr_matrix"] = _SparseMatrix
    sys.modules.update(stubs)
    try:
        return importlib.import_module("treelite")
    finally:
        for name in stubs:
            del sys.modules[name]
