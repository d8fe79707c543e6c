"""A build on a new version of a table: the last package on what came, and its processor time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.build.record import BuildRecord
from packager.cache import temporary_directory
from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.export import Destination
from packager.image.reference import Reference, open_reference
from packager.location import Location
from packager.manifest.manifest import DataSource
from packager.progress import Progress
from packager.project.config import Project
from packager.project.outputs import RECORD
from packager.testing.previous_time import times_on
from packager.testing.run import DataTestRequest, run_test
from packager.trust.verified import open_verified
from packager.worker.test.report import Check, DataTestReport
from packager.worker.test.timing import since
from packager.worker.test.verdict import FamilyResult, judge


@dataclass(frozen=True)
class PreviousTest:
    """The last package of a project on the rows that a newer version of its table adds."""

    tag: str
    data: str
    report: DataTestReport

    @property
    def lines(self) -> list[str]:
        """The lines of the build's output."""
        bad = [check for check in self.report.checks if check.verdict == "failed"]
        reasons = [f"{one.family}: {one.why}" for one in bad[:5]]
        return [
            f"{self.tag} on {self.report.rows:,} rows of {self.data}: {self.report.sentence}"
        ] + (reasons if len(reasons) > 1 else [])

    @property
    def document(self) -> dict[str, str]:
        """For programs."""
        return {
            "tag": self.tag,
            "data": self.data,
            "verdict": self.report.verdict,
            "sentence": self.report.sentence,
        }


@dataclass(frozen=True)
class PreviousTime:
    """The processor time of a row in the new package, compared with the last one."""

    tag: str
    check: Check | None
    """None if it could not be compared."""
    why: str = ""
    """Why not."""

    @property
    def passed(self) -> bool:
        """Whether it was compared, and a row costs no more than the policy allows."""
        return self.check is not None and self.check.verdict == "passed"

    @property
    def line(self) -> str:
        """The line of the build's output."""
        if self.check is None:
            return f"processor time was not compared with {self.tag}: {self.why}"
        return f"processor time, {self.check.verdict}: {self.check.why}"

    @property
    def document(self) -> dict[str, Any]:
        """For programs."""
        check = self.check
        return {
            "tag": self.tag,
            "verdict": None if check is None else check.verdict,
            "ratio": None if check is None else check.now,
            "sentence": self.line,
        }


@dataclass(frozen=True)
class LastPackage:
    """The package that the last build of a project made from an older version of its table."""

    tag: str
    reference: Reference
    data: str
    """The rows that the newer version adds: ``TABLE@3..5``."""
    version: Location
    engine: Engine | None
    progress: Progress

    def test(self) -> PreviousTest | None:
        """Test it on the rows; None if the version adds none. A test that can't be made warns."""
        self.progress.step(f"testing {self.tag} on the rows that {self.version} adds")
        request = DataTestRequest(self.data)
        try:
            report = run_test(self.reference, request, self.engine, self.progress).report
        except PackageError as error:
            self.progress.warn(_not_tested(error))
            return None
        return None if report is None else PreviousTest(self.tag, str(self.version), report)

    def time(self, built: str) -> PreviousTime:
        """Compare the processor time of the package ``built`` with its own, and tell it."""
        comparison = self._compared(built)
        (self.progress.step if comparison.passed else self.progress.warn)(comparison.line)
        return comparison

    def _compared(self, built: str) -> PreviousTime:
        try:
            with open_reference(built, self.engine) as new:
                both, policy = (new, self.reference), new.manifest.test
                times = times_on(both, self.data, self.engine, self.progress)
        except PackageError as error:
            return PreviousTime(self.tag, None, error.message)
        check = since(times, policy)
        if check is None:
            return PreviousTime(self.tag, None, times.why or "too few rounds could be measured")
        (family,) = judge({"time": FamilyResult([check])}, policy)
        return PreviousTime(self.tag, family.checks[0])


@contextmanager
def last_package(
    project: Project, output: Destination, engine: Engine | None, progress: Progress
) -> Iterator[LastPackage | None]:
    """The package of the last build at ``output``, which stays readable while it is replaced.

    None if the data is no table, there is no such package, or its version is not older. One that
    can't be read is a warning: it must not stop a build.
    """
    with ExitStack() as stack:
        try:
            previous = _opened(project, output, engine, progress, stack)
        except PackageError as error:
            progress.warn(_not_tested(error))
            previous = None
        yield previous


def _opened(
    project: Project,
    output: Destination,
    engine: Engine | None,
    progress: Progress,
    stack: ExitStack,
) -> LastPackage | None:
    table, record = project.table, project.directory / RECORD
    if table is None or not record.is_file():
        return None
    if output.path is not None and not output.path.exists():
        return None
    from packager.tables.delta import VersionedTable

    version = VersionedTable.open(table).version(table.version).number
    tag = BuildRecord.load(record).tag
    reference = output.reference_of(tag)
    older = _version(stack.enter_context(open_reference(reference, engine)))
    if older is None or older >= version:
        return None
    if output.path is not None:
        reference = _copied(output.path, stack.enter_context(temporary_directory()))
    return LastPackage(
        tag,
        stack.enter_context(open_verified(reference, engine, progress, companion=True)),
        f"{table.uri}@{older}..{version}",
        Location(table.uri, version),
        engine,
        progress,
    )


def _copied(path: Path, folder: Path) -> str:
    """Another name for the files at ``path`` in ``folder``: the build replaces the first one."""
    copy = folder / path.name
    if path.is_dir():
        shutil.copytree(path, copy, copy_function=_linked)
    else:
        _linked(str(path), str(copy))
    return str(copy)


def _linked(source: str, target: str) -> None:
    """A hard link; a copy on another file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _not_tested(error: PackageError) -> str:
    return f"the last package was not tested on the new version: {error.message}"


def _version(package: Reference) -> int | None:
    data = package.manifest.data
    return data.table.version if isinstance(data, DataSource) and data.table else None
