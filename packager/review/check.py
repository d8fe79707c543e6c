"""``package data check``: check the data of a project, a file or a table.

A project is checked by every detector, in a worker with its locked environment. A file or table
without a project has no such environment, so it is checked in this process, by the detectors that
need no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from modelhost.frames import keep_text_plain
from packager.cache import temporary_directory
from packager.data import frames
from packager.data.checks.disputed_labels import StoredLabels
from packager.data.checks.expectations import Expectations
from packager.data.checks.finding import DataCheckReport, DataFinding
from packager.data.checks.run import DETECTORS, MIN_PROGRESS_ROWS, WITHOUT_MODELS, check
from packager.data.checks.table import table_of
from packager.data.fingerprint import row_hashes
from packager.data.model_input import to_model_input
from packager.data.null_words import words_read_as_null
from packager.data.sources.listing import source_files
from packager.engine.engine import Engine
from packager.errors import UsageError
from packager.location import Location
from packager.manifest.read_options import DEFAULT_OPTIONS
from packager.progress import Progress
from packager.project.config import FILENAME, Project, load_project
from packager.project.files import read_files
from packager.project.outputs import VERDICTS
from packager.review.gate import (
    baseline,
    cached_report,
    make_check_job,
    report_cache_path,
    run_check,
    stored_labels,
    undecided,
)
from packager.review.verdicts import Verdict, read_verdicts
from packager.runners.project import environment_worker, resolve_environment
from packager.runners.table_data import local_data

if TYPE_CHECKING:
    from packager.tables.previous import PreviousRows


@dataclass(frozen=True)
class CheckTarget:
    """The data that an argument of the command line names."""

    project: Project | None
    data: Path | Location
    """The rows: a file, a folder of files, or a versioned table."""

    @property
    def verdicts(self) -> Path:
        """The verdicts file: next to ``package.toml`` or the rows, or in the working directory."""
        if self.project is not None:
            return self.project.directory / VERDICTS
        # A table may be in a bucket, so its verdicts are in the working directory.
        return (self.data.parent if isinstance(self.data, Path) else Path.cwd()) / VERDICTS

    @property
    def title(self) -> str:
        """Title of a report page."""
        if self.project is not None:
            return self.project.package.name
        return self.data.name if isinstance(self.data, Path) else str(self.data)

    @property
    def name(self) -> str:
        """The name of the data: of the file, the folder or the table, without its version."""
        return self.data.name if isinstance(self.data, Path) else Path(self.data.uri).name


@dataclass(frozen=True)
class CheckResult:
    """A report, and the verdicts on its rows."""

    report: DataCheckReport
    verdicts: tuple[Verdict, ...]
    isolation: Mapping[str, str] = field(default_factory=dict)
    """Isolation of the project's code; empty if none ran."""

    @property
    def open(self) -> tuple[DataFinding, ...]:
        """The findings without a ``keep`` verdict, worst first."""
        return undecided(self.report.findings, self.verdicts)

    @property
    def blocking(self) -> tuple[DataFinding, ...]:
        """The open findings that stop a build."""
        return undecided(self.report.blocking, self.verdicts)


def resolve_target(text: str) -> CheckTarget:
    """Resolve ``text`` to a project, a table or rows; raise ``UsageError`` if it is none."""
    path = Path(text)
    if path.name == FILENAME or (path / FILENAME).is_file():
        project = load_project(path)
        if project.data is None:
            raise UsageError(f"{path}: expected a project with data, got one without", "add [data]")
        return CheckTarget(project, project.table or project.path(project.data.source))
    table = Location.table_at(text)
    if table is not None:
        return CheckTarget(None, table)
    if not path.exists():
        raise UsageError(
            f"{path}: expected a project, a file of rows or a table, but it does not exist"
        )
    source_files(path)
    return CheckTarget(None, path.resolve())


def check_data(
    check_target: CheckTarget,
    progress: Progress,
    *,
    target: str | None = None,
    against: str | None = None,
    base: str | None = None,
    fresh: bool = False,
) -> CheckResult:
    """Check ``check_target``; a project's cached report is reused unless ``fresh``.

    ``target`` is for data without a project. ``against`` names the previous version (a file or a
    table); by default a table is compared with its own previous version. Raises ``PackageError``.
    """
    verdicts = read_verdicts(check_target.verdicts)
    if check_target.project is None:
        return CheckResult(_check_bare(check_target.data, target, against, progress), verdicts)
    if target is not None:
        raise UsageError("--target: expected none for a project", "package.toml names it")
    with local_data(check_target.project, progress) as project:
        job = make_check_job(project, progress, against)
        files = read_files(project)
        environment = resolve_environment(project, files, Engine.connect(), progress, base=base)
        cache_path = report_cache_path(files, job, environment.lock, environment.isolation)
        report, isolation = None if fresh else cached_report(cache_path), dict[str, str]()
        if report is None:
            with environment_worker(project, files, environment, progress) as worker:
                report = run_check(cache_path, job, worker, progress)
                isolation = dict(worker.measures)
        return CheckResult(report, verdicts, isolation)


def _check_bare(
    data: Path | Location, target: str | None, against: str | None, progress: Progress
) -> DataCheckReport:
    """Check a file or table without a project."""
    keep_text_plain()
    if isinstance(data, Path):
        previous_rows = baseline(None, against, progress)
        return _check_rows(data, data.name, target, previous_rows, progress)
    from packager.tables.checkout import export

    with temporary_directory() as folder:
        file = folder / f"{data.name}.parquet"
        version = Location(data.uri, export(data, file).number)
        previous_rows = baseline(version, against, progress)
        labels = stored_labels(version)
        return _check_rows(file, str(version), target, previous_rows, progress, labels)


def _check_rows(
    source: Path,
    name: str,
    target: str | None,
    before: PreviousRows | None,
    progress: Progress,
    labels: StoredLabels | None = None,
) -> DataCheckReport:
    frame = frames.read(source)
    served = to_model_input(frame, DEFAULT_OPTIONS)
    if target is not None and target not in frame.columns:
        raise UsageError(
            f"--target: expected a column of {name}, got {target!r}",
            f"its columns are {', '.join(map(str, list(frame.columns)[:20]))}",
        )
    expected = Expectations(labels=labels)
    if before is not None:
        expected = expected.compared_with(before.rows, accepted=before.accepted)
    left_out = ", ".join(name for name in DETECTORS if name not in WITHOUT_MODELS)
    note = f"no project, so no model is trained: {left_out} are left out"
    progress.step(f"checking {name}")
    return check(
        table_of(
            served,
            target,
            expected=expected,
            hashes=row_hashes(frame),
            null_words=words_read_as_null(source, served, DEFAULT_OPTIONS),
        ),
        models=False,
        notes=[note],
        tell=progress.output if len(frame) > MIN_PROGRESS_ROWS else lambda _: None,
    )
