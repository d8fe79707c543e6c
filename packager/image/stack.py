"""Makes the layers of an image, bottom up, ordered by how often they change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from packager.digest import Files, hash_files
from packager.image.base.saved import BaseImage
from packager.image.bytecode import Compiler, compiled_entries
from packager.image.config import TRAINING
from packager.image.environments import environment_layer
from packager.image.layer_cache import cached_layer
from packager.image.layers import Entry, Layer, file_mode, plain_layer
from packager.image.runtime import (
    HARNESS,
    INSTALLED_AT,
    MEMBERS,
    MODEL,
    VENV,
    commands,
    runtime_digest,
    serving_runtime,
    training_runtime,
)
from packager.image.unchanged import read_unchanged
from packager.image.wheels import WheelUnpacker, grouped
from packager.manifest.manifest import Group, Lock, Wheel
from packager.progress import Progress

MEMBER = "member "
"""Prefix of the names of layers of a solution's members."""
CODE = "code"
"""The folder of the project's files; tracebacks underline what failed in them."""
WORKER: tuple[Group, ...] = ("harness", "parquet")
OnLowest = Callable[[Sequence[Layer]], None]


class SourceFiles(Protocol):
    """Files of a project that go into its layers."""

    @property
    def code(self) -> Files:
        """Files below ``/code``."""

    @property
    def data(self) -> Files:
        """Files below ``/data``."""


@dataclass(frozen=True)
class Stack:
    """The layers below the server's environment, and those on top that train and replay.

    The server's environment depends on the result of the training (``server_environment``).
    """

    below: tuple[Layer, ...]
    """Base, wheels of server and model, the model's environment, serving runtime, code."""
    trees: tuple[Layer, ...]
    """Needed by the server for compiled trees only, and always by the worker."""
    worker: tuple[Layer, ...]
    """Runtime and dependencies that only training and replay need."""
    data: tuple[Layer, ...]
    """The data layer; empty if the project has no data."""
    runtime: str
    """Tree digest of the serving runtime."""


@dataclass(frozen=True)
class LayerOptions:
    """Options of assembling layers."""

    fresh: bool = False
    """Whether layers of the cache are made again."""
    on_lowest: OnLowest = lambda _: None
    """Called with the lowest layers while the ones above are still made."""


def make_stack(
    base: BaseImage | None,
    lock: Lock,
    files: SourceFiles,
    folder: Path,
    progress: Progress,
    options: LayerOptions = LayerOptions(),
) -> Stack:
    """Build the layers that are not in the cache; the uncached data layer goes to ``folder``.

    Raises ``PackageError`` for a file that has changed since it was hashed.
    """
    fresh, on_lowest = options.fresh, options.on_lowest
    compiler = base.compiler() if base else None
    bottom = base.layers if base else ()

    def made(layers: Sequence[Layer]) -> None:
        on_lowest([*bottom, *layers])

    with ThreadPoolExecutor(1) as pool:
        own = pool.submit(_own_layers, files, compiler, fresh=fresh)
        environments = _environments(base, lock, compiler, made, fresh=fresh)
        runtime, code, training = own.result()
    below = [*bottom, *environments.below, runtime, code]
    worker = [training, *environments.worker]
    data_layers = []
    if files.data:
        data_layers.append(plain_layer("data", folder / "data.tar", entries(files.data, "data")))
    for layer in (*below, *environments.trees, *worker, *data_layers):
        progress.item(layer.name, layer.source, layer.size, layer.seconds)
    return Stack(
        tuple(below), tuple(environments.trees), tuple(worker), tuple(data_layers), own_runtime()
    )


def _own_layers(
    files: SourceFiles, compiler: Compiler | None, *, fresh: bool
) -> tuple[Layer, Layer, Layer]:
    """The layers of the serving runtime, of the project's code and of the training runtime."""
    return (
        runtime_layer(compiler, fresh=fresh),
        modules_layer("code", files.code, CODE, compiler, fresh),
        training_layer(compiler, fresh=fresh),
    )


@dataclass(frozen=True)
class _Environments:
    """The layers of wheels and environments, as the fields of ``Stack`` have them."""

    below: list[Layer]
    trees: list[Layer]
    worker: list[Layer]


def _environments(
    base: BaseImage | None,
    lock: Lock,
    compiler: Compiler | None,
    on_lowest: OnLowest,
    *,
    fresh: bool,
) -> _Environments:
    """Unpack all wheels; ``on_lowest`` is called when those of an environment are layers."""
    with WheelUnpacker(lock.python, compiler, fresh) as unpacker:
        for groups in (("server",), ("grpc",), ("model",), ("members",), ("trees",), WORKER):
            unpacker.start(lock.wheels_of(*groups))
        return _stacked(unpacker, _interpreter(base, lock), lock, on_lowest, fresh=fresh)


def _stacked(
    unpacker: WheelUnpacker, interpreter: str, lock: Lock, on_lowest: OnLowest, *, fresh: bool
) -> _Environments:
    """A folder of wheels is in the first of the layers that need it."""
    held = set[str]()

    def wheels(name: str, *groups: Group) -> list[Layer]:
        return layers_of(name, lock.wheels_of(*groups))

    def layers_of(name: str, needed: Sequence[Wheel]) -> list[Layer]:
        folders = unpacker.folders(needed)
        added = [folder for folder in folders if folder.path not in held]
        held.update(folder.path for folder in added)
        return grouped(added, f"{name} wheels", fresh=fresh)

    def environment(name: str, home: str, *groups: Group) -> Layer:
        folders = unpacker.folders(lock.wheels_of(*groups))
        title = f"{name} environment"
        return environment_layer(title, home, lock.python, interpreter, folders, fresh=fresh)

    def member_layers(name: str) -> list[Layer]:
        needed = lock.wheels_of_member(name)
        home = f"{MEMBERS}/{name}"
        environment = environment_layer(
            f"{MEMBER}{name} environment",
            home,
            lock.python,
            interpreter,
            unpacker.folders(needed),
            fresh=fresh,
        )
        return [*layers_of(f"{MEMBER}{name}", needed), environment]

    below = [*wheels("server", "server"), *wheels("gRPC", "grpc")]
    on_lowest(below)
    below += wheels("model", "model")
    on_lowest(below)
    below.append(environment("model", MODEL, "model"))
    for member in lock.members:
        below += member_layers(member)
    return _Environments(
        below,
        wheels("tree", "trees"),
        [*wheels("worker", *WORKER), environment("worker", HARNESS, *WORKER)],
    )


def server_environment(base: BaseImage | None, lock: Lock, *, fresh: bool = False) -> Layer:
    """The layer of the server's environment, with what ``lock`` has for gRPC and for trees."""
    with WheelUnpacker(lock.python, base.compiler() if base else None, fresh) as unpacker:
        folders = unpacker.folders(lock.wheels_of("server", "grpc", "trees"))
    interpreter = _interpreter(base, lock)
    return environment_layer(
        "server environment", VENV, lock.python, interpreter, folders, fresh=fresh
    )


def _interpreter(base: BaseImage | None, lock: Lock) -> str:
    return base.saved.interpreter if base else f"/usr/bin/python{lock.python}"


def runtime_layer(compiler: Compiler | None, *, fresh: bool = False) -> Layer:
    """The layer of this installation's serving runtime, with bytecode if ``compiler`` is given."""
    programs = commands(f"/{VENV}/bin/python")
    files = hash_files(serving_runtime())
    return modules_layer("runtime", files, INSTALLED_AT, compiler, fresh, programs)


def training_layer(compiler: Compiler | None, *, fresh: bool = False) -> Layer:
    """The layer of this installation's training runtime, in the serving runtime's folder."""
    return modules_layer(TRAINING, hash_files(training_runtime()), INSTALLED_AT, compiler, fresh)


def own_runtime() -> str:
    """Tree digest of this installation's serving runtime, as a manifest records it."""
    return runtime_digest(serving_runtime(), commands(f"/{VENV}/bin/python"))


def own_training_runtime() -> str:
    """Tree digest of this installation's training runtime, as a companion's label records it."""
    return runtime_digest(training_runtime())


def entries(files: Files, prefix: str) -> list[Entry]:
    """Files as tar entries below ``prefix``, links followed."""
    top = [Entry(prefix)]
    return top + [
        Entry(f"{prefix}/{name}", source=file, mode=file_mode(file)) for name, file in files.items()
    ]


def modules_layer(
    name: str,
    files: Files,
    prefix: str,
    compiler: Compiler | None,
    fresh: bool,
    programs: Mapping[str, bytes] = {},
) -> Layer:
    """A layer of ``files`` below ``prefix``, with the bytecode of their modules.

    ``programs`` maps file names in its ``bin`` folder to their content.
    """
    known = [[inside, file.sha256, file_mode(file)] for inside, file in files.items()]
    texts = {name: content.decode() for name, content in programs.items()}
    key = [name, prefix, compiler.identity if compiler else None, known, texts]

    def make() -> list[Entry]:
        layer_entries = entries(files, prefix)
        layer_entries += [
            Entry(f"{prefix}/bin/{n}", content, mode=0o755) for n, content in programs.items()
        ]
        if compiler is not None:
            layer_entries += _bytecode(files, prefix, compiler)
        return layer_entries

    return cached_layer(name, key, make, fresh=fresh)


def _bytecode(files: Files, prefix: str, compiler: Compiler) -> list[Entry]:
    """The compiled form of every module among ``files``."""
    modules = [
        Entry(f"{prefix}/{inside}", read_unchanged(file))
        for inside, file in files.items()
        if inside.endswith(".py")
    ]
    with compiler.opened(columns=prefix == CODE) as compile_modules:
        return compiled_entries(compile_modules, modules, prefix)
