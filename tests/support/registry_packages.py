"""Images in a registry of the tests."""

from __future__ import annotations

from pathlib import Path

from packager.image.config import Image
from packager.image.outgoing import Compression
from packager.image.registry_export import push_images
from packager.progress import NullProgress
from packager.registry.reference import RegistryReference


def pushed(
    place: str, *images: Image, compression: Compression = "none"
) -> list[RegistryReference]:
    """Push an image, and its companion if given; returns their digests."""
    told = push_images(images, RegistryReference.parse(place), compression, NullProgress())
    return [reference for reference, _ in told]


def damage(path: Path) -> None:
    """Change one byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
