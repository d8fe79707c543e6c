"""A package in a registry, of whose layers each is fetched when it is read."""

from __future__ import annotations

import json
from dataclasses import dataclass

from packager.image.annotations import annotations_of
from packager.image.config import Image
from packager.image.incoming import companion_reference, incoming_image, is_companion
from packager.image.remote_layers import remote_layer
from packager.image.stored_images import COMPANION
from packager.registry.authorization import RefusedScopeError
from packager.registry.manifests import ACCEPTED
from packager.registry.pull import IncomingImage
from packager.registry.reference import RegistryReference
from packager.registry.repository import open_repository

UNREADABLE = (401, 403, 404)
"""Statuses of what a repository does not have, or does not show to this user."""


@dataclass(frozen=True)
class RemotePackage:
    """The images of a package in a registry, the companion last if there is one."""

    images: tuple[Image, ...]
    source: RegistryReference
    """The image's manifest by its digest."""


def remote_package(reference: RegistryReference, platform: str) -> RemotePackage:
    """The package at a tag or digest, which is resolved once.

    Its companion is where ``push --companion`` puts it, if it is there and this user may read it.
    """
    main = incoming_image(reference, platform)
    images = [_image(main)]
    location = companion_reference(reference, main)
    if _is_readable(location):
        other = incoming_image(location, platform, main.name + COMPANION)
        if is_companion(other, main):
            images.append(_image(other))
    return RemotePackage(tuple(images), reference.at(main.manifest.descriptor.digest))


def _is_readable(reference: RegistryReference) -> bool:
    repository = open_repository(reference)
    try:
        answer = repository.request("HEAD", f"manifests/{reference.target}", headers=ACCEPTED)
    except RefusedScopeError:
        return False  # a token server that answers instead of the registry
    if answer.status not in (200, *UNREADABLE):
        raise repository.refusal(f"look for {reference}", answer)
    return answer.status == 200


def _image(incoming: IncomingImage) -> Image:
    diff_ids = json.loads(incoming.config_content)["rootfs"]["diff_ids"]
    layers = zip(incoming.manifest.layers, diff_ids, incoming.layer_names, strict=True)
    return Image(
        incoming.name,
        incoming.config_content,
        tuple(
            remote_layer(incoming.repository, stored, diff_id, name)
            for stored, diff_id, name in layers
        ),
        annotations=annotations_of(incoming.manifest.document),
        index=incoming.index,
    )
