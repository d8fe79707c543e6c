"""The bases in the cache, and which of them compiles bytecode for a base of another platform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from packager.cache import cache_directory
from packager.digest import sha256_bytes
from packager.engine.engine import Engine
from packager.image.base.probe import HOST_VERSION
from packager.image.base.saved import BaseImage, SavedBase
from packager.image.bytecode import IDENTITY, Compiler, HostCompiler

BASE_FORMAT = 2
"""Format version of ``base.json``; part of the names of the folders of named bases."""
CONTENT_FORMAT = 3
"""Format version of the folders of bases from elsewhere, which are named by their content."""


def cached_bases(engine: Engine | None) -> Iterator[BaseImage]:
    """Every base in the cache, without ``native``."""
    for kind, form in {"named": BASE_FORMAT, "content": CONTENT_FORMAT}.items():
        for path in sorted(cache_directory("bases").glob(f"{kind}-{form}-*/base.json")):
            yield BaseImage(SavedBase.load(path), path.parent, engine)


def native_compiler(version: str, engine: Engine | None) -> Compiler | None:
    """An interpreter of this machine's platform with the full ``version`` (``3.11.2``).

    That of a base in the cache, or the one that runs this program; None if none has the version.
    """
    bases = (
        base for base in cached_bases(engine) if base.runs_here and base.saved.version == version
    )
    usable = sorted(bases, key=lambda base: base.saved.origin != "debian")
    for base in usable:
        if base.compiles_here:
            return base.compiler()
    if version == HOST_VERSION:
        return HostCompiler(sha256_bytes((version + IDENTITY).encode()))
    return None


def with_native(base: BaseImage) -> BaseImage:
    """``base``, and for another platform what compiles its bytecode here."""
    if base.runs_here:
        return base
    return replace(base, native=native_compiler(base.saved.version, base.engine))
