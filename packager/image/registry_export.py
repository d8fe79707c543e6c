"""Writes images of a build to their destination, a registry among them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from packager.cache import temporary_directory
from packager.engine.engine import Engine
from packager.image.config import DATA_LAYERS, Image
from packager.image.export import Destination, export_images
from packager.image.incoming import companion_of
from packager.image.outgoing import Compression, outgoing_image
from packager.manifest.platform import platform_of
from packager.progress import Progress
from packager.registry.attachments import EMPTY, EMPTY_TYPE, INDEX_TYPE, Attachment, Descriptor
from packager.registry.blobs import has_blob
from packager.registry.push import PushResult, platform_index, push, push_index
from packager.registry.reference import RegistryReference
from packager.registry.repository import RegistryRepository, open_repository

Beside = Callable[[RegistryRepository, Descriptor, bool], Sequence[Attachment]]
"""Returns the attachments of an image before its push.

Its arguments: the repository, the manifest, and whether the image is the companion.
"""


IndexBeside = Callable[[RegistryRepository, Descriptor, Mapping[str, str]], Sequence[Attachment]]
"""Returns the attachments of an index before its push.

Its arguments: the repository, the index's descriptor, and the digests of its images by platform.
"""


def nothing_beside(_: RegistryRepository, __: Descriptor, ___: bool) -> Sequence[Attachment]:
    """An image alone."""
    return ()


def nothing_beside_index(
    _: RegistryRepository, __: Descriptor, ___: Mapping[str, str]
) -> Sequence[Attachment]:
    """An index alone."""
    return ()


def check_destination(output: Destination) -> None:
    """Raise ``PackageError`` if ``output`` can't be written, before any work is done for it."""
    output.check()
    if output.registry is not None:
        for path in _references(output.registry, 1 + output.companion):
            # Asked with the permission to push: an unknown host or user is an error now.
            repository = open_repository(path, write=True)
            has_blob(repository, Descriptor.of(EMPTY_TYPE, EMPTY).digest)


def write_images(
    images: Sequence[Image], output: Destination, engine: Engine | None, progress: Progress
) -> None:
    """Write ``images``, the companion last, to ``output``.

    To a registry the companion goes only if ``output`` says so, as it has the training data. Of
    several platforms an index gets the tag.
    """
    if output.registry is None:
        export_images(images, output, engine, progress)
        return
    reference = RegistryReference.parse(output.reference_of(images[0].name))
    every = {name: some[: 1 + output.companion] for name, some in _by_platform(images).items()}
    if len(every) == 1:
        push_images(images[: 1 + output.companion], reference, "none", progress)
    else:
        beside = dict.fromkeys(every, nothing_beside)
        push_platforms(every, reference, "none", progress, beside, nothing_beside_index)


def _by_platform(images: Sequence[Image]) -> dict[str, list[Image]]:
    by_platform: dict[str, list[Image]] = {}
    for image in images:
        by_platform.setdefault(platform_of(json.loads(image.config)), []).append(image)
    return by_platform


def push_images(
    images: Sequence[Image],
    reference: RegistryReference,
    compression: Compression,
    progress: Progress,
    beside: Beside = nothing_beside,
) -> list[tuple[RegistryReference, PushResult]]:
    """Push an image to ``reference`` and its companion, if any, to ``NAME-replay``; tags last.

    Returns the digest and what was sent of each. Layers are read where they are: no whole image
    is written to the disk. ``beside``: what each is pushed with.
    """
    pushed_images = []
    # The image comes first, so that the companion's layers are mounted from it.
    for image, target in zip(images, _references(reference, len(images)), strict=True):
        progress.step(f"push {target}")
        if compression == "gzip":
            progress.step("compressing layers that were not compressed before")
        if target == reference and DATA_LAYERS & {layer.name for layer in image.layers}:
            progress.warn("the image itself has the training data (embed is image)")
        with temporary_directory() as work:
            outgoing = outgoing_image(image, compression, Path(work))
            repository = open_repository(target, write=True)
            attached = beside(repository, outgoing.descriptor, image is not images[0])
            result = push(repository, outgoing, target.tag, progress, attached)
        pushed_images.append((target.at(result.descriptor.digest), result))
    return pushed_images


def push_platforms(
    every: Mapping[str, Sequence[Image]],
    reference: RegistryReference,
    compression: Compression,
    progress: Progress,
    beside: Mapping[str, Beside],
    beside_index: IndexBeside,
) -> list[tuple[RegistryReference, PushResult]]:
    """As ``push_images`` of each platform (``linux/arm64``), with an index of them at the tag.

    ``beside_index``: what the image's index is pushed with; a companion's has nothing beside it.
    """
    lines = []
    for number, target in enumerate(_references(reference, max(map(len, every.values())))):
        progress.step(f"push {target}")
        with temporary_directory() as work:
            outgoing = {
                name: outgoing_image(images[number], compression, Path(work))
                for name, images in every.items()
            }
            repository = open_repository(target, write=True)
            attached = {
                name: beside[name](repository, image.descriptor, number > 0)
                for name, image in outgoing.items()
            }
            index = Descriptor.of(INDEX_TYPE, platform_index(outgoing))
            digests = {name: image.descriptor.digest for name, image in outgoing.items()}
            on_index = beside_index(repository, index, digests) if number == 0 else ()
            result = push_index(repository, outgoing, target.tag, progress, attached, on_index)
        lines.append((target.at(result.descriptor.digest), result))
    return lines


def pushed(images: Sequence[Image], output: Destination) -> list[str]:
    """``HOST/NAME@sha256:…`` of each image, or index, that ``write_images`` wrote to a registry."""
    assert output.registry is not None
    lines, every = [], _by_platform(images)
    for number, index in enumerate(_references(output.registry, 1 + output.companion)):
        outgoing = {
            name: outgoing_image(some[number], "none", Path())
            for name, some in every.items()
            if number < len(some)
        }
        if len(outgoing) > 1:
            digest = Descriptor.of(INDEX_TYPE, platform_index(outgoing)).digest
            lines.append(str(index.at(digest)))
        else:
            lines += [str(index.at(one.descriptor.digest)) for one in outgoing.values()]
    return lines


def _references(reference: RegistryReference, count: int) -> list[RegistryReference]:
    return [reference, companion_of(reference)][:count]
