"""The exceptions shown to users, which the model host raises too."""

from __future__ import annotations

from modelhost.errors import PackageError, UsageError

__all__ = ["PackageError", "UsageError"]
