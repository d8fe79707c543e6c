"""The base below our layers: found in the cache or an engine, and probed for its Python."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from packager.cache import atomic_directory, cache_directory
from packager.digest import canonical_json, sha256_bytes, sha256_file
from packager.engine.engine import Engine
from packager.environment.platform import Target, default_platform
from packager.errors import PackageError
from packager.image.base.archive import (
    ArchivedBase,
    base_image,
    open_base,
    rejection_of,
    unpack_archive,
)
from packager.image.base.probe import (
    HOST_VERSION,
    TOLD,
    Origin,
    ProbeResult,
    parse_probe,
    probe_in_container,
    probe_on_host,
)
from packager.image.bytecode import (
    COMPILE,
    Compiler,
    ContainerCompiler,
    HostCompiler,
    LoaderCompiler,
)
from packager.image.config import Image
from packager.image.docker_archive import open_archive
from packager.image.documents import MAX_DOCUMENT
from packager.image.export import load_into
from packager.image.layers import Layer
from packager.image.rootfs import find_python, unpack_layers
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Base
from packager.progress import Silent
from packager.tar_reader import TarReader, plain_tar

# Where a base of `package base` names the Debian packages it was made of.
PACKAGES = "usr/share/package-base/packages.json"
FORMAT = 2
"""Of ``base.json``, in the names of the cache's folders."""


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
        return base_image(saved.reference, saved.platform, saved.env, self.layers, {TOLD: told})

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


def find_base(reference: str, platform: str, engine: Engine | None) -> BaseImage | None:
    """The base called ``reference``: made by ``package base``, held by the engine, or pulled.

    None where there is none of them. Raises ``PackageError`` if it holds no Python we can use.
    """
    made = find_made_base(reference, platform, engine)
    if made is not None or engine is None:
        return made
    if engine.describe(reference) is None and not engine.pull(reference, platform):
        return None
    described = engine.describe(reference) or {}
    found = f"{described.get('Os')}/{described.get('Architecture')}"
    if found != platform:
        raise PackageError(
            f"base {reference}: expected platform {platform}, got {found}",
            f"pull it for {platform}, or set [image] platforms",
        )
    # The engine's name may move on to another image, so its copy goes by content.
    key = sha256_bytes(canonical_json(described["RootFS"]["Layers"]))
    folder = cache_directory("bases") / f"engine-{FORMAT}-{key[:32]}-{platform.replace('/', '-')}"
    if not (folder / "base.json").is_file():
        with tempfile.TemporaryDirectory() as name, atomic_directory(folder) as new:
            saved_to = Path(name) / "saved.tar"
            with saved_to.open("wb") as file:
                file.writelines(engine.save(reference))
            with open_archive(saved_to, rejection_of(f"base {reference}")) as archive:
                config = unpack_archive(archive, new / "layers")
            _save(
                new, reference, platform, config, probe_in_container(engine, reference), "elsewhere"
            )
    saved = SavedBase.load(folder / "base.json").model_copy(update={"reference": reference})
    return BaseImage(saved, folder, engine)


def find_made_base(reference: str, platform: str, engine: Engine | None) -> BaseImage | None:
    """The base that ``package base`` made or loaded under this name; None where there is none."""
    folder = _named(reference, platform)
    if not (folder / "base.json").is_file():
        return None
    return BaseImage(SavedBase.load(folder / "base.json"), folder, engine)


def known_base(diff_ids: Sequence[str], platform: str, engine: Engine | None) -> BaseImage | None:
    """The base in the cache with exactly these layers, whatever its name; None where none is."""
    for path in sorted(cache_directory("bases").glob("*/base.json")):
        saved = SavedBase.load(path)
        if saved.diff_ids == tuple(diff_ids) and saved.platform == platform:
            return BaseImage(saved, path.parent, engine)
    return None


def save_base(
    reference: str, platform: str, layer: Path, config: dict[str, Any], engine: Engine | None
) -> BaseImage:
    """Keep a one-layer base made here in the cache under its name, replacing an earlier one."""
    with atomic_directory(_named(reference, platform), replace=True) as new:
        (new / "layers").mkdir()
        diff_id = sha256_file(layer)
        shutil.copyfile(layer, new / "layers" / f"{diff_id}.tar")
        config = {**config, "rootfs": {"diff_ids": [f"sha256:{diff_id}"]}}
        env = _variables(config)
        interpreter = find_python(unpack_layers(_layers(new, config), new / "root"), env)
        probed = probe_on_host(new / "root", interpreter)
        _save(new, reference, platform, config, probed, "debian")
    folder = _named(reference, platform)
    return BaseImage(SavedBase.load(folder / "base.json"), folder, engine)


def restore_base(path: Path, engine: Engine | None) -> BaseImage:
    """Take the base out of an archive, under the name it has there, replacing an earlier one.

    Its interpreter is asked in a container; without an engine the archive has to be one of
    ``package base --output``, which tells of it. Raises ``UsageError`` if the file is no archive
    of a base, ``PackageError`` if it is damaged or made for another machine.
    """
    platform = default_platform()
    with open_base(path) as (archive, archived):
        if sys.platform != "linux" or archived.platform != platform:
            raise PackageError(
                f"{path}: a base for {archived.platform} can't be probed on this machine",
                f"load it into an engine with `docker load -i {path}`: builds find it there",
            )
        folder = _named(archived.reference, platform)
        with atomic_directory(folder, replace=True) as new:
            unpack_archive(archive, new / "layers")
            probed = _probed_archive(path, new, archived, engine)
            _save(new, archived.reference, platform, archived.config, probed, "elsewhere")
    return BaseImage(SavedBase.load(folder / "base.json"), folder, engine)


def _probed_archive(
    path: Path, new: Path, archived: ArchivedBase, engine: Engine | None
) -> ProbeResult:
    """What a container of the archive's base tells of its Python, or else the archive itself."""
    config = archived.config
    if engine is None:
        return parse_probe(config, str(path))
    layers = tuple(
        Layer("base", layer, f"sha256:{layer.stem}", layer.stat().st_size)
        for layer in _layers(new, config)
    )
    name = engine.temporary("base")
    load_into(engine, base_image(name, archived.platform, _variables(config), layers), Silent())
    try:
        return probe_in_container(engine, name)
    finally:
        engine.remove(name)


def _named(reference: str, platform: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{reference}-{platform}")[:100]
    digest = sha256_bytes(f"{reference} {platform}".encode())  # a/b:1 and a-b:1 are two bases
    return cache_directory("bases") / f"named-{FORMAT}-{name}-{digest[:12]}"


def _layers(new: Path, config: dict[str, Any]) -> list[Path]:
    return [new / "layers" / f"{diff_id[7:]}.tar" for diff_id in config["rootfs"]["diff_ids"]]


def _variables(config: dict[str, Any]) -> tuple[str, ...]:
    return tuple((config.get("config") or {}).get("Env") or ())


def _save(
    new: Path,
    reference: str,
    platform: str,
    config: dict[str, Any],
    probed: ProbeResult,
    origin: Origin,
) -> None:
    """Write ``base.json``; ``PackageError`` for a Python that we can't use."""
    layers = _layers(new, config)
    python, glibc, version = probed.facts(reference)
    saved = SavedBase(
        reference=reference,
        platform=platform,
        diff_ids=tuple(config["rootfs"]["diff_ids"]),
        sizes=tuple(layer.stat().st_size for layer in layers),
        env=_variables(config),
        interpreter=probed.interpreter,
        python=python,
        version=version,
        glibc=glibc,
        said=probed.said,
        origin=origin,
        packages=_recorded_packages(layers),
    )
    (new / "base.json").write_bytes(saved.dump())


def _recorded_packages(layers: Sequence[Path]) -> tuple[str, ...]:
    """What the base says of itself, from its layers: the same on every machine."""
    found: tuple[str, ...] = ()
    for layer in layers:
        with layer.open("rb") as file:
            reader = TarReader(file, plain_tar(f"layer {layer.name}"))
            for info in reader:
                if info.name.removeprefix("./") == PACKAGES and info.isreg():
                    found = tuple(json.loads(reader.content(info, MAX_DOCUMENT)))
    return found
