"""Pushes an image: blobs, then its manifest, then attachments, and the tag last.

Whoever reads a tag finds a whole image with its signatures. A push that ended early has stored
blobs without a name; the next one finds them and sends the rest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import IO, Any, cast

from packager.progress import Progress
from packager.registry.attachments import INDEX_TYPE, MANIFEST_TYPE, Attachment, Descriptor
from packager.registry.blobs import OutgoingBlob, Sent, put_blob
from packager.registry.manifests import (
    common_annotations,
    image_index,
    image_manifest,
    put_manifest,
)
from packager.registry.mount_sources import mount_sources, remember_blobs
from packager.registry.referrers import attach
from packager.registry.repository import RegistryRepository
from packager.registry.transfers import StoppableFile, at_once


@dataclass(frozen=True)
class OutgoingImage:
    """An image to be pushed: its config, and its layers, bottom up."""

    config: OutgoingBlob
    layers: tuple[OutgoingBlob, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Of its manifest."""

    @property
    def manifest(self) -> bytes:
        """Its manifest, in canonical JSON."""
        layers = [layer.descriptor for layer in self.layers]
        return image_manifest(self.config.descriptor, layers, self.annotations)

    @property
    def descriptor(self) -> Descriptor:
        """Of its manifest: what is signed, before the image is pushed."""
        return Descriptor.of(MANIFEST_TYPE, self.manifest)

    @property
    def blobs(self) -> tuple[OutgoingBlob, ...]:
        """Config and layers, each once, the largest first: it is what takes longest."""
        by_digest = {layer.descriptor.digest: layer for layer in (self.config, *self.layers)}
        return tuple(
            sorted(
                by_digest.values(), key=lambda one: (-one.descriptor.size, one.descriptor.digest)
            )
        )


@dataclass
class PushResult:
    """The counts of a push."""

    descriptor: Descriptor
    """Of the image's manifest."""
    transferred: dict[Sent, int] = field(
        default_factory=lambda: {"sent": 0, "mounted": 0, "held": 0}
    )
    """Bytes of blobs that were sent, mounted from another repository, and there already."""


def platform_index(images: Mapping[str, OutgoingImage]) -> bytes:
    """The index of ``images`` by platform (``linux/arm64``), in canonical JSON."""
    entries: list[dict[str, Any]] = []
    for platform, image in sorted(images.items()):
        system, architecture = platform.split("/")
        named = {"architecture": architecture, "os": system}
        entries.append({**image.descriptor.as_json(), "platform": named})
    return image_index(entries, common_annotations(image.annotations for image in images.values()))


def push_index(
    repository: RegistryRepository,
    images: Mapping[str, OutgoingImage],
    tag: str | None,
    progress: Progress,
    attachments: Mapping[str, Sequence[Attachment]] = {},
    beside: Sequence[Attachment] = (),
) -> PushResult:
    """Push ``images`` by platform (``linux/arm64``), then an index of them, which gets ``tag``.

    ``attachments`` of each image, by its platform, are pushed before the index; those ``beside``
    the index before its tag.
    """
    transferred: dict[Sent, int] = {"sent": 0, "mounted": 0, "held": 0}
    for platform, image in images.items():
        done = push(repository, image, None, progress, attachments.get(platform, ()))
        for how, size in done.transferred.items():
            transferred[how] += size
    index = platform_index(images)
    described = Descriptor.of(INDEX_TYPE, index)
    if beside:
        put_manifest(repository, index, INDEX_TYPE)
        attach(repository, described, beside)
    put_manifest(repository, index, INDEX_TYPE, tag)
    return PushResult(described, transferred)


def push(
    repository: RegistryRepository,
    image: OutgoingImage,
    tag: str | None,
    progress: Progress,
    attachments: Sequence[Attachment] = (),
) -> PushResult:
    """Push ``image`` with ``attachments``, and set ``tag``; without a tag, the digest names it."""
    result = PushResult(image.descriptor)
    sources = mount_sources(repository.session.host)

    def send(blob: OutgoingBlob, stopped: threading.Event) -> tuple[OutgoingBlob, Sent, float]:
        started = time.monotonic()

        def opened() -> IO[bytes]:
            return cast(IO[bytes], StoppableFile(blob.open(), stopped))

        readable = replace(blob, open=opened)
        how = put_blob(repository, readable, sources.get(blob.descriptor.digest))
        return blob, how, time.monotonic() - started

    with closing(at_once(send, image.blobs)) as done:
        for blob, how, seconds in done:
            result.transferred[how] += blob.descriptor.size
            progress.item(blob.name, how, blob.descriptor.size, seconds)
    if attachments:
        put_manifest(repository, image.manifest, MANIFEST_TYPE)
        attach(repository, image.descriptor, attachments)
    put_manifest(repository, image.manifest, MANIFEST_TYPE, tag)
    digests = [one.descriptor.digest for one in image.blobs]
    remember_blobs(repository.session.host, repository.name, digests)
    return result
