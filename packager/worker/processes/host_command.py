"""How the harness starts a process of the model host: the only place that knows.

The process has the interpreter and the variables of the worker, so its pinned numerical libraries
and its hash seed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from modelhost.confinement import VARIABLE, Confinement
from packager.model.hosted import HostCommand
from packager.model.paths import Root


def training_host(root: Root, models: Path, *, reverse: bool = False) -> HostCommand:
    """A process that runs the recipe and writes the model into the folder ``models`` only.

    It reads neither the model nor the manifest of a package below ``root``. ``reverse``: directory
    listings are reversed, to detect a recipe that depends on their order.
    """
    return _command(Confinement("the recipe", str(root.path), _real([models]), (), True, reverse))


def model_host(root: Root, *readable: Path) -> HostCommand:
    """A process that loads and calls models below ``root`` and in the folders ``readable``."""
    return _command(Confinement("the model", str(root.path), (), _real(readable)))


def _real(folders: Sequence[Path]) -> tuple[str, ...]:
    return tuple(str(folder.resolve()) for folder in folders)


def _command(confinement: Confinement) -> HostCommand:
    path = os.pathsep.join(place for place in sys.path if place)
    environment = {**os.environ, "PYTHONPATH": path, VARIABLE: confinement.as_json()}
    return HostCommand([sys.executable], environment, Path.cwd(), confinement.who)
