"""Start of a process of the model host by the harness: the only module that knows the command.

The process has the interpreter of the model's environment and the variables of the worker, so its
hash seed. Its numerical libraries are pinned to the same instruction set, by the features that its
own NumPy knows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import cast

from modelhost.confinement import VARIABLE, Confinement
from modelhost.cpu_features import NumpyFeatures
from packager.manifest.base import Isa
from packager.model.host_process import ForkServer, HostCommand
from packager.model.model_environment import (
    host_folder,
    installed_folders,
    model_python,
    model_variables,
)
from packager.model.paths import Root
from packager.worker.processes.cpu_kernels import set_kernels, unknown_features
from packager.worker.processes.environment import PINNED_ISA


def training_host(root: Root, models: Path, *, reverse: bool = False) -> HostCommand:
    """A process that runs the recipe and writes the model into the folder ``models`` only.

    It reads neither the model nor the manifest of a package below ``root``. ``reverse``: directory
    listings are reversed, to detect a recipe that depends on their order.
    """
    writable, readable = _real([models]), _real(installed_folders())
    confinement = Confinement("the recipe", str(root.path), writable, readable, True, reverse)
    return _command(root, confinement)


def model_host(root: Root, *readable: Path, forks: ForkServer | None = None) -> HostCommand:
    """A process that loads and calls models below ``root`` and in the folders ``readable``.

    ``forks``: a server of ``fork_server`` for them.
    """
    readable = (*readable, *installed_folders())
    confinement = Confinement("the model", str(root.path), (), _real(readable))
    return replace(_command(root, confinement), forks=forks)


def fork_server(root: Root, *readable: Path) -> ForkServer:
    """A server, not yet started, of processes that use no more than ``model_host`` of these."""
    return ForkServer(model_host(root, *readable))


def _real(folders: Sequence[Path]) -> tuple[str, ...]:
    return tuple(str(folder.resolve()) for folder in folders)


def _command(root: Root, confinement: Confinement) -> HostCommand:
    python = model_python()
    variables = {
        **model_variables(root, os.environ),
        VARIABLE: confinement.as_json(),
    }
    isa = cast(Isa, os.environ.get(PINNED_ISA, "native"))
    if python != sys.executable and isa != "native":
        # The NumPy of this process, whose kernels are pinned already, may know other features.
        set_kernels(variables, isa, _features(python))
    return HostCommand([python], variables, Path.cwd(), confinement.who)


@cache
def _features(python: str) -> NumpyFeatures:
    """The features by the NumPy of ``python``; raises ``PackageError`` if it names none."""
    done = subprocess.run(
        [python, "-m", "modelhost", "features"],
        env={**os.environ, "PYTHONPATH": str(host_folder())},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise unknown_features(
            "the project's numpy", (done.stderr.strip().splitlines() or ["nothing"])[-1]
        )
    return NumpyFeatures(**json.loads(done.stdout))
