"""Reads a base from a ``docker save`` archive, for when mirrors no longer have its packages."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.digest import CHUNK
from packager.errors import PackageError, UsageError
from packager.image.config import LABEL, Image, image_of
from packager.image.docker_archive import SavedArchive, open_archive
from packager.image.layers import Layer
from packager.image.remote_layers import MAX_LAYER
from packager.registry.oci_json import image_config
from packager.tar_reader import Refuse

HINT = "name a file that `package base --output` or `docker save` of one base wrote"
DIFF_ID = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class ArchivedBase:
    """Name, platform and config of the image in an archive."""

    reference: str
    platform: str
    config: dict[str, Any]


def base_image(
    reference: str, platform: str, env: tuple[str, ...], layers: tuple[Layer, ...]
) -> Image:
    """The base as an image; its config records no date."""
    settings = {"Cmd": ["python3"], "Env": list(env)}
    return image_of(reference, platform, settings, layers)


def rejection_of(called: str) -> Refuse:
    """Makes the error for a file that is no archive of a base."""
    return lambda got: UsageError(f"{called}: expected the archive of one base, got {got}", HINT)


@contextmanager
def open_base(path: Path) -> Iterator[tuple[SavedArchive, ArchivedBase]]:
    """Open the archive of one base; raises ``UsageError`` if it holds anything else."""
    if not path.is_file():
        raise UsageError(f"{path}: no such file", HINT)
    with open_archive(path, rejection_of(str(path))) as archive:
        entries = archive.entries()
        if len(entries) != 1:
            raise archive.refusal(f"an archive of {len(entries)} images")
        names: list[str] = entries[0].get("RepoTags") or []
        if len(names) != 1:
            raise archive.refusal(f"an image with {len(names)} names")
        config = image_config(archive.document(entries[0]["Config"]))
        if f"{LABEL}.root" in ((config.get("config") or {}).get("Labels") or {}):
            raise archive.refusal("a package")
        platform = f"{config['os']}/{config['architecture']}"
        yield archive, ArchivedBase(names[0], platform, config)


def unpack_archive(archive: SavedArchive, folder: Path) -> dict[str, Any]:
    """Write the layers of the archive's first image to ``folder``, named by diff_id.

    Returns the image config. Raises ``PackageError`` for a layer that doesn't match its diff_id.
    """
    folder.mkdir()
    entry = archive.entries()[0]
    config: dict[str, Any] = image_config(archive.document(entry["Config"]))
    for name, diff_id in zip(entry["Layers"], config["rootfs"]["diff_ids"], strict=True):
        if not DIFF_ID.fullmatch(diff_id):
            raise archive.refusal(f"the diff_id {diff_id[:100]!r}")
        digest = _write_layer(archive, name, folder / f"{diff_id[7:]}.tar")
        if digest != diff_id[7:]:
            raise PackageError(
                f"base layer {name}: expected {diff_id}, got sha256:{digest}",
                "the archive is damaged: save, copy or pull it again",
            )
    return config


def _write_layer(archive: SavedArchive, name: str, path: Path) -> str:
    """Write a layer, uncompressed, to ``path``; returns the hex sha256 of the written bytes."""
    digest, size = hashlib.sha256(), 0
    stream = archive.reader.open(archive.find(name))
    packed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    source = io.BufferedReader(gzip.GzipFile(fileobj=stream)) if packed else stream
    try:
        with path.open("wb") as file:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if size > MAX_LAYER:
                    raise archive.refusal(f"the layer {name!r} of more than {MAX_LAYER:,} bytes")
                digest.update(chunk)
                file.write(chunk)
    except (EOFError, gzip.BadGzipFile) as error:
        raise archive.refusal(f"the layer {name!r}, which can't be unpacked: {error}") from error
    return digest.hexdigest()
