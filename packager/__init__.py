"""Build, run and check self-contained images of models; ``package`` is the command.

>>> import packager
>>> package = packager.load("models/churn:1.0.0-3f9c12ab45de")  # doctest: +SKIP
>>> package.predict(frame)  # doctest: +SKIP
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_HOMES = {
    "AsyncClient": "packager.client.async_client",
    "BuildOptions": "packager.build.context",
    "Client": "packager.client.client",
    "ModelPackage": "packager.api.model_package",
    "PackageError": "packager.errors",
    "PreparedProject": "packager.api.prepared_project",
    "UsageError": "packager.errors",
    "load": "packager.api.model_package",
    "pack": "packager.api.pack",
    "prepare": "packager.api.pack",
}
"""Public name → its module, which is imported at the first use; ``__init__.pyi`` has the types."""
__all__ = [
    "AsyncClient",
    "BuildOptions",
    "Client",
    "ModelPackage",
    "PackageError",
    "PreparedProject",
    "UsageError",
    "load",
    "pack",
    "prepare",
]


_SIBLINGS = ("modelhost", "monitoring")
"""Packages of this program that its Python interface imports."""


def _check_siblings() -> None:
    """Raise ``ImportError`` if a module of a script or notebook hides a package of ours."""
    own = Path(__file__).resolve().parents[1]
    for name in _SIBLINGS:
        module = sys.modules.get(name)
        spec = find_spec(name) if module is None else module.__spec__
        origin = Path((spec.origin if spec else None) or name).resolve()
        if origin.parent != own / name:
            raise ImportError(
                f"module `{name}` of {origin.parent} hides that of model-packager: rename it, or"
                " use the command `package`, which imports no module of a project"
            )


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'packager' has no attribute {name!r}")
    _check_siblings()
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
