"""Images of random layers, to be pushed and pulled."""

from __future__ import annotations

import json
import os

from packager.registry.blobs import OutgoingBlob
from packager.registry.push import OutgoingImage

LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"


def random_layer(name: str, size: int) -> OutgoingBlob:
    """A layer of ``size`` random bytes."""
    return OutgoingBlob.of(name, LAYER, os.urandom(size))


def image_of(*layers: OutgoingBlob) -> OutgoingImage:
    """An image of ``layers``."""
    config = {"rootfs": {"diff_ids": [layer.descriptor.digest for layer in layers]}}
    return OutgoingImage(OutgoingBlob.of("config", CONFIG, json.dumps(config).encode()), layers)


def random_image(*sizes: int) -> OutgoingImage:
    """An image of random layers of these sizes."""
    return image_of(*(random_layer(f"layer {n}", size) for n, size in enumerate(sizes)))


def size_of(image: OutgoingImage) -> int:
    """Bytes of all blobs."""
    return sum(blob.descriptor.size for blob in image.blobs)
