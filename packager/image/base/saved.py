"""A base at hand: its record in the cache, its layers, and its Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from packager.digest import sha256_bytes
from packager.engine.engine import Engine
from packager.environment.platform import Target, default_platform
from packager.errors import PackageError
from packager.image.base.archive import base_image
from packager.image.base.probe import BASE_LABEL, HOST_VERSION, Origin, ProbeResult
from packager.image.bytecode import (
    COMPILE,
    Compiler,
    ContainerCompiler,
    HostCompiler,
    LoaderCompiler,
)
from packager.image.config import Image
from packager.image.export import load_into
from packager.image.layers import Layer
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Base
from packager.progress import Silent


class SavedBase(FrozenModel):
    """``base.json`` of a base in the cache; its layers and unpacked files lie beside it."""

    reference: str
    platform: str
    diff_ids: tuple[str, ...]
    sizes: tuple[int, ...]
    env: tuple[str, ...]
    interpreter: str
    """Absolute path of Python inside."""
    python: str
    glibc: tuple[int, int]
    version: str
    """``3.11.2``"""
    said: str
    """What ``PROBE`` printed."""
    origin: Origin
    """``debian``: made on this machine from Debian's signed packages. Programs of any other base
    run in containers only."""
    packages: tuple[str, ...] = ()
    """Debian packages as the base itself records them: ``name=version``, sorted."""

    @property
    def identity(self) -> str:
        """sha256 of what the interpreter says of itself and of how we use it, for cache keys."""
        return sha256_bytes((self.said + COMPILE).encode())


@dataclass(frozen=True)
class BaseImage:
    """A base at hand."""

    saved: SavedBase
    folder: Path
    engine: Engine | None

    @property
    def locked(self) -> Base:
        """How the lock pins it: by content, never by date."""
        saved = self.saved
        return Base(
            reference=saved.reference,
            diff_ids=saved.diff_ids,
            env=saved.env,
            packages=saved.packages,
        )

    @property
    def target(self) -> Target:
        """What wheels have to fit."""
        return Target(self.saved.python, self.saved.platform, self.saved.glibc)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Its layers, bottom up."""
        return tuple(
            Layer("base", self.folder / "layers" / f"{diff_id[7:]}.tar", diff_id, size)
            for diff_id, size in zip(self.saved.diff_ids, self.saved.sizes, strict=True)
        )

    @property
    def image(self) -> Image:
        """The base as an image of its own, to be kept or carried elsewhere."""
        saved = self.saved
        told = ProbeResult(interpreter=saved.interpreter, said=saved.said).dump().decode()
        return base_image(
            saved.reference, saved.platform, saved.env, self.layers, {BASE_LABEL: told}
        )

    def compiler(self) -> Compiler:
        """What makes its bytecode: its own interpreter, or one of the same version here.

        Raises ``PackageError`` where a base from elsewhere would need an engine.
        """
        saved = self.saved
        if saved.origin == "debian":
            return LoaderCompiler(self.folder / "root", saved.interpreter, saved.identity)
        if self.engine is not None:
            return ContainerCompiler(self._transform, saved.identity)
        if saved.version == HOST_VERSION and saved.platform == default_platform():
            return HostCompiler(saved.identity)
        raise PackageError(
            f"base {saved.reference}: programs of a base from elsewhere run in containers only, "
            f"and this Python is {HOST_VERSION}, not {saved.version}",
            f"start Docker, run `package` under Python {saved.version}, or take a base that "
            "`package base` makes here",
        )

    def _transform(self, command: Sequence[str], files: IO[bytes]) -> bytes:
        """Run ``command`` over a tar in a container of this base; its ``/tree`` as a tar."""
        assert self.engine is not None
        if self.engine.describe(self.saved.reference) is None:
            load_into(self.engine, self.image, Silent())
        return self.engine.transform(self.saved.reference, command, files, "/tree")
