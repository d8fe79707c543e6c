"""Packages in a registry, found by reference, before they are pulled."""

from __future__ import annotations

from dataclasses import replace

from packager.environment.platform import default_platform
from packager.errors import PackageError, UsageError
from packager.image.annotations import annotations_of
from packager.image.config import LABEL, layer_names
from packager.image.documents import MAX_SETTINGS, bounded
from packager.image.oci_folder import DIGEST
from packager.image.stored_images import COMPANION, check_label
from packager.registry.blobs import blob_content
from packager.registry.manifests import FetchedManifest, ImageIndex, get_manifest, image_in
from packager.registry.oci_json import image_config
from packager.registry.pull import IncomingImage
from packager.registry.reference import RegistryReference
from packager.registry.repository import open_repository

VERSION = "org.opencontainers.image.version"


def companion_of(reference: RegistryReference) -> RegistryReference:
    """The reference of the companion of the package at ``reference``: ``NAME-replay``, same tag.

    It is a repository of its own, so that rows of the training data have readers of their own.
    """
    return replace(reference, repository=reference.repository + COMPANION)


def incoming_images(
    reference: RegistryReference, *, companion: bool = False
) -> tuple[IncomingImage, ...]:
    """The package at a tag or digest, and its companion if wanted, each resolved once.

    Raises ``PackageError`` for what is no package, and for a companion of another one.
    """
    main = incoming_image(reference, default_platform())
    if not companion:
        return (main,)
    location = companion_reference(reference, main)
    other = incoming_image(location, default_platform(), main.name + COMPANION)
    if not is_companion(other, main):
        raise PackageError(
            f"{location}: expected the companion of {reference}, got that of another package",
            f"push both again with `package push REF {main.name} --companion`",
        )
    return (main, other)


def incoming_image(
    reference: RegistryReference, platform: str, name: str | None = None
) -> IncomingImage:
    """The image of a package at a tag or digest, for ``platform``; its layers are not read."""
    if reference.target is None:
        raise UsageError(
            f"{reference}: expected a tag or a digest, got neither",
            f"for example {reference}:TAG, as `package push` or `docker push` has set it",
        )
    repository = open_repository(reference)
    fetched = get_manifest(repository, reference.target)
    index, manifest = None, fetched
    if fetched.is_index:
        index = _index(reference, fetched)
        manifest = image_in(repository, fetched, platform)
    content = blob_content(repository, manifest.config, MAX_SETTINGS)
    try:
        config = image_config(bounded(content))
        names, diff_ids = layer_names(config), config["rootfs"]["diff_ids"]
        if not all(
            isinstance(identifier, str) and DIGEST.fullmatch(identifier) for identifier in diff_ids
        ):
            raise ValueError("layers that are not sha256: and 64 hex digits")
        if not len(manifest.layers) == len(diff_ids) == len(names):
            raise ValueError(f"{len(manifest.layers)} layers for {len(diff_ids)} in the config")
        annotations_of(manifest.document)  # read later, and refused here
        labels = _labels(content)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PackageError(
            f"{reference}: expected a package, got an image config with {error}",
            "build it with `package build`",
        ) from error
    check_label(str(reference), labels)
    version = f"{labels.get(VERSION, 'version')}-{labels[f'{LABEL}.root'][:12]}"
    tagged = str(reference.at(reference.tag or version))
    called = name or str(RegistryReference.parse(tagged))  # labels may say anything
    return IncomingImage(repository, manifest, called, tuple(names), content, index)


def _index(reference: RegistryReference, fetched: FetchedManifest) -> ImageIndex:
    try:
        return ImageIndex.of(fetched.descriptor, fetched.document)
    except (ValueError, TypeError, AttributeError) as error:
        raise PackageError(
            f"{reference}: expected an index of one image for each platform, got {error}",
            "name the image by its digest",
        ) from error


def companion_reference(reference: RegistryReference, main: IncomingImage) -> RegistryReference:
    """The companion of ``main``, the package at ``reference``, if it was pushed."""
    return companion_of(reference).at(main.name.rpartition(":")[2])


def is_companion(other: IncomingImage, main: IncomingImage) -> bool:
    """Whether ``other`` says that it is the companion of ``main``."""
    return _labels(other.config_content).get(f"{LABEL}.companion-of") == _labels(
        main.config_content
    ).get(f"{LABEL}.root")


def _labels(config: bytes) -> dict[str, str]:
    labels = (image_config(config).get("config") or {}).get("Labels") or {}
    return {str(name): str(value) for name, value in labels.items()}
