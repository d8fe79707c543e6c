"""``package data check``: the dirt in a project's data, or in a bare file, and what was decided.

A project is checked in a worker on its locked environment, by every detector. A bare file has no
such environment, so it is checked in this process, by the detectors that train nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packager.code import VERDICTS
from packager.data import frames
from packager.data.checks.check import DETECTORS, LARGE, MODEL_FREE, check
from packager.data.checks.expected import Expected
from packager.data.checks.finding import Finding, Report
from packager.data.checks.table import table_of
from packager.errors import UsageError
from packager.footing import project_worker
from packager.image.engine import Engine
from packager.progress import Progress
from packager.project import FILENAME, Project, load_project
from packager.review.examine import asked_of, examine, remembered, still_open
from packager.review.verdicts import Verdict, read_verdicts
from packager.worker.job import CheckJob


@dataclass(frozen=True)
class Place:
    """What a path given on the command line stands for."""

    project: Project | None
    source: Path
    """The rows: a file, or a folder of them."""

    @property
    def verdicts(self) -> Path:
        """The file that keeps verdicts: beside ``package.toml``, or beside the rows."""
        return (self.project.directory if self.project else self.source.parent) / VERDICTS


@dataclass(frozen=True)
class Checked:
    """A report, and what people decided about its rows."""

    report: Report
    verdicts: tuple[Verdict, ...]

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings nobody has said are right, worst first."""
        return still_open(self.report.findings, self.verdicts)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """Those of them that stop a build."""
        return still_open(self.report.blocking, self.verdicts)


def place_of(path: Path) -> Place:
    """A project if there is a ``package.toml``, else rows; raise ``UsageError`` for neither."""
    if path.name == FILENAME or (path / FILENAME).is_file():
        project = load_project(path)
        if project.data is None:
            raise UsageError(f"{path}: expected a project with data, got one without", "add [data]")
        return Place(project, project.path(project.data.source))
    if not path.exists():
        raise UsageError(f"{path}: expected a project or a file of rows, got nothing there")
    frames.source_files(path)
    return Place(None, path.resolve())


def check_data(
    place: Place,
    progress: Progress,
    *,
    target: str | None = None,
    against: Path | None = None,
    base: str | None = None,
    fresh: bool = False,
) -> Checked:
    """Check ``place``; a project's report is remembered, unless ``fresh``.

    ``target`` is for bare files only; ``against`` is the version before, whose schema is
    expected. Raises ``PackageError``.
    """
    verdicts = read_verdicts(place.verdicts)
    if place.project is None:
        return Checked(_check_file(place.source, target, against, progress), verdicts)
    if target is not None:
        raise UsageError("--target: expected none for a project", "package.toml names it")
    asked = asked_of(place.project, against)
    report = None if fresh else remembered(place.project, asked)
    return Checked(report or _check_project(place.project, asked, base, progress), verdicts)


def _check_project(
    project: Project, asked: CheckJob, base: str | None, progress: Progress
) -> Report:
    with project_worker(project, Engine.connect(), progress, base=base) as (worker, _):
        return examine(project, asked, worker, progress)


def _check_file(
    source: Path, target: str | None, against: Path | None, progress: Progress
) -> Report:
    frames.keep_text_plain()
    frame = frames.read(source)
    if target is not None and target not in frame.columns:
        raise UsageError(
            f"--target: expected a column of {source.name}, got {target!r}",
            f"its columns are {', '.join(map(str, list(frame.columns)[:20]))}",
        )
    previous = frames.infer_columns(frames.read(against)) if against else ()
    left_out = ", ".join(name for name in DETECTORS if name not in MODEL_FREE)
    note = f"no project, so no model is trained: {left_out} are left out"
    progress.step(f"checking {source.name}")
    return check(
        table_of(frame, target, expected=Expected(previous=previous)),
        models=False,
        notes=[note],
        tell=progress.output if len(frame) > LARGE else lambda _: None,
    )
