"""Which layers an image is made of, bottom up, and which of them change when."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from packager.digest import Files, hash_files
from packager.image.base.saved import BaseImage
from packager.image.bytecode import Compiler
from packager.image.config import TRAINING
from packager.image.layers import Entry, Layer, cached_layer, file_mode, plain_layer, tree_entries
from packager.image.runtime import (
    INSTALLED_AT,
    VENV,
    commands,
    runtime_digest,
    serving_runtime,
    training_runtime,
)
from packager.image.unchanged import read_unchanged
from packager.image.wheels import venv_entries, wheel_layers
from packager.manifest.manifest import Lock
from packager.progress import Progress


class SourceFiles(Protocol):
    """What a project brings into its layers."""

    @property
    def code(self) -> Files:
        """Below ``/code``."""

    @property
    def data(self) -> Files:
        """Below ``/data``."""


@dataclass(frozen=True)
class Stack:
    """The layers below the model, and what goes on top of them to train and replay."""

    below: tuple[Layer, ...]
    """Base, environment, serving dependencies, the runtime that serves, code."""
    worker: tuple[Layer, ...]
    """What only training and replay need: their runtime and dependencies."""
    data: tuple[Layer, ...]
    """The data, if there is any."""
    runtime: str
    """Tree digest of the runtime that serves."""


def make_stack(
    base: BaseImage | None,
    lock: Lock,
    files: SourceFiles,
    folder: Path,
    progress: Progress,
    *,
    fresh: bool = False,
) -> Stack:
    """Make what is not in the cache; layers of this build alone are written below ``folder``.

    Raises ``PackageError`` for a file that has changed since it was hashed.
    """
    compiler = base.compiler() if base else None
    interpreter = base.saved.interpreter if base else f"/usr/bin/python{lock.python}"
    environment = cached_layer(
        "venv",
        ["venv", lock.python, interpreter],
        lambda: venv_entries(lock.python, interpreter),
        fresh=fresh,
    )
    groups = {
        group: wheel_layers(
            [wheel for wheel in lock.wheels if wheel.group == group],
            name,
            lock.python,
            compiler,
            fresh=fresh,
        )
        for group, name in (("serve", "wheels"), ("worker", "worker wheels"))
    }
    below = [
        *(base.layers if base else ()),
        environment,
        *groups["serve"],
        runtime_layer(compiler, fresh=fresh),
        _modules("code", files.code, "code", compiler, fresh),
    ]
    worker = [training_layer(compiler, fresh=fresh), *groups["worker"]]
    data_layers = []
    if files.data:
        data_layers.append(plain_layer("data", folder / "data.tar", entries(files.data, "data")))
    for layer in (*below, *worker, *data_layers):
        progress.item(layer.name, layer.source, layer.size, layer.seconds)
    return Stack(tuple(below), tuple(worker), tuple(data_layers), own_runtime())


def runtime_layer(compiler: Compiler | None, *, fresh: bool = False) -> Layer:
    """This installation's runtime that serves, with bytecode where there is a compiler."""
    programs = commands(f"/{VENV}/bin/python")
    files = hash_files(serving_runtime())
    return _modules("runtime", files, INSTALLED_AT, compiler, fresh, programs)


def training_layer(compiler: Compiler | None, *, fresh: bool = False) -> Layer:
    """This installation's runtime that trains, in the same folder as the one that serves."""
    return _modules(TRAINING, hash_files(training_runtime()), INSTALLED_AT, compiler, fresh)


def own_runtime() -> str:
    """Tree digest of this installation's runtime that serves, as a manifest records it."""
    return runtime_digest(serving_runtime(), commands(f"/{VENV}/bin/python"))


def own_training_runtime() -> str:
    """Tree digest of this installation's runtime that trains, as a companion's label has it."""
    return runtime_digest(training_runtime())


def entries(files: Files, prefix: str) -> list[Entry]:
    """Files as entries below ``prefix``, links followed."""
    top = [Entry(prefix)]
    return top + [
        Entry(f"{prefix}/{name}", source=file, mode=file_mode(file)) for name, file in files.items()
    ]


def _modules(
    name: str,
    files: Files,
    prefix: str,
    compiler: Compiler | None,
    fresh: bool,
    programs: Mapping[str, bytes] = {},
) -> Layer:
    """A layer of Python modules and whatever lies beside them, with their bytecode.

    ``programs``, by name, go into its ``bin``.
    """
    known = [[inside, file.sha256, file_mode(file)] for inside, file in files.items()]
    texts = {name: content.decode() for name, content in programs.items()}
    key = [name, prefix, compiler.identity if compiler else None, known, texts]
    with tempfile.TemporaryDirectory() as temporary:

        def make() -> list[Entry]:
            made = entries(files, prefix)
            made += [
                Entry(f"{prefix}/bin/{n}", content, mode=0o755) for n, content in programs.items()
            ]
            if compiler is not None:
                made += _bytecode(files, Path(temporary) / prefix, prefix, compiler)
            return made

        return cached_layer(name, key, make, fresh=fresh)


def _bytecode(files: Files, folder: Path, prefix: str, compiler: Compiler) -> list[Entry]:
    """The compiled form of every module among ``files``."""
    for inside, file in files.items():
        if inside.endswith(".py"):
            (folder / inside).parent.mkdir(parents=True, exist_ok=True)
            (folder / inside).write_bytes(read_unchanged(file))
    folder.mkdir(parents=True, exist_ok=True)
    compiler.compile(folder, f"/{prefix}")
    return [entry for entry in tree_entries(folder, prefix) if entry.name.endswith(".pyc")]
