"""The processor features that NumPy detected: it has no public API for them."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any, NamedTuple


class NumpyFeatures(NamedTuple):
    """Features of the processor by NumPy's names."""

    detected: dict[str, bool]
    """Whether the processor has a feature that NumPy knows."""
    dispatched: list[str]
    """The features that this build of NumPy has kernels of its own for."""


def numpy_features() -> NumpyFeatures:
    """The features of this process's NumPy; raises ``ImportError`` if a version has moved them."""
    core: Any = _core()
    try:
        return NumpyFeatures(dict(core.__cpu_features__), list(core.__cpu_dispatch__))
    except AttributeError as error:
        raise ImportError(str(error)) from error


def _core() -> ModuleType:
    try:
        return importlib.import_module("numpy._core._multiarray_umath")
    except ModuleNotFoundError:  # before NumPy 2
        return importlib.import_module("numpy.core._multiarray_umath")
