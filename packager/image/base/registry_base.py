"""Pulls a base from a registry into the cache, without an engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.cache import atomic_directory
from packager.engine.engine import Engine
from packager.environment.lock import LockFile
from packager.errors import PackageError
from packager.image.base.archive import DIFF_ID
from packager.image.base.keep import content_folder, keep_base, kept_base
from packager.image.base.native import with_native
from packager.image.base.saved import BaseImage, SavedBase
from packager.image.config import LABEL
from packager.image.documents import MAX_SETTINGS, bounded
from packager.image.remote_layers import fetch_layer
from packager.registry.blobs import blob_content
from packager.registry.manifests import FetchedManifest, resolve
from packager.registry.oci_json import image_config
from packager.registry.reference import PREFIX, RegistryReference
from packager.registry.repository import RegistryRepository, open_repository


@dataclass(frozen=True)
class BasePin:
    """A base in a registry as a lock pins it, so that a moved tag changes no build."""

    diff_ids: tuple[str, ...] = ()
    """Its layers; empty if the lock does not name the base."""
    env: tuple[str, ...] = ()
    """Its variables."""
    digest: str | None = None
    """The digest of its manifest when it was locked."""

    @classmethod
    def of(cls, lock: LockFile | None, reference: str) -> BasePin:
        """The pin in ``lock`` of the base ``reference``."""
        name = reference.removeprefix(PREFIX)
        if lock is None:
            return cls()
        bases = (base for base in lock.bases if base.reference == name)
        pins = (cls(base.diff_ids, base.env, lock.base_digests.get(name)) for base in bases)
        return next(pins, cls())


ANY = BasePin()


def pull_base(
    source: RegistryReference, called: str, platform: str, engine: Engine | None
) -> BaseImage:
    """The base at ``source``, under the name ``called``; layers in the cache are not read again.

    Its tag is resolved once; ``SavedBase.digest`` is what it led to. Raises ``PackageError``.
    """
    repository = open_repository(source)
    manifest = resolve(repository, source.target or "latest", platform)
    config = _config(repository, manifest, called, platform)
    folder = content_folder(config, platform)
    base = kept_base(folder, called, engine)
    if base is None:
        with atomic_directory(folder, replace=True) as new:
            _fetch_layers(repository, manifest, config, new / "layers")
            keep_base(new, called, platform, config, engine)
        base = with_native(BaseImage(SavedBase.load(folder / "base.json"), folder, engine))
    return base.called(called, manifest.descriptor.digest)


def _config(
    repository: RegistryRepository, manifest: FetchedManifest, called: str, platform: str
) -> dict[str, Any]:
    """The checked image config of a base."""
    content = blob_content(repository, manifest.config, MAX_SETTINGS)
    try:
        config: dict[str, Any] = image_config(bounded(content))
        diff_ids = config["rootfs"]["diff_ids"]
        env = (config.get("config") or {}).get("Env") or []
        labels = (config.get("config") or {}).get("Labels") or {}
        image_platform = f"{config['os']}/{config['architecture']}"
        if not all(isinstance(text, str) and "=" in text for text in env):
            raise ValueError("variables that are no NAME=value")
        if not all(
            isinstance(identifier, str) and DIFF_ID.fullmatch(identifier) for identifier in diff_ids
        ):
            raise ValueError("layers that are not sha256: and 64 hex digits")
        if len(diff_ids) != len(manifest.layers):
            raise ValueError(f"{len(diff_ids)} layers, and {len(manifest.layers)} in its manifest")
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise PackageError(
            f"base {called}: expected the config of an image, got {type(error).__name__}: {error}",
            "name an image that an engine can run",
        ) from error
    if f"{LABEL}.root" in labels:
        raise PackageError(
            f"base {called}: expected an image with Python, got a package",
            "name a base, such as an official image of Python",
        )
    if image_platform != platform:
        raise PackageError(
            f"base {called}: expected platform {platform}, got {image_platform}",
            f"name an image for {platform}, or set [image] platforms",
        )
    return config


def _fetch_layers(
    repository: RegistryRepository, manifest: FetchedManifest, config: dict[str, Any], folder: Path
) -> None:
    """Write the layers, named by their diff_ids."""
    folder.mkdir()
    for stored, diff_id in zip(manifest.layers, config["rootfs"]["diff_ids"], strict=True):
        path = folder / f"{diff_id[7:]}.tar"
        if path.exists():  # an image may have a layer twice
            continue
        fetch_layer(repository, stored, diff_id, path)
