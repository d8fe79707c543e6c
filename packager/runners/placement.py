"""Decide where a package runs: in a container, unless the user gives ``--local``.

The contents of a package don't affect this. A package that no container can run is an error.
"""

from __future__ import annotations

from collections.abc import Sequence

from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.reference import Reference
from packager.progress import Progress

WARNING = (
    "--local: the package's code and model run on this machine with your permissions, without a "
    "container; the kernel restricts what trains and predicts, but not a server: only for packages "
    "that you trust"
)
TRUSTED = (
    "if you trust the package, add --local: its code then runs on this machine with your "
    "permissions"
)


def runs_on(
    packages: Sequence[Reference], engine: Engine | None, progress: Progress, *, local: bool
) -> Engine | None:
    """The engine to run ``packages`` on; None with ``local``, after a warning.

    Raises ``PackageError`` if no engine responds or a package has no base.
    """
    if local:
        progress.warn(WARNING)
        return None
    for reference in packages:
        _check(reference, engine)
    return engine


def _check(reference: Reference, engine: Engine | None) -> None:
    if engine is None:
        raise PackageError(
            f"{reference.name}: no engine responds to run the package in a container",
            f"start Docker; or, {TRUSTED}",
        )
    if reference.lock().base == "none":
        raise PackageError(
            f"{reference.name}: has no base (base: none), so no container can run it",
            "build it again on a base (`package base` makes one, `package build --base NAME` uses "
            f"it); or, {TRUSTED}",
        )
