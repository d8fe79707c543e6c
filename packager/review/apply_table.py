"""Applying verdicts to a table with versions: a derived table, so lineage and revert know it."""

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
from packager.tables.commits import Authorship
from packager.tables.delta import VersionedTable
from packager.tables.derive import DeriveResult, derive
from packager.tables.reach import Reach

STEP = "verdicts"
"""What lineage calls it; no function is called so, for those have a colon."""
CLEAN = ".clean"


@dataclass(frozen=True)
class VerdictStep:
    """The step of a derived table that has the rows of its parent as verdicts have them."""

    verdicts: tuple[Verdict, ...]
    """Those that change rows."""
    tell: Callable[[Corrections], object]
    """Called with what they did, if they were applied."""
    text: str = STEP

    @property
    def params(self) -> dict[str, int]:
        """How many verdicts of each kind there are."""
        return dict(sorted(Counter(given.verdict for given in self.verdicts).items()))

    def digest(self, directory: Path) -> str:
        """sha256 of what they decide."""
        del directory  # they lie in it, but are at hand
        return sha256_bytes(canonical_json([STEP, 1, digest(self.verdicts)]))

    def run(self, parents: Sequence[Path], out: Path, directory: Path) -> None:
        """Write the rows of the one parent as they should be."""
        del directory
        changes = corrections_of(read(parents[0]), self.verdicts)
        parquet.write_table(corrected_table(arrow_table(parents), changes), out)
        self.tell(changes)


def apply_to_table(
    location: Location,
    verdicts: Sequence[Verdict],
    output: Location | None,
    by: str,
    progress: Progress,
    tell: Callable[[Corrections], object],
) -> tuple[Location, DeriveResult]:
    """Bring ``output`` (default: ``NAME.clean`` beside the table) to what the verdicts say.

    A table that verdicts made already is made again from its own parent: from the same version of
    it if ``location`` names a version, else from the latest. Verdicts that were applied to the
    same rows before compute nothing. Return the version, and how it came to be there.
    """
    source, default = _source(location)
    step = VerdictStep(tuple(v for v in verdicts if v.verdict != "keep"), tell)
    counts = ", ".join(f"{count} {name}" for name, count in step.params.items())
    place = output or default
    # Columns are those of the parent: whoever changed them there was asked.
    authorship = Authorship(counts or "no verdicts", by, change=True)
    made = derive(place, [source], step, authorship, Path.cwd(), progress)
    return Location(place.uri, made.version.number), made


def _source(location: Location) -> tuple[Location, Location]:
    """What verdicts are applied to, and the table for the result."""
    version = VersionedTable.open(location).version(location.version)
    if version.derived is None or version.derived.step != STEP:
        return location, Location(location.uri + CLEAN)
    parent = version.derived.parents[0]
    number = parent.version if location.version is not None else None
    place = Location(location.beside(parent.table).uri, number)
    if not Reach.of(location).has(place):
        raise UsageError(
            f"{location}: expected the table that its verdicts were applied to beside it, got"
            f" {place.uri}",
            f"name that one: package data verdicts apply {place} --output {location}",
        )
    return place, Location(location.uri)
