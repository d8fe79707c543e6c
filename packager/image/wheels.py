"""Makes layers of locked wheels: each wheel in a folder of its own below ``/opt/wheels``.

A folder is named by the sha256 of its wheel, and laid out as a virtual environment: modules in its
``site-packages``, programs in ``bin``, data at the top. So it depends on no environment, and all
environments that hold the wheel share it. Wheels that work only together share one folder
(``shared_folders``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Self

from packager.digest import canonical_json, sha256_bytes
from packager.environment.wheels import wheel_path
from packager.image.bytecode import CompileModules, Compiler, compiled_entries
from packager.image.layer_cache import cached_layer, cached_tar
from packager.image.layer_contents import (
    LayerContents,
    contents,
    is_shared_object,
    joined_contents,
)
from packager.image.layers import Entry, Layer, WrittenTar
from packager.image.merged_layers import write_merged
from packager.image.runtime import VENV, WHEELS
from packager.image.shared_folders import WheelFiles, joined
from packager.image.unpacking import unpacked
from packager.manifest.manifest import Wheel

FILES_VERSION = 4
"""Of the choice among a wheel's files; part of the keys of cached layers."""
MIN_OWN_LAYER_BYTES = 10_000_000
WAITING_THREADS = 2
"""Threads beyond one per processor, because a thread waits while its wheel is compiled."""
DIGITS = 16
"""Hex digits of a sha256 in the name of a folder."""
SCRIPT_PYTHON = f"/{VENV}/bin/python"
"""Interpreter in the first line of scripts; an environment has copies with its own."""


def site_packages(home: str, python: str) -> str:
    """The folder of modules of an environment or of a wheel's folder, without a leading slash."""
    return f"{home}/lib/python{python}/site-packages"


@dataclass(frozen=True)
class WheelFolder:
    """A folder below ``/opt/wheels`` with the files of ``wheels``, most often of one."""

    wheels: tuple[Wheel, ...]
    layers: tuple[Layer, ...]
    """One per wheel; empty if they are not known."""
    names: tuple[str, ...]
    """Its files and links, except bytecode, by path below it, sorted."""

    @property
    def path(self) -> str:
        """Posix path in the image, without a leading slash."""
        return folder_path(self.wheels)


def folder_path(wheels: Sequence[Wheel]) -> str:
    """The folder of these wheels, named by their sha256."""
    digests = [wheel.sha256 for wheel in wheels]
    digest = digests[0] if len(digests) == 1 else sha256_bytes(canonical_json(digests))
    return f"{WHEELS}/{digest[:DIGITS]}"


WheelResult = tuple[WheelFolder, LayerContents]


class WheelUnpacker:
    """Unpacks and compiles wheels for one Python; every wheel once, on several threads, cached."""

    def __init__(self, python: str, compiler: Compiler | None, fresh: bool = False) -> None:
        self.python = python
        self._compiler, self._fresh = compiler, fresh
        self._pool = ThreadPoolExecutor((os.cpu_count() or 1) + WAITING_THREADS)
        self._unpacking: dict[str, Future[WheelResult]] = {}
        """sha256 of a wheel → what is found for it."""
        self._starting, self._opened = Lock(), ExitStack()
        self._compile: CompileModules | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._opened.close()

    def start(self, wheels: Sequence[Wheel]) -> None:
        """Begin to unpack ``wheels``, each into a folder of its own.

        Wheels that were started earlier are unpacked earlier. Started with those of all
        environments, it keeps every processor busy to the end.
        """
        new = [wheel for wheel in wheels if wheel.sha256 not in self._unpacking]
        # The largest first, so that no thread is left with one at the end.
        for wheel in sorted(new, key=_packed_size, reverse=True):
            self._unpacking[wheel.sha256] = self._pool.submit(self._unpacked, wheel)

    def folders(self, wheels: Sequence[Wheel]) -> list[WheelFolder]:
        """The folders of an environment of ``wheels``, in their order."""
        self.start(wheels)
        alone = [self._unpacking[wheel.sha256].result() for wheel in wheels]
        sets = joined([self._files(unpacked_wheel) for unpacked_wheel in alone])
        return [self._together([alone[n] for n in one]) for one in sets]

    def _unpacked(self, wheel: Wheel) -> WheelResult:
        folder = folder_path([wheel])
        layer = self._layer(wheel, folder)
        layer_contents = contents(layer)
        names = (name.removeprefix(f"{folder}/") for name in layer_contents.names)
        return WheelFolder((wheel,), (layer,), tuple(names)), layer_contents

    def _together(self, alone: Sequence[WheelResult]) -> WheelFolder:
        if len(alone) == 1:
            return alone[0][0]
        wheels = tuple(folder.wheels[0] for folder, _ in alone)
        path = folder_path(wheels)
        layers = tuple(self._layer(wheel, path) for wheel in wheels)
        return WheelFolder(wheels, layers, tuple(sorted({n for f, _ in alone for n in f.names})))

    def _files(self, unpacked_wheel: WheelResult) -> WheelFiles:
        folder, elf = unpacked_wheel
        top = f"{folder.path}/"
        site = site_packages("", self.python).lstrip("/") + "/"
        return WheelFiles(
            modules=tuple(n.removeprefix(site) for n in folder.names if n.startswith(site)),
            libraries=tuple(filter(is_shared_object, folder.names)),
            searched=tuple((one.file.removeprefix(top), one.search) for one in elf.loads),
        )

    def _bytecode(self, files: Sequence[Entry], site: str) -> list[Entry]:
        if self._compiler is None:
            return []
        with self._starting:
            if self._compile is None:
                self._compile = self._opened.enter_context(self._compiler.opened())
        return compiled_entries(self._compile, files, site)

    def _layer(self, wheel: Wheel, folder: str) -> Layer:
        """The layer of ``wheel`` unpacked into ``folder``."""
        compiler, site = self._compiler, site_packages(folder, self.python)
        identity = compiler.identity if compiler else None
        key = [*("wheel", FILES_VERSION, wheel.sha256), folder, self.python, identity]
        with ExitStack() as opened:

            def make() -> list[Entry]:
                wheel_files = unpacked(wheel_path(wheel), folder, site, SCRIPT_PYTHON)
                layer_entries = opened.enter_context(wheel_files)
                return layer_entries + self._bytecode(layer_entries, site)

            return cached_layer(f"{wheel.name} {wheel.version}", key, make, fresh=self._fresh)


def _packed_size(wheel: Wheel) -> int:
    """Bytes of the wheel's file; 0 if the wheelhouse lacks it."""
    path = wheel_path(wheel)
    return path.stat().st_size if path.is_file() else 0


def grouped(folders: Iterable[WheelFolder], name: str, *, fresh: bool = False) -> list[Layer]:
    """One layer per big wheel and one layer, called ``name``, of all small wheels."""
    layers = [layer for folder in folders for layer in folder.layers]
    small = [layer for layer in layers if layer.size < MIN_OWN_LAYER_BYTES]
    big = [layer for layer in layers if layer.size >= MIN_OWN_LAYER_BYTES]
    if not small:
        return big
    key = ["wheels", *(layer.diff_id for layer in small)]
    together = cached_tar(name, key, lambda file: _merged(file, small), fresh=fresh)
    joined_contents(together, small)
    return [*big, together]


def _merged(file: Path, layers: Sequence[Layer]) -> WrittenTar:
    """``write_merged``, after layers of the cache were compared with their digests."""
    for layer in layers:
        if layer.source == "cached":
            for _ in layer.read():
                pass
    return write_merged(file, layers)
