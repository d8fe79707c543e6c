"""A build on a new version of a table: the package of the older version, tested on what came."""

from __future__ import annotations

from dataclasses import dataclass

from packager.build.record import BuildRecord
from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.export import Destination
from packager.image.reference import Reference, open_reference
from packager.location import Location
from packager.manifest.manifest import DataSource
from packager.progress import Progress
from packager.project.config import Project
from packager.project.outputs import RECORD
from packager.testing.run import DataTestRequest, run_test
from packager.worker.test.report import DataTestReport


@dataclass(frozen=True)
class PreviousTest:
    """The last package of a project on the rows that a newer version of its table adds."""

    tag: str
    data: str
    report: DataTestReport

    @property
    def lines(self) -> list[str]:
        """What a build says about it."""
        bad = [one for one in self.report.checks if one.verdict == "failed"]
        found = [f"{one.family}: {one.why}" for one in bad[:5]]
        return [
            f"{self.tag} on {self.report.rows:,} rows of {self.data}: {self.report.sentence}"
        ] + (found if len(found) > 1 else [])

    @property
    def document(self) -> dict[str, str]:
        """For programs."""
        return {
            "tag": self.tag,
            "data": self.data,
            "verdict": self.report.verdict,
            "sentence": self.report.sentence,
        }


def previous_test(
    project: Project, output: Destination, engine: Engine | None, progress: Progress
) -> PreviousTest | None:
    """Test the package that the last build of ``project`` made, before it is replaced.

    None if the data is no table, there is no such package, or its version is not older. A test that
    can't be made is a warning: it must not stop a build.
    """
    table, record = project.table, project.directory / RECORD
    if table is None or not record.is_file():
        return None
    from packager.tables.delta import VersionedTable

    version = VersionedTable.open(table).version(table.version).number
    try:
        tag = BuildRecord.load(record).tag
        place = tag if output.kind == "docker" else str(output)
        if output.path is not None and not output.path.exists():
            return None
        with open_reference(place, engine) as found:
            older = _version(found)
            if older is None or older >= version:
                return None
            data = f"{table.uri}@{older}..{version}"
            progress.step(
                f"testing {found.name} on the rows that {Location(table.uri, version)} adds"
            )
            report = run_test(found, DataTestRequest(data), engine, progress).report
    except PackageError as error:
        progress.warn(f"the last package was not tested on the new version: {error.message}")
        return None
    return None if report is None else PreviousTest(tag, str(Location(table.uri, version)), report)


def _version(found: Reference) -> int | None:
    data = found.manifest.data
    return data.table.version if isinstance(data, DataSource) and data.table else None
