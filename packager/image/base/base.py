"""Bases in the cache: lookup there, in an engine and in a registry, saving, restoring."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from packager.cache import atomic_directory, cache_directory
from packager.digest import sha256_bytes, sha256_file
from packager.engine.engine import Engine
from packager.environment.platform import MACHINES, default_platform
from packager.errors import PackageError
from packager.image.base.archive import open_base, rejection_of, unpack_archive
from packager.image.base.keep import (
    content_folder,
    keep_base,
    kept_base,
    layer_files,
    record,
    variables,
)
from packager.image.base.native import BASE_FORMAT, cached_bases, with_native
from packager.image.base.probe import probe_on_host
from packager.image.base.registry_base import ANY, BasePin, pull_base
from packager.image.base.saved import BaseImage, SavedBase
from packager.image.base.static_probe import read_probe
from packager.image.docker_archive import open_archive
from packager.image.rootfs import find_python, resolve_inside, unpack_layers
from packager.image.stacked_files import StackedFiles
from packager.registry.reference import PREFIX, RegistryReference, is_registry_reference


def find_base(
    reference: str, platform: str, engine: Engine | None, pin: BasePin = ANY
) -> BaseImage | None:
    """The base called ``reference``: made by ``package base``, held by the engine, or pulled.

    Of another platform than this machine's, an engine is not asked: pulling would replace its image
    of that name.

    A reference to a registry is pulled from there, with or without an engine; ``pin`` is what a
    lock says of it. None if no base of that name exists. Raises ``PackageError`` if the registry
    has none, or if the base has no supported Python.
    """
    base = find_made_base(reference, platform, engine)
    if base is not None:
        return base
    forced = reference.startswith(PREFIX)
    own = engine if engine is not None and platform == engine.platform else None
    if not forced and own is not None and own.describe(reference) is not None:
        return _of_engine(reference, platform, own)
    if is_registry_reference(reference):
        known = known_base(pin.diff_ids, platform, engine, pin.env) if pin.diff_ids else None
        named = RegistryReference.parse(reference)
        if known is not None:
            return known.called(str(named), pin.digest)
        pinned = named if pin.digest is None else named.at(pin.digest)
        return pull_base(pinned, str(named), platform, engine)
    if own is not None and own.pull(reference, platform):
        return _of_engine(reference, platform, own)
    return None


def _of_engine(reference: str, platform: str, engine: Engine) -> BaseImage | None:
    """The base that the engine has under this name, copied into the cache."""
    described = engine.describe(reference) or {}
    image_platform = f"{described.get('Os')}/{described.get('Architecture')}"
    if image_platform != platform:
        raise PackageError(
            f"base {reference}: expected platform {platform}, got {image_platform}",
            f"pull it for {platform}",
        )
    options = {
        "rootfs": {"diff_ids": described["RootFS"]["Layers"]},
        "config": described.get("Config") or {},
    }
    folder = content_folder(options, platform)
    base = kept_base(folder, reference, engine)
    if base is None:
        with tempfile.TemporaryDirectory() as name, atomic_directory(folder, replace=True) as new:
            saved_to = Path(name) / "saved.tar"
            with saved_to.open("wb") as file:
                file.writelines(engine.save(reference))
            with open_archive(saved_to, rejection_of(f"base {reference}")) as archive:
                config = unpack_archive(archive, new / "layers")
            keep_base(new, reference, platform, config, engine, held=True)
    return kept_base(folder, reference, engine)


def find_made_base(reference: str, platform: str, engine: Engine | None) -> BaseImage | None:
    """The base that ``package base`` made or loaded under this name; None if there is none."""
    folder = _named(reference, platform)
    if not (folder / "base.json").is_file():
        return None
    return _opened(folder, engine)


def _opened(folder: Path, engine: Engine | None) -> BaseImage:
    """The base in a folder of the cache."""
    return with_native(BaseImage(SavedBase.load(folder / "base.json"), folder, engine))


def known_base(
    diff_ids: Sequence[str],
    platform: str,
    engine: Engine | None,
    env: Sequence[str] | None = None,
) -> BaseImage | None:
    """The cached base with exactly these layers, under any name, that can compile bytecode here.

    ``env``: its variables, if they matter.

    The cache may have one content twice: as ``package base`` made it and as an engine saved it. One
    that was made here is preferred, because it needs no container. None if there is no such base.
    """
    equal = [
        base
        for base in cached_bases(engine)
        if base.saved.diff_ids == tuple(diff_ids)
        and base.saved.platform == platform
        and (env is None or base.saved.env == tuple(env))
    ]
    equal.sort(key=lambda base: base.saved.origin != "debian")
    opened = map(with_native, equal)
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
        root = unpack_layers(layer_files(new, config), new / "root")
        if platform == default_platform():
            python = find_python(partial(resolve_inside, root), variables(config))
            probed = probe_on_host(root, python)
        else:
            with StackedFiles(layer_files(new, config)) as tree:
                probed = read_probe(tree, variables(config), reference, platform)
        saved = record(new, reference, platform, config, probed, "debian")
        (new / "base.json").write_bytes(saved.dump())
    return _opened(_named(reference, platform), engine)


def restore_base(path: Path, engine: Engine | None) -> BaseImage:
    """Save the base of an archive to the cache under the archive's name, replacing an earlier one.

    Its Python is asked in a container; without an engine, or of another platform, its files say
    which it is. Raises ``UsageError`` if the file is no archive of a base, ``PackageError`` if it
    is damaged.
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
            keep_base(new, archived.reference, platform, archived.config, engine)
    return _opened(folder, engine)


def _named(reference: str, platform: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{reference}-{platform}")[:100]
    digest = sha256_bytes(f"{reference} {platform}".encode())  # a/b:1 and a-b:1 are two bases
    return cache_directory("bases") / f"named-{BASE_FORMAT}-{name}-{digest[:12]}"
