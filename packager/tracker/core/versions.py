"""The order of a package's versions: by when this tracker first saw each, never by name or date."""

from __future__ import annotations

from collections.abc import Sequence


class Versions:
    """Versions of one package in the order in which the tracker first saw them."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._rank = {name: index for index, name in enumerate(names)}

    def is_newer(self, version: str, than: str) -> bool:
        """Whether ``version`` was first seen after ``than``; a version never seen is the newest."""
        if version == than or not version:
            return False
        if than not in self._rank:
            return False
        return version not in self._rank or self._rank[version] > self._rank[than]

    def newest(self, one: str, other: str) -> str:
        """The version of two that was first seen later; the known one if only one is named."""
        if not one or not other:
            return one or other
        return one if self.is_newer(one, other) else other

    def has_fix(self, version: str, fixed_in: str) -> bool:
        """Whether ``version`` has what ``fixed_in`` fixed: it is that version or a newer one.

        True for a finding without a version, such as that of a replica that can't be reached: it
        may be of a version that has the fix.
        """
        return not version or version == fixed_in or self.is_newer(version, fixed_in)
