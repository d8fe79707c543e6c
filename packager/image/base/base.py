"""Bases in the cache: lookup there and in an engine, saving, restoring; each is probed once."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from packager.cache import atomic_directory, cache_directory
from packager.digest import canonical_json, sha256_bytes, sha256_file
from packager.engine.engine import Engine
from packager.environment.platform import MACHINES, default_platform
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
    Origin,
    ProbeResult,
    parse_probe,
    probe_files,
    probe_in_container,
    probe_on_host,
)
from packager.image.base.saved import BaseImage, SavedBase
from packager.image.bytecode import COMPILE, Compiler, HostCompiler
from packager.image.docker_archive import open_archive
from packager.image.documents import MAX_DOCUMENT
from packager.image.export import load_into
from packager.image.layers import Layer
from packager.image.rootfs import find_python, unpack_layers
from packager.progress import NullProgress
from packager.tar_reader import TarReader, plain_tar

# File in a base of `package base` that lists its Debian packages.
PACKAGES = "usr/share/package-base/packages.json"
BASE_FORMAT = 2
"""Format version of ``base.json``; part of the names of the cache's folders."""


def find_base(reference: str, platform: str, engine: Engine | None) -> BaseImage | None:
    """The base called ``reference``: made by ``package base``, held by the engine, or pulled.

    None if none exists. Of another platform than this machine's only what ``package base`` made or
    loaded is found: pulling it would replace the engine's image of that name. Raises
    ``PackageError`` if the base has no supported Python.
    """
    made = find_made_base(reference, platform, engine)
    if made is not None or engine is None:
        return made
    if platform != default_platform() and platform != engine.platform:
        return None
    if engine.describe(reference) is None and not engine.pull(reference, platform):
        return None
    described = engine.describe(reference) or {}
    found = f"{described.get('Os')}/{described.get('Architecture')}"
    if found != platform:
        raise PackageError(
            f"base {reference}: expected platform {platform}, got {found}",
            f"pull it for {platform}",
        )
    # The engine's tag may move to another image, so the copy is named by content.
    key = sha256_bytes(canonical_json(described["RootFS"]["Layers"]))
    folder = (
        cache_directory("bases") / f"engine-{BASE_FORMAT}-{key[:32]}-{platform.replace('/', '-')}"
    )
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
    """The base that ``package base`` made or loaded under this name; None if there is none."""
    folder = _named(reference, platform)
    if not (folder / "base.json").is_file():
        return None
    return _opened(folder, engine)


def native_compiler(version: str, engine: Engine | None) -> Compiler | None:
    """An interpreter of this machine's platform with the full ``version`` (``3.11.2``).

    That of a base in the cache, or the one that runs this program; None if none has the version.
    """
    found = (base for base in _cached(engine) if base.runs_here and base.saved.version == version)
    usable = sorted(found, key=lambda base: base.saved.origin != "debian")
    for base in usable:
        if base.compiles_here:
            return base.compiler()
    if version == HOST_VERSION:
        return HostCompiler(sha256_bytes((version + COMPILE).encode()))
    return None


def _opened(folder: Path, engine: Engine | None) -> BaseImage:
    """The base in a folder of the cache."""
    base = BaseImage(SavedBase.load(folder / "base.json"), folder, engine)
    if base.runs_here:
        return base
    return replace(base, native=native_compiler(base.saved.version, engine))


def _cached(engine: Engine | None) -> Iterator[BaseImage]:
    """Every base in the cache, without ``native``."""
    for kind in ("named", "engine"):
        for path in sorted(cache_directory("bases").glob(f"{kind}-{BASE_FORMAT}-*/base.json")):
            yield BaseImage(SavedBase.load(path), path.parent, engine)


def known_base(diff_ids: Sequence[str], platform: str, engine: Engine | None) -> BaseImage | None:
    """The cached base with exactly these layers, under any name, that can compile bytecode here.

    The cache may have one content twice: as ``package base`` made it and as an engine saved it. One
    that was made here is preferred, because it needs no container. None if there is no such base.
    """
    equal = [
        base
        for base in _cached(engine)
        if base.saved.diff_ids == tuple(diff_ids) and base.saved.platform == platform
    ]
    equal.sort(key=lambda base: base.saved.origin != "debian")
    opened = (base if base.runs_here else _opened(base.folder, engine) for base in equal)
    return next((base for base in opened if base.compiles_here), None)


def save_base(
    reference: str, platform: str, layer: Path, config: dict[str, Any], engine: Engine | None
) -> BaseImage:
    """Save a one-layer base made here to the cache under its name, replacing an earlier one."""
    with atomic_directory(_named(reference, platform), replace=True) as new:
        (new / "layers").mkdir()
        diff_id = sha256_file(layer)
        shutil.copyfile(layer, new / "layers" / f"{diff_id}.tar")
        config = {**config, "rootfs": {"diff_ids": [f"sha256:{diff_id}"]}}
        env = _variables(config)
        interpreter = find_python(unpack_layers(_layers(new, config), new / "root"), env)
        if platform == default_platform():
            probed = probe_on_host(new / "root", interpreter)
        else:
            probed = probe_files(new / "root", interpreter, platform)
        _save(new, reference, platform, config, probed, "debian")
    return _opened(_named(reference, platform), engine)


def restore_base(path: Path, engine: Engine | None) -> BaseImage:
    """Save the base of an archive to the cache under the archive's name, replacing an earlier one.

    Its interpreter is probed in a container; without an engine the archive must come from
    ``package base --output``, which records the probe in a label. A base for another platform is
    probed by its files. Raises ``UsageError`` if the file is no archive of a base, ``PackageError``
    if it is damaged.
    """
    with open_base(path) as (archive, archived):
        platform = archived.platform
        if sys.platform != "linux" or platform not in MACHINES:
            raise PackageError(
                f"{path}: a base for {platform} can't be probed on this machine",
                f"load it into an engine with `docker load -i {path}`: builds find it there",
            )
        folder = _named(archived.reference, platform)
        with atomic_directory(folder, replace=True) as new:
            unpack_archive(archive, new / "layers")
            probed = _probed_archive(path, new, archived, engine)
            _save(new, archived.reference, platform, archived.config, probed, "elsewhere")
    return _opened(folder, engine)


def _probed_archive(
    path: Path, new: Path, archived: ArchivedBase, engine: Engine | None
) -> ProbeResult:
    """Probe the archive's Python in a container; without an engine, read the archive's label."""
    config = archived.config
    if archived.platform != default_platform():
        root = unpack_layers(_layers(new, config), new / "root")
        return probe_files(root, find_python(root, _variables(config)), archived.platform)
    if engine is None:
        return parse_probe(config, str(path))
    layers = tuple(
        Layer("base", layer, f"sha256:{layer.stem}", layer.stat().st_size)
        for layer in _layers(new, config)
    )
    name = engine.temporary("base")
    load_into(
        engine, base_image(name, archived.platform, _variables(config), layers), NullProgress()
    )
    try:
        return probe_in_container(engine, name)
    finally:
        engine.remove(name)


def _named(reference: str, platform: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{reference}-{platform}")[:100]
    digest = sha256_bytes(f"{reference} {platform}".encode())  # a/b:1 and a-b:1 are two bases
    return cache_directory("bases") / f"named-{BASE_FORMAT}-{name}-{digest[:12]}"


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
    """Write ``base.json``; raises ``PackageError`` for an unsupported Python."""
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
    """The Debian packages that the base's layers record; the same on every machine."""
    found: tuple[str, ...] = ()
    for layer in layers:
        with layer.open("rb") as file:
            reader = TarReader(file, plain_tar(f"layer {layer.name}"))
            for info in reader:
                if info.name.removeprefix("./") == PACKAGES and info.isreg():
                    found = tuple(json.loads(reader.content(info, MAX_DOCUMENT)))
    return found
