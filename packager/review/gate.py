"""The build gate: check a project's data in a worker, cache the report, and judge it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packager.cache import atomic_directory, cache_directory, touch
from packager.data.checks.disputed_labels import DisputedRow, StoredLabels
from packager.data.checks.expectations import Expectations
from packager.data.checks.finding import DataCheckReport, DataFinding
from packager.errors import PackageError
from packager.location import Location
from packager.manifest.evaluation import DataCheckSummary
from packager.manifest.manifest import Lock
from packager.manifest.read_options import DEFAULT_OPTIONS, TableReadOptions
from packager.progress import Progress
from packager.project.config import Project
from packager.project.files import ProjectFiles
from packager.project.outputs import VERDICTS
from packager.project.sections import DataSection
from packager.review.summary import summary
from packager.review.verdicts import Verdict, read_verdicts
from packager.runners.job import make_job
from packager.runners.result_cache import inputs_digest
from packager.runners.runner import Worker
from packager.worker.job import CheckJob

if TYPE_CHECKING:
    from packager.tables.previous import PreviousRows


@dataclass(frozen=True)
class GateOptions:
    """Options of a build for the check of its data."""

    allow: bool
    """Whether findings that stop a build are ignored."""
    fresh: bool = False
    """Whether the data are checked although the cache has a report of the same inputs."""


def review(
    project: Project,
    files: ProjectFiles,
    lock: Lock,
    worker: Worker,
    progress: Progress,
    options: GateOptions,
) -> DataCheckSummary | None:
    """Check the data of a build; return the summary for the manifest, None without data.

    Raise ``PackageError`` for findings that stop a build, unless ``options`` allow them.
    """
    if project.data is None:
        return None
    job = make_check_job(project, progress)
    cache_path = report_cache_path(files, job, lock, worker.isolation)
    known = None if options.fresh else cached_report(cache_path)
    report = known or run_check(cache_path, job, worker, progress)
    verdicts = read_verdicts(project.directory / VERDICTS)
    for line in summary(report, verdicts):
        progress.output(line)
    blocking = undecided(report.blocking, verdicts)
    if blocking and not options.allow:
        raise gate_error(report, blocking, project.directory)
    if blocking:
        progress.warn(f"{_count(report, blocking)} that stop a build were ignored")
    free = {name: n for name, n in report.counts.items() if name in report.model_free}
    return DataCheckSummary(digest=report.digest, counts=free, allowed=bool(blocking))


def make_check_job(project: Project, progress: Progress, against: str | None = None) -> CheckJob:
    """The job of a worker that checks the project's data.

    ``against`` names the previous version: a file, a folder or a table. By default it is the
    version before the project's, if the data is a version of a table.
    """
    assert project.data is not None
    expected = Expectations(declared=project.data.columns)
    table = None
    if project.table is not None and project.exported is not None:
        table = Location(project.table.uri, project.exported.version)
    reader = project.data.reader
    previous = baseline(table, against, progress, reader)
    if previous is not None:
        columns, rules = project.slices.columns, project.slices.rules
        accepted = previous.accepted
        expected = expected.compared_with(
            previous.rows, columns, rules, accepted=accepted, reader=reader
        )
    if table is not None:
        expected = expected.model_copy(update={"labels": stored_labels(table, project.data)})
    return CheckJob(job=make_job(project), expected=expected)


def stored_labels(table: Location, data: DataSection | None = None) -> StoredLabels | None:
    """A version's labels for a check; None if the table has none.

    Of the scheme that ``data`` names; of all schemes if it names none.
    """
    from packager.tables.labels.export import disputed_rows, labelled_rows

    scheme = data.labels if data else None
    disputes = disputed_rows(table) if scheme is None else labelled_rows(table, scheme).disputes
    disputed = tuple(DisputedRow.model_validate(asdict(one)) for one in disputes)
    if scheme is None and not disputed:
        return None
    return StoredLabels(target=data.target if data and scheme else None, disputed=disputed)


def baseline(
    table: Location | None,
    against: str | None,
    progress: Progress,
    reader: TableReadOptions = DEFAULT_OPTIONS,
) -> PreviousRows | None:
    """The rows to compare with: those of ``against``, else ``table``'s previous version."""
    if table is None and against is None:
        return None
    # deltalake is imported only if a table is used.
    from packager.tables import previous

    previous_rows = previous.load_rows(against, reader) if against else None
    if previous_rows is None and table is not None:
        previous_rows = previous.load_previous(table, progress)
    if previous_rows is not None:
        progress.step(f"comparing with {previous_rows.name}")
    return previous_rows


def report_cache_path(files: ProjectFiles, job: CheckJob, lock: Lock, isolation: str) -> Path:
    """Cache path of the report, keyed by a digest of all its inputs."""
    return cache_directory("checks") / inputs_digest(files, lock, isolation, job)


def cached_report(path: Path) -> DataCheckReport | None:
    """The cached report at ``path``; None if there is none."""
    if not path.is_dir():
        return None
    touch(path)
    return DataCheckReport.load(path / "check.json")


def run_check(path: Path, job: CheckJob, worker: Worker, progress: Progress) -> DataCheckReport:
    """Check the data in ``worker``, and cache the report at ``path``."""
    progress.step("checking the data")
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        worker.run("check", {"job.json": job.dump()}, out, progress)
        report = DataCheckReport.load(out / "check.json")
    with atomic_directory(path, replace=True) as new:
        (new / "check.json").write_bytes(report.dump())
    return report


def undecided(
    findings: Sequence[DataFinding], verdicts: Sequence[Verdict]
) -> tuple[DataFinding, ...]:
    """The findings whose rows have no ``keep`` verdict."""
    right = {verdict.row_hash for verdict in verdicts if verdict.verdict == "keep"}
    return tuple(finding for finding in findings if finding.row_hash not in right)


def gate_error(
    report: DataCheckReport, blocking: Sequence[DataFinding], where: Path
) -> PackageError:
    """The error of a build with blocking findings, with the commands to continue."""
    worst = blocking[0]
    location = f" in column {worst.column!r}" if worst.column else ""
    row = f", row {worst.row_number}" if worst.row is not None else ""
    return PackageError(
        f"the check of the data: {_count(report, blocking)} stopped the build, the first: "
        f"{worst.detector}{location}{row}: got {worst.observed}, expected {worst.expected}",
        f"see them with `package data issues {where} --output DIR` and fix the data, "
        "or build with --allow-findings, which the manifest records",
    )


def _count(report: DataCheckReport, blocking: Sequence[DataFinding]) -> str:
    """The number of findings, including those that the report omits."""
    names = {finding.detector for finding in blocking}
    beyond = sum(
        report.counts[name] - sum(finding.detector == name for finding in report.findings)
        for name in names
    )
    total = len(blocking) + beyond
    return f"{total:,} finding{'s' if total != 1 else ''}"
