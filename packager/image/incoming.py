"""Packages in a registry, found by reference, before they are pulled."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from packager.environment.platform import default_platform
from packager.errors import PackageError, UsageError
from packager.image.config import LABEL, layer_names
from packager.image.documents import MAX_SETTINGS, bounded
from packager.image.stored_images import COMPANION, check_label
from packager.registry.blobs import blob_content
from packager.registry.manifests import FetchedManifest, resolve
from packager.registry.pull import IncomingImage
from packager.registry.reference import RegistryReference
from packager.registry.repository import RegistryRepository, open_repository

VERSION = "org.opencontainers.image.version"


def companion_of(reference: RegistryReference) -> RegistryReference:
    """Where the companion of the package at ``reference`` is: ``NAME-replay``, at the same tag.

    It is a repository of its own, so that rows of the training data have readers of their own.
    """
    return replace(reference, repository=reference.repository + COMPANION)


def incoming_images(
    reference: RegistryReference, *, companion: bool = False
) -> tuple[IncomingImage, ...]:
    """The package at a tag or digest, and its companion if wanted, each resolved once.

    Raises ``PackageError`` for what is no package, and for a companion of another one.
    """
    if reference.target is None:
        raise UsageError(
            f"{reference}: expected a tag or a digest, got neither",
            f"for example {reference}:TAG, as `package push` or `docker push` has set it",
        )
    main, config = _opened(reference)
    labels = _labels(config, reference)
    tag = reference.tag or f"{labels.get(VERSION, 'version')}-{labels[f'{LABEL}.root'][:12]}"
    called = str(RegistryReference.parse(str(reference.at(tag))))  # labels may say anything
    found = (IncomingImage(*main, called, tuple(layer_names(config))),)
    if not companion:
        return found
    place = companion_of(reference).at(tag)
    other, its_config = _opened(place)
    its_labels = _labels(its_config, place)
    if its_labels.get(f"{LABEL}.companion-of") != labels[f"{LABEL}.root"]:
        raise PackageError(
            f"{place}: expected the companion of {reference}, got that of another package",
            f"push both again with `package push REF {reference.at(tag)} --companion`",
        )
    return (*found, IncomingImage(*other, called + COMPANION, tuple(layer_names(its_config))))


def _opened(reference: RegistryReference) -> tuple[tuple[RegistryRepository, FetchedManifest], Any]:
    """RegistryRepository and manifest of an image, and its config."""
    repository = open_repository(reference)
    manifest = resolve(repository, reference.target or "", default_platform())
    content = blob_content(repository, manifest.config, MAX_SETTINGS)
    try:
        config = json.loads(bounded(content))
        count = len(config["rootfs"]["diff_ids"])
        if not len(manifest.layers) == count == len(layer_names(config)):
            raise ValueError(f"{len(manifest.layers)} layers for {count} in the config")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PackageError(
            f"{reference}: expected a package, got an image config with {error}",
            "build it with `package build`",
        ) from error
    return (repository, manifest), config


def _labels(config: Any, reference: RegistryReference) -> dict[str, str]:
    labels = (config.get("config") or {}).get("Labels") or {}
    check_label(str(reference), labels)
    return {str(name): str(value) for name, value in labels.items()}
