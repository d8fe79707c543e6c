"""The error of a dependency whose version lacks what this server builds on."""

from __future__ import annotations

import importlib.metadata

from packager.errors import PackageError


def unsupported_version(distribution: str, expected: str, got: str) -> PackageError:
    """What to raise where ``distribution`` was ``expected`` to have a part and has none or another.

    Ranges in our metadata keep such a version out of a lock; an image of another Dockerfile, or a
    range that was moved without the tests, can have it.
    """
    try:
        version = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return PackageError(
            f"{distribution}: expected {expected}, got no such package",
            f"write `{distribution}` into requirements.txt and build again",
        )
    return PackageError(
        f"{distribution} {version}: expected {expected}, got {got}",
        f"this version is not supported: write `{distribution}<{version}` into requirements.txt "
        "and build again",
    )
