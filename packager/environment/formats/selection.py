"""The selected dependencies of a project, and their Python and platform."""

from __future__ import annotations

from dataclasses import dataclass

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from packager.environment.platform import WheelTarget

MAX_PATCH = 60
"""Patch releases of one Python that a specifier is tried with."""


@dataclass(frozen=True)
class DependencySelection:
    """Extras and groups of a project, beside its own dependencies, for the target of a lock."""

    target: WheelTarget
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        """The values of markers; the patch release is 0, as uv has it for ``--python-version``."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.target.python}.0",
            "os_name": "posix",
            "platform_machine": self.target.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.target.python}.0",
            "python_version": self.target.python,
            "sys_platform": "linux",
        }

    def applies(self, marker: Marker | None) -> bool:
        """Whether ``marker`` holds for the target, without an extra."""
        return marker is None or marker.evaluate({**self.environment, "extra": ""})

    def supported_by(self, pythons: SpecifierSet) -> bool:
        """Whether ``pythons`` allows some patch release of the target's Python."""
        releases = (f"{self.target.python}.{patch}" for patch in range(MAX_PATCH))
        return any(pythons.contains(release) for release in releases)
