"""``package inspect --check``: verify a package with this installation; nothing of it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from packager.cache import temporary_directory
from packager.engine.engine import Engine
from packager.image.reference import Reference
from packager.model.integrity import IntegrityCheck
from packager.solutions.opened import OpenedSolution, open_solution
from packager.trust.contents import DATA_LAYER
from packager.trust.examine import Examination, examine


@dataclass(frozen=True)
class CheckedPackage:
    """A package that was compared with its manifest, its lock and this installation."""

    examined: Examination
    solution: OpenedSolution | None
    """The members of a solution; their files exist within ``checked``'s block."""
    checks: tuple[IntegrityCheck, ...]

    @property
    def sound(self) -> bool:
        """Whether every check is ok."""
        return all(check.ok for check in self.checks)


@contextmanager
def checked(reference: Reference, engine: Engine | None) -> Iterator[CheckedPackage]:
    """Verify a package and, of a solution, each member.

    Raises ``PackageError`` for a layer that can't be read.
    """
    examined = examine(reference, engine)
    solution = reference.manifest.solution
    with temporary_directory() as folder:
        layers = examined.contents.layers
        opened = (
            None if solution is None else open_solution(layers, solution, examined.lock, folder)
        )
        member_checks = opened.checks if opened else ()
        own = examined.checks
        if _data_elsewhere(reference, examined):
            own = tuple(check for check in own if check.name.partition(":")[0] != DATA_LAYER)
        yield CheckedPackage(examined, opened, (*own, *member_checks))


def _data_elsewhere(reference: Reference, examined: Examination) -> bool:
    """Whether the data are in a companion that is not here, so that none can be compared.

    That is a package in a registry whose companion was not pushed.
    """
    data = reference.manifest.data
    in_companion = data != "none" and data.embed == "companion"
    return in_companion and not reference.has_companion and not examined.contents.trees.get("data")
