"""The differences between the images of one package for several platforms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from packager.manifest.base import FileEntry, FrozenModel

Proof = Literal["native", "emulation"]
PROOFS: Mapping[Proof | None, str] = {
    "native": "proved on such a machine",
    "emulation": "proved under emulation",
    None: "not proved by the build",
}
"""``proved_on`` in words."""
ATTACHED = "unknown/unknown"
"""The platform that BuildKit writes for a document that is attached to an image."""


USUAL = re.compile(r"[a-z0-9]+/[a-z0-9]+")
OTHER_NAMES = frozenset(["aarch64", "i386", "armhf", "armel", "macos"])
"""Names that engines take for another processor or system, beside those with other letters."""


def is_usual(platform: str) -> bool:
    """Whether ``linux/amd64`` has the names that Go has, so that every engine reads it alike."""
    return bool(USUAL.fullmatch(platform)) and OTHER_NAMES.isdisjoint(platform.split("/"))


def platform_of(described: Mapping[str, Any]) -> str:
    """``linux/amd64``, from the keys ``os`` and ``architecture`` of a config or descriptor."""
    return f"{described.get('os')}/{described.get('architecture')}"


class Platform(FrozenModel):
    """The image of a package for one platform: everything above the base, and how it starts."""

    files: tuple[FileEntry, ...]
    """Files under ``/package`` that only this platform has: lock, Dockerfile, list of files."""
    trees: dict[str, str]
    """Folder (``/code``) → hex sha256 of its files, links and folders, with contents and modes.

    All folders above the base but ``/package``, whose files ``Manifest`` and ``files`` list.
    """
    companion: dict[str, str] = {}
    """The same of what a companion adds; of the one image, if it contains the data."""
    settings: dict[str, Any]
    """The ``config`` of the image's config, without labels."""
    proved_on: Proof | None
    """The place where the compiled form and the golden answers were compared with the model for
    this platform; None: not yet compared, so a server does it when it starts."""
