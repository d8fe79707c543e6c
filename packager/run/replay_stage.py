"""The layers of a replay: the package's, with the runtime of this installation."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.config import MEMBERS_DATA, TRAINING
from packager.image.layer_entries import copy_members
from packager.image.layers import Entry, Layer, plain_layer
from packager.image.stack import runtime_layer, training_layer
from packager.image.trees import below, tree_of
from packager.manifest.manifest import Manifest
from packager.progress import Progress
from packager.runners.package import layers_worker
from packager.runners.runner import Worker
from packager.trust.examine import Examination

NO_BYTECODE = {"PYTHONPYCACHEPREFIX": "/nowhere"}
"""Makes Python ignore the bytecode next to the modules."""
RECORDED = ("model", "package")


@dataclass(frozen=True)
class ReplayStage:
    """Starts the workers of a replay."""

    examined: Examination
    engine: Engine | None
    layers: tuple[Layer, ...]
    """Bottom up, without the recorded model and the files of ``/package``."""
    progress: Progress

    @contextmanager
    def worker(self, *, recorded: bool = False, more: Sequence[Layer] = ()) -> Iterator[Worker]:
        """A new worker; ``recorded``: with the recorded model and ``/package``."""
        lock = self.examined.lock
        base = None if lock.base == "none" else lock.base
        layers = [*self.layers, *more]
        if recorded:
            own = self.examined.contents.layers
            layers += [layer for layer in own if layer.name in RECORDED]
        variables = {} if self.examined.bytecode else NO_BYTECODE
        with layers_worker(layers, base, lock.platform, self.engine, variables) as worker:
            yield worker


def own_layers(examined: Examination, folder: Path) -> tuple[Layer, ...]:
    """The package's layers with the runtime of this installation instead of its own.

    The bytecode of the code is omitted, because the manifest does not list it.
    """
    compiler = examined.base.compiler() if examined.base else None
    own = [runtime_layer(compiler), training_layer(compiler)]
    layers: list[Layer] = [*examined.below]
    for layer in examined.contents.layers:
        if layer.name == "code":
            sources = [e for e in copy_members([layer]) if not e.name.endswith(".pyc")]
            layers += [*own, plain_layer("code", folder / "code.tar", sources)]
        elif layer.name not in (*RECORDED, "runtime", TRAINING, MEMBERS_DATA):
            layers.append(layer)
    return tuple(layers)


def regular_entries(folder: Path, prefix: str) -> list[Entry]:
    """Layer entries for the model and the result of a training in ``folder``.

    Raises ``PackageError`` for links and other special files.
    """
    entries = []
    for name, folders, names in os.walk(folder):
        for inner in (*folders, *names):
            path = Path(name) / inner
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise PackageError(
                    f"the recipe left {path.relative_to(folder)}, which is not a regular file",
                    "have it write files and folders only",
                )
            inside = path.relative_to(folder).as_posix()
            if path.is_file() and (inside == "result.json" or inside.startswith("model/")):
                entries.append(Entry(f"{prefix}/{inside}", source=path))
    return entries


def same_model(trained: Layer, manifest: Manifest) -> bool:
    """Whether the model in ``trained`` equals the recorded one byte for byte; loads neither."""
    digests: Mapping[str, str] = {
        name: str(file) for name, file in below(tree_of(trained), "retrained/model").items()
    }
    return digests == {entry.path: entry.sha256 for entry in manifest.model}
