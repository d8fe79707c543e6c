"""Build, run and check self-contained images of models; ``package`` is the command.

>>> import packager
>>> package = packager.load("models/churn:1.0.0-3f9c12ab45de")  # doctest: +SKIP
>>> package.predict(frame)  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'packager' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
