"""Zstandard: the standard library's module, or its backport before Python 3.14."""

from __future__ import annotations

import sys
from types import ModuleType


def zstandard() -> ModuleType:
    """The module ``compression.zstd``; imported by the first request that needs it (1 MB)."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd
