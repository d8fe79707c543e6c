"""The error for a dependency whose version lacks a part that this server builds on."""

from __future__ import annotations

import importlib.metadata

from packager.errors import PackageError


def unsupported_version(distribution: str, expected: str, got: str) -> PackageError:
    """The error for a ``distribution`` with ``got`` in place of an ``expected`` part.

    Version ranges in our metadata keep such a version out of a lock; an image of another
    Dockerfile, or a range changed without the tests, can contain it.
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
