"""The platform of the image that is served, and where the package was proved on it."""

from __future__ import annotations

from typing import NamedTuple, Self

from packager.manifest.manifest import Manifest
from packager.manifest.platform import Proof
from packager.model.integrity import own_platform
from packager.model.paths import Root


class ServedPlatform(NamedTuple):
    """A platform of a package."""

    name: str
    """``linux/arm64``; empty if the package names none."""
    proved_on: Proof | None
    """As the manifest says; ``native`` if the package names no platform."""

    @classmethod
    def of(cls, manifest: Manifest, root: Root) -> Self:
        """The platform whose lock is in ``/package``."""
        name = own_platform(manifest, root)
        if name is None:
            return cls("", "native")
        return cls(name, manifest.platforms[name].proved_on)


UNNAMED = ServedPlatform("", "native")
