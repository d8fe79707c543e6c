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
from typing import Any

from packager.cache import cache_directory, new_folder
from packager.digest import canonical_json, sha256_bytes, sha256_file
from packager.environment.platform import OLDEST_PYTHON, Target, default_platform
from packager.errors import PackageError
from packager.image.assemble import Image
from packager.image.base_archive import base_image, opened_base, refusal_of, unpack_archive
from packager.image.bytecode import COMPILE, Compiler, ContainerCompiler, LoaderCompiler
from packager.image.engine import Engine
from packager.image.layers import Layer
from packager.image.rootfs import find_python, unpack_layers
from packager.image.saved import MAX_DOCUMENT, opened_archive
from packager.image.tars import TarReader, plain_tar
from packager.manifest import Base
from packager.noun import Noun

# Where a base of `package base` names the Debian packages it was made of.
PACKAGES = "usr/share/package-base/packages.json"
PROBE = """
import platform, sys
print(f"{sys.version_info[0]}.{sys.version_info[1]}", *platform.libc_ver(), sys.version)
"""


class SavedBase(Noun):
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
    identity: str
    """sha256 of what the interpreter says of itself and of how we use it, for cache keys."""
    packages: tuple[str, ...] = ()
    """Debian packages as the base itself records them: ``name=version``, sorted."""


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
        return base_image(self.saved.reference, self.saved.platform, self.saved.env, self.layers)

    def compiler(self) -> Compiler:
        """The base's own interpreter as a maker of bytecode."""
        root = self.folder / "root"
        if root.is_dir():
            return LoaderCompiler(root, self.saved.interpreter, self.saved.identity)
        engine, reference = self.engine, self.saved.reference
        if engine is None:
            raise PackageError(
                f"base {reference}: its interpreter needs an engine on this machine",
                "start Docker and build again",
            )
        return ContainerCompiler(
            lambda command, files: engine.transform(reference, command, files, "/tree"),
            self.saved.identity,
        )


def find_base(reference: str, platform: str, engine: Engine | None) -> BaseImage | None:
    """The base called ``reference``: made by ``package base``, held by the engine, or pulled.

    None where there is none of them. Raises ``PackageError`` if it holds no Python we can use.
    """
    folder = _named(reference, platform)
    if (folder / "base.json").is_file():
        return BaseImage(SavedBase.load(folder / "base.json"), folder, engine)
    if engine is None:
        return None
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
    folder = cache_directory("bases") / f"engine-{key[:32]}-{platform.replace('/', '-')}"
    if not (folder / "base.json").is_file():
        with tempfile.TemporaryDirectory() as name, new_folder(folder) as new:
            saved_to = Path(name) / "saved.tar"
            with saved_to.open("wb") as file:
                file.writelines(engine.save(reference))
            with opened_archive(saved_to, refusal_of(f"base {reference}")) as archive:
                config = unpack_archive(archive, new / "layers")
            _probe_and_save(new, reference, platform, config, engine)
    saved = SavedBase.load(folder / "base.json").model_copy(update={"reference": reference})
    return BaseImage(saved, folder, engine)


def save_base(
    reference: str, platform: str, layer: Path, config: dict[str, Any], engine: Engine | None
) -> BaseImage:
    """Keep a one-layer base in the cache under its name, replacing an earlier one."""
    with new_folder(_named(reference, platform), replace=True) as new:
        (new / "layers").mkdir()
        diff_id = sha256_file(layer)
        shutil.copyfile(layer, new / "layers" / f"{diff_id}.tar")
        config = {**config, "rootfs": {"diff_ids": [f"sha256:{diff_id}"]}}
        _probe_and_save(new, reference, platform, config, engine)
    folder = _named(reference, platform)
    return BaseImage(SavedBase.load(folder / "base.json"), folder, engine)


def restore_base(path: Path) -> BaseImage:
    """Take the base out of an archive, under the name it has there, replacing an earlier one.

    Raises ``UsageError`` if the file is no such archive, ``PackageError`` if it is damaged or made
    for another machine.
    """
    platform = default_platform()
    with opened_base(path) as (archive, archived):
        if sys.platform != "linux" or archived.platform != platform:
            raise PackageError(
                f"{path}: a base for {archived.platform} can't be probed on this machine",
                f"load it into an engine with `docker load -i {path}`: builds find it there",
            )
        folder = _named(archived.reference, platform)
        with new_folder(folder, replace=True) as new:
            unpack_archive(archive, new / "layers")
            _probe_and_save(new, archived.reference, platform, archived.config, None)
    return BaseImage(SavedBase.load(folder / "base.json"), folder, None)


def _named(reference: str, platform: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{reference}-{platform}")
    return cache_directory("bases") / f"named-{name}"


def _probe_and_save(
    new: Path, reference: str, platform: str, config: dict[str, Any], engine: Engine | None
) -> None:
    """Learn the base's Python, and write ``base.json``."""
    diff_ids = tuple(config["rootfs"]["diff_ids"])
    layers = [new / "layers" / f"{diff_id[7:]}.tar" for diff_id in diff_ids]
    env = tuple((config.get("config") or {}).get("Env") or ())
    if sys.platform == "linux" and platform == default_platform():
        interpreter = find_python(unpack_layers(layers, new / "root"), env)
        said = LoaderCompiler(new / "root", interpreter, "").output(PROBE)
    elif engine is not None:
        said = engine.output(reference, ["python3", "-c", PROBE])
        interpreter = engine.output(
            reference, ["python3", "-c", "import os, sys; print(os.path.realpath(sys.executable))"]
        ).strip()
    else:
        raise PackageError(
            f"base {reference}: can't be probed on this machine", "start Docker and try again"
        )
    python, library, version, *_ = said.split()
    if tuple(int(part) for part in python.split(".")) < OLDEST_PYTHON or library != "glibc":
        raise PackageError(
            f"base {reference}: expected Python >= 3.11 and glibc, got {python} and {library}",
            "choose another [image] base",
        )
    saved = SavedBase(
        reference=reference,
        platform=platform,
        diff_ids=diff_ids,
        sizes=tuple(layer.stat().st_size for layer in layers),
        env=env,
        interpreter=interpreter,
        python=python,
        glibc=(int(version.split(".")[0]), int(version.split(".")[1])),
        identity=sha256_bytes((said + COMPILE).encode()),
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
