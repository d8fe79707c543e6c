"""Zstandard, by the backport of the standard library's module of Python 3.14."""

from __future__ import annotations

from types import ModuleType


def zstandard() -> ModuleType:
    """The module; imported by the first request that needs it, because it takes 1 MB."""
    from backports import zstd

    return zstd
