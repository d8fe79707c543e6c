"""A base in the cache: its record, its layers and its Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from packager.digest import canonical_json, sha256_bytes
from packager.engine.engine import Engine
from packager.environment.platform import WheelTarget, default_platform
from packager.errors import PackageError
from packager.image.base.archive import base_image
from packager.image.base.probe import HOST_VERSION, Origin
from packager.image.bytecode import (
    IDENTITY,
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
from packager.progress import NullProgress
from packager.registry.reference import is_registry_reference


class SavedBase(FrozenModel):
    """``base.json`` of a base in the cache, stored next to its layers and unpacked files."""

    reference: str
    platform: str
    diff_ids: tuple[str, ...]
    sizes: tuple[int, ...]
    env: tuple[str, ...]
    interpreter: str
    """Absolute path of Python inside the base."""
    python: str
    glibc: tuple[int, int]
    version: str
    """``3.11.2``"""
    said: str
    """The output of ``PROBE``."""
    origin: Origin
    """``debian``: made on this machine from Debian's signed packages. Programs of a base of any
    other origin run in containers only."""
    packages: tuple[str, ...] = ()
    """Debian packages that the base records: ``name=version``, sorted."""
    digest: str | None = None
    """``sha256:…`` of its manifest in the registry that it was pulled from."""
    lacks_bytecode: bool = False
    """Whether nothing here could compile its standard library when it was saved."""

    @property
    def identity(self) -> str:
        """sha256 of the interpreter's probe output and our compile script, for cache keys."""
        return sha256_bytes((self.said + IDENTITY).encode())


@dataclass(frozen=True)
class BaseImage:
    """A base in the cache."""

    saved: SavedBase
    folder: Path
    engine: Engine | None
    native: Compiler | None = None
    """Of a base for another platform: an interpreter of this machine with the same version.

    Bytecode is equal on all processors (measured: decision 027)."""

    @property
    def runs_here(self) -> bool:
        """Whether this machine or its engine is of its platform; else nothing of it is run."""
        here, engine = self.saved.platform == default_platform(), self.engine
        return here or (engine is not None and engine.platform == self.saved.platform)

    @property
    def locked(self) -> Base:
        """The base as the lock pins it: by content, not by date."""
        saved = self.saved
        return Base(
            reference=saved.reference,
            diff_ids=saved.diff_ids,
            env=saved.env,
            packages=saved.packages,
        )

    @property
    def target(self) -> WheelTarget:
        """The target that wheels must be compatible with."""
        return WheelTarget(self.saved.python, self.saved.platform, self.saved.glibc)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Its layers, bottom up."""
        return tuple(
            Layer("base", self.folder / "layers" / f"{diff_id[7:]}.tar", diff_id, size)
            for diff_id, size in zip(self.saved.diff_ids, self.saved.sizes, strict=True)
        )

    @property
    def image(self) -> Image:
        """The base as an image, to save it or move it to another machine."""
        saved = self.saved
        return base_image(saved.reference, saved.platform, saved.env, self.layers)

    @property
    def compiles_here(self) -> bool:
        """Whether its bytecode can be made here; see ``compiler``."""
        return self._compiler() is not None

    def compiler(self) -> Compiler | None:
        """The bytecode compiler: the base's own interpreter, or this one if the versions match.

        None for a base for another platform if no interpreter of this machine has its version.
        Raises ``PackageError`` if a base of another origin needs a container and no engine is
        available.
        """
        compiler, saved = self._compiler(), self.saved
        if compiler is not None or not self.runs_here:
            return compiler
        raise PackageError(
            f"base {saved.reference}: programs of a base from elsewhere run in containers only, "
            f"and this Python is {HOST_VERSION}, not {saved.version}",
            f"start Docker, run `package` under Python {saved.version}, or use a base that "
            "`package base` makes here",
        )

    def _compiler(self) -> Compiler | None:
        saved = self.saved
        if not self.runs_here:
            return self.native
        here = saved.platform == default_platform()
        if here and saved.origin == "debian":
            return LoaderCompiler(self.folder / "root", saved.interpreter, saved.identity)
        if self.engine is not None:
            return ContainerCompiler(self._transform, saved.identity)
        if here and saved.version == HOST_VERSION:
            return HostCompiler(saved.identity)
        return None

    def called(self, reference: str, digest: str | None = None) -> BaseImage:
        """The same base under another name, from a manifest of this digest."""
        changes = {"reference": reference, "digest": digest}
        return replace(self, saved=self.saved.model_copy(update=changes))

    def in_engine(self) -> str:
        """Its name in the engine, which gets it if it lacks it.

        The tag of a registry is not set: what is called so would not be what the registry has.
        """
        assert self.engine is not None
        saved = self.saved
        if self.engine.describe(saved.reference) is not None:
            return saved.reference
        content = sha256_bytes(canonical_json([saved.diff_ids, saved.env]))[:32]
        named = not is_registry_reference(saved.reference)
        name = saved.reference if named else f"package-base:{content}"
        if self.engine.describe(name) is None:
            load_into(self.engine, replace(self.image, name=name), NullProgress())
        return name

    def _transform(self, command: Sequence[str], files: IO[bytes]) -> bytes:
        """Run ``command`` on a tar in a container of this base; returns its ``/tree`` as a tar."""
        name = self.in_engine()
        assert self.engine is not None
        return self.engine.transform(name, command, files, "/tree")
