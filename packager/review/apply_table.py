"""Apply verdicts to a versioned table, as a derived table with lineage and revert."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyarrow import parquet

from packager.data.frames import read
from packager.data.parquet_files import arrow_table
from packager.digest import canonical_json, sha256_bytes
from packager.errors import UsageError
from packager.location import Location
from packager.progress import Progress
from packager.review.corrections import Corrections, corrected_table, corrections_of
from packager.review.verdicts import Verdict, digest
from packager.tables.allowed_locations import AllowedLocations
from packager.tables.commits import Authorship
from packager.tables.delta import VersionedTable
from packager.tables.derive import DeriveResult, derive
from packager.tables.labels.store import Labels

STEP = "verdicts"
"""Name of the step in the lineage; functions have a colon in their names, so it is unique."""
CLEAN = ".clean"


@dataclass(frozen=True)
class VerdictStep:
    """The step of a derived table: apply verdicts to the rows of its parent."""

    verdicts: tuple[Verdict, ...]
    """The verdicts that change rows."""
    report: Callable[[Corrections], object]
    """Called with the corrections if the step runs."""
    text: str = STEP
    reads_labels: bool = True

    @property
    def params(self) -> dict[str, int]:
        """Kind → number of verdicts."""
        return dict(sorted(Counter(given.verdict for given in self.verdicts).items()))

    def digest(self, directory: Path) -> str:
        """sha256 of the step and its verdicts, without their reasons."""
        del directory  # the verdicts are fields
        return sha256_bytes(canonical_json([STEP, 1, digest(self.verdicts)]))

    def run(self, parents: Sequence[Path], out: Path, directory: Path) -> None:
        """Write the corrected rows of the only parent to ``out``."""
        del directory
        changes = corrections_of(read(parents[0]), self.verdicts)
        parquet.write_table(corrected_table(arrow_table(parents), changes), out)
        self.report(changes)

    def labels(self, parents: Sequence[Labels | None]) -> Labels | None:
        """The labels of the parent: labels stay with the rows that have their keys."""
        return parents[0]


def apply_to_table(
    location: Location,
    verdicts: Sequence[Verdict],
    output: Location | None,
    by: str,
    progress: Progress,
    report: Callable[[Corrections], object],
) -> tuple[Location, DeriveResult]:
    """Write the corrected rows to the table ``output`` (default: ``NAME.clean`` next to the table).

    A table that was itself made by verdicts is derived again from its parent: from the same version
    of it if ``location`` names a version, else from the latest. Nothing is computed if the same
    verdicts were applied to the same rows before. Return the version, and how it was derived.
    """
    source, default = _source(location)
    step = VerdictStep(tuple(v for v in verdicts if v.verdict != "keep"), report)
    counts = ", ".join(f"{count} {name}" for name, count in step.params.items())
    place = output or default
    # The parent's columns are accepted: changes to them were confirmed there.
    authorship = Authorship(counts or "no verdicts", by, change=True)
    derived = derive(place, [source], step, authorship, Path.cwd(), progress)
    return Location(place.uri, derived.version.number), derived


def _source(location: Location) -> tuple[Location, Location]:
    """The table that verdicts are applied to, and the default table for the result."""
    version = VersionedTable.open(location).version(location.version)
    if version.derived is None or version.derived.step != STEP:
        return location, Location(location.uri + CLEAN)
    parent = version.derived.parents[0]
    number = parent.version if location.version is not None else None
    where = Location(location.beside(parent.table).uri, number)
    if not AllowedLocations.of(location).has(where):
        raise UsageError(
            f"{location}: expected the table that its verdicts were applied to beside it, got"
            f" {where.uri}",
            f"name that one: package data verdicts apply {where} --output {location}",
        )
    return where, Location(location.uri)
