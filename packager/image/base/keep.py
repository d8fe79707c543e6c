"""Writes a base to the cache: its layers, which Python it has, the bytecode of its library."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from packager.cache import cache_directory
from packager.digest import canonical_json, sha256_bytes
from packager.engine.engine import Engine
from packager.image.base.archive import base_image
from packager.image.base.native import CONTENT_FORMAT, with_native
from packager.image.base.probe import Origin, ProbeResult, probe_in_container
from packager.image.base.saved import BaseImage, SavedBase
from packager.image.base.static_probe import read_probe
from packager.image.base.stdlib_bytecode import plain_library
from packager.image.documents import MAX_DOCUMENT
from packager.image.export import load_into
from packager.image.layers import Layer
from packager.image.stacked_files import StackedFiles
from packager.progress import NullProgress

# File in a base of `package base` that lists its Debian packages.
PACKAGES = "usr/share/package-base/packages.json"
DPKG_STATUS = "/var/lib/dpkg/status"
MAX_STATUS = 64 * 1024**2
FIELD = re.compile(r"^(Package|Status|Version): (\S.*)$", re.MULTILINE)


def content_folder(config: dict[str, Any], platform: str) -> Path:
    """The cache's folder of a base from elsewhere: its name or tag may move to another image."""
    content = [config["rootfs"]["diff_ids"], variables(config), platform]
    key = sha256_bytes(canonical_json(content))
    return cache_directory("bases") / f"content-{CONTENT_FORMAT}-{key[:32]}"


def kept_base(folder: Path, reference: str, engine: Engine | None) -> BaseImage | None:
    """The base in ``folder`` under the name ``reference``.

    None if there is none, or if what it lacks can be made now.
    """
    if not (folder / "base.json").is_file():
        return None
    saved = SavedBase.load(folder / "base.json").model_copy(update={"reference": reference})
    base = with_native(BaseImage(saved, folder, engine))
    return None if saved.lacks_bytecode and base.compiles_here else base


def keep_base(
    new: Path,
    reference: str,
    platform: str,
    config: dict[str, Any],
    engine: Engine | None,
    *,
    held: bool = False,
) -> None:
    """Write ``base.json`` for the layers in ``new``; a layer of bytecode is added if it has none.

    An engine of another platform is not asked for its Python; its files say which it is.

    ``held``: whether the engine has it under this name. Raises ``PackageError`` if its Python is
    not supported.
    """
    with tempfile.TemporaryDirectory() as name, StackedFiles(layer_files(new, config)) as tree:
        if engine is None or engine.platform != platform:
            probed = read_probe(tree, variables(config), reference, platform)
        elif held:
            probed = probe_in_container(engine, reference)
        else:
            probed = _probe_in_engine(new, platform, config, engine)
        saved = record(new, reference, platform, config, probed, "elsewhere")
        base = with_native(BaseImage(saved, new, engine))
        library = plain_library(tree, saved.interpreter, saved.python)
        compiler = base.compiler() if base.compiles_here else None
        if library is not None and compiler is None:
            saved = saved.model_copy(update={"lacks_bytecode": True})
        elif library is not None and compiler is not None:
            tar = Path(name) / "bytecode.tar"
            layer = library.bytecode(compiler, tar)
            shutil.move(tar, new / "layers" / f"{layer.diff_id[7:]}.tar")
            saved = saved.model_copy(
                update={
                    "diff_ids": (*saved.diff_ids, layer.diff_id),
                    "sizes": (*saved.sizes, layer.size),
                }
            )
    (new / "base.json").write_bytes(saved.dump())


def _probe_in_engine(
    new: Path, platform: str, config: dict[str, Any], engine: Engine
) -> ProbeResult:
    """Ask a base's Python in a container, under a name that the engine has for this only."""
    layers = tuple(
        Layer("base", layer, f"sha256:{layer.stem}", layer.stat().st_size)
        for layer in layer_files(new, config)
    )
    name = engine.temporary("base")
    load_into(engine, base_image(name, platform, variables(config), layers), NullProgress())
    try:
        return probe_in_container(engine, name)
    finally:
        engine.remove(name)


def record(
    new: Path,
    reference: str,
    platform: str,
    config: dict[str, Any],
    probed: ProbeResult,
    origin: Origin,
) -> SavedBase:
    """The record of the layers in ``new``; raises ``PackageError`` for an unsupported Python."""
    layers = layer_files(new, config)
    python, glibc, version = probed.facts(reference)
    return SavedBase(
        reference=reference,
        platform=platform,
        diff_ids=tuple(config["rootfs"]["diff_ids"]),
        sizes=tuple(layer.stat().st_size for layer in layers),
        env=variables(config),
        interpreter=probed.interpreter,
        python=python,
        version=version,
        glibc=glibc,
        said=probed.said,
        origin=origin,
        packages=_recorded_packages(layers),
    )


def layer_files(new: Path, config: dict[str, Any]) -> list[Path]:
    """The files of a base's layers, bottom up."""
    return [new / "layers" / f"{diff_id[7:]}.tar" for diff_id in config["rootfs"]["diff_ids"]]


def variables(config: dict[str, Any]) -> tuple[str, ...]:
    """The environment variables of an image config: ``NAME=value``."""
    return tuple((config.get("config") or {}).get("Env") or ())


def _recorded_packages(layers: Sequence[Path]) -> tuple[str, ...]:
    """The Debian packages that a base records: ``name=version``, sorted.

    In its own list if ``package base`` made it, else in dpkg's.
    """
    with StackedFiles(layers) as tree:
        own = tree.resolve(f"/{PACKAGES}")
        if own is not None:
            return tuple(json.loads(tree.content(own, MAX_DOCUMENT)))
        status = tree.resolve(DPKG_STATUS)
        if status is None:
            return ()
        text = tree.content(status, MAX_STATUS).decode(errors="replace")
    records = (dict(FIELD.findall(paragraph)) for paragraph in text.split("\n\n"))
    return tuple(
        sorted(
            f"{fields['Package']}={fields['Version']}"
            for fields in records
            if fields.get("Status", "").endswith(" installed")
            and {"Package", "Version"} <= {*fields}
        )
    )
