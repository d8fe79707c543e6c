"""Run a package without a container: unpack its layers for this machine's Python."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packager.environment.platform import host_target
from packager.errors import PackageError
from packager.image.config import ENVIRONMENT, TRAINING
from packager.image.layers import Layer
from packager.image.runtime import HARNESS, HOST, INSTALLED_AT, VENV
from packager.runners.unpacked import UnpackedEnvironments, unpacked_environments, unpacked_runtime
from packager.tar_reader import unpack_plain

RUNTIMES = ("runtime", TRAINING)
OWN = ("code", "model", "package", "data", "new", "retrained")
"""Layers that belong to one package; others but base and runtimes have shared dependencies."""


@dataclass(frozen=True)
class UnpackedPackage:
    """A package unpacked at ``path``, with its dependencies."""

    path: Path
    environments: UnpackedEnvironments
    runtimes: Path
    """A folder of the cache with the runtimes, at their path in an image."""

    @property
    def python(self) -> Path:
        """The interpreter of what serves."""
        return self.environments.python(VENV)

    @property
    def worker_python(self) -> Path:
        """The interpreter of what trains, checks and replays; absent without a companion."""
        return self.environments.python(HARNESS)

    def readable(self) -> list[Path]:
        """Paths that a worker may read: the package's files and its dependencies."""
        own = [target for target in self.path.iterdir() if target.name != "tmp"]
        return [*own, self.runtimes, *self.environments.folders]

    def writable(self) -> list[Path]:
        """Paths that a worker may write: its copy of the code, its inputs, and temporary files."""
        return [self.path / name for name in ("code", "work", "tmp")]

    def variables(self) -> dict[str, str]:
        """The image's variables, adapted to ``path``; none are inherited from this process."""
        runtime = self.runtimes / INSTALLED_AT
        scratch = self.path / "tmp"
        scratch.mkdir(exist_ok=True)
        return {
            **ENVIRONMENT,
            "PATH": f"{self.python.parent}:{os.defpath}",
            "MODEL_ROOT": str(self.path),
            "PYTHONPATH": f"{runtime}:{runtime / HOST}",
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "BENTOML_HOME": str(scratch / "bentoml"),
        }


def check_host(python: str, platform: str) -> None:
    """Raise ``PackageError`` if the lock is for another Python, system or processor."""
    target = host_target()
    got = f"Python {target.python} on {target.platform}" if target else sys.platform
    if target is None or (target.python, target.platform) != (python, platform):
        raise PackageError(
            f"without a container: expected Python {python} on {platform}, got {got}",
            "start Docker, or run `package` under that Python",
        )


@contextmanager
def unpacked_package(layers: Sequence[Layer]) -> Iterator[UnpackedPackage]:
    """Unpack ``layers`` within the block; dependencies and runtimes stay in the cache.

    Raise ``PackageError`` for an image that this program did not make.
    """
    names = [layer.name for layer in layers]
    if not {"runtime", "code"} <= set(names):
        raise PackageError(
            "without a container: expected layers of this program, got those of another Dockerfile",
            "run it without --local, or copy /opt/wheels, /opt/venv, /opt/model, /opt/runtime and "
            "/code one by one",
        )
    shared = [layer for layer in layers if layer.name not in (*OWN, *RUNTIMES, "base")]
    environments = unpacked_environments(shared)
    runtimes = unpacked_runtime([layer for layer in layers if layer.name in RUNTIMES])
    # A process of the package that ends late may write a file while the folder is removed.
    with tempfile.TemporaryDirectory(prefix="package-", ignore_cleanup_errors=True) as name:
        root = Path(name).resolve()
        for layer in layers:
            if layer.name in OWN:
                _unpack(layer, root)
        (root / "code").mkdir(exist_ok=True)
        yield UnpackedPackage(root, environments, runtimes)


def _unpack(layer: Layer, folder: Path) -> None:
    with layer.members() as members:
        unpack_plain(members, folder, inside=True)
