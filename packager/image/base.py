"""The base below our layers: found in the cache or an engine, and probed for its Python."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.cache import cache_directory, new_folder
from packager.digest import canonical_json, sha256_bytes, sha256_file
from packager.environment.platform import OLDEST_PYTHON, Target, default_platform
from packager.errors import PackageError
from packager.image.bytecode import COMPILE, Compiler, ContainerCompiler, LoaderCompiler
from packager.image.engine import Engine
from packager.image.layers import Layer
from packager.image.rootfs import find_python, unpack_layers
from packager.manifest import Base, Noun

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


@dataclass(frozen=True)
class BaseImage:
    """A base at hand."""

    saved: SavedBase
    folder: Path
    engine: Engine | None

    @property
    def locked(self) -> Base:
        """How the lock pins it: by content, never by date."""
        return Base(
            reference=self.saved.reference, diff_ids=self.saved.diff_ids, env=self.saved.env
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
        with tempfile.TemporaryFile() as archive:
            for chunk in engine.save(reference):
                archive.write(chunk)
            archive.seek(0)
            with tarfile.open(fileobj=archive) as tar, new_folder(folder) as new:
                config = _unpack_archive(tar, new / "layers")
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


def _named(reference: str, platform: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{reference}-{platform}")
    return cache_directory("bases") / f"named-{name}"


def _unpack_archive(tar: tarfile.TarFile, folder: Path) -> dict[str, Any]:
    """Lay the layers of a ``docker save`` archive into ``folder``, by diff_id; its config."""
    folder.mkdir()

    def read(name: str) -> bytes:
        member = tar.extractfile(name)
        if member is None:
            raise PackageError(f"engine's archive: {name} is no file", "save the image anew")
        return member.read()

    entry = json.loads(read("manifest.json"))[0]
    config: dict[str, Any] = json.loads(read(entry["Config"]))
    for name, diff_id in zip(entry["Layers"], config["rootfs"]["diff_ids"], strict=True):
        path = folder / f"{diff_id[7:]}.tar"
        content = read(name)
        path.write_bytes(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
        found = sha256_file(path)
        if found != diff_id[7:]:
            raise PackageError(
                f"base layer {name}: expected {diff_id}, got sha256:{found}",
                "remove the image from the engine and pull it again",
            )
    return config


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
    )
    (new / "base.json").write_bytes(saved.dump())
