"""A base as a ``docker save`` archive: kept for the day when mirrors have moved on."""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.digest import sha256_file
from packager.errors import PackageError, UsageError
from packager.image.assemble import LABEL, Image, image_of
from packager.image.layers import Layer

HINT = "name a file that `package base --output` or `docker save` of one base wrote"


@dataclass(frozen=True)
class Archived:
    """What an archive says of its image."""

    reference: str
    platform: str
    config: dict[str, Any]


def base_image(
    reference: str, platform: str, env: tuple[str, ...], layers: tuple[Layer, ...]
) -> Image:
    """The base as an image of its own; nothing in it tells when it was made."""
    return image_of(reference, platform, {"Cmd": ["python3"], "Env": list(env)}, layers)


@contextmanager
def opened_archive(path: Path) -> Iterator[tuple[tarfile.TarFile, Archived]]:
    """An archive and what it says of its one image; ``UsageError`` unless that is a base."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file", HINT)
    expected = f"{path}: expected the archive of one base, got"
    try:
        with tarfile.open(path) as tar:
            entries = json.loads(_member(tar, "manifest.json"))
            if len(entries) != 1 or len(entries[0].get("RepoTags") or ()) != 1:
                raise UsageError(f"{expected} other than one image with one name", HINT)
            config = json.loads(_member(tar, entries[0]["Config"]))
            if f"{LABEL}.root" in ((config.get("config") or {}).get("Labels") or {}):
                raise UsageError(f"{expected} a package", HINT)
            platform = f"{config['os']}/{config['architecture']}"
            yield tar, Archived(entries[0]["RepoTags"][0], platform, config)
    except (tarfile.TarError, EOFError, KeyError, TypeError, ValueError) as error:
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        raise UsageError(f"{expected} {said}", HINT) from error


def unpack_archive(tar: tarfile.TarFile, folder: Path) -> dict[str, Any]:
    """Lay the layers of a ``docker save`` archive into ``folder``, by diff_id; its config."""
    folder.mkdir()
    entry = json.loads(_member(tar, "manifest.json"))[0]
    config: dict[str, Any] = json.loads(_member(tar, entry["Config"]))
    for name, diff_id in zip(entry["Layers"], config["rootfs"]["diff_ids"], strict=True):
        path = folder / f"{diff_id[7:]}.tar"
        content = _member(tar, name)
        path.write_bytes(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
        found = sha256_file(path)
        if found != diff_id[7:]:
            raise PackageError(
                f"base layer {name}: expected {diff_id}, got sha256:{found}",
                "the archive is damaged: save, copy or pull it again",
            )
    return config


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    stream = tar.extractfile(name)
    if stream is None:
        raise PackageError(f"the archive's {name} is no file", "save the image anew")
    return stream.read()
