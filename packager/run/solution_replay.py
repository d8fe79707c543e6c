"""``package replay`` of a solution: each member is trained again, then the whole is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packager.cache import temporary_directory
from packager.digest import Files, hash_files
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.layers import plain_layer
from packager.image.reference import Reference
from packager.image.stack import entries
from packager.manifest.base import EquivalenceLevel, FrozenModel
from packager.manifest.manifest import DataSource
from packager.model.integrity import IntegrityCheck
from packager.progress import Progress
from packager.run.check_package import checked
from packager.run.member_stage import member_examination
from packager.run.replay import check_runnable, given_files, repeat, with_verification
from packager.run.replay_stage import ReplayStage, own_layers
from packager.solutions.member_data import placed
from packager.solutions.opened import OpenedMember, OpenedSolution
from packager.trust.contents import given_checks
from packager.trust.examine import Examination
from packager.worker.job import ReplayRequest
from packager.worker.replay.flow import FlowReplay
from packager.worker.replay.report import LEVELS, ReplayReport

NO_RECIPE = "its package has no recipe: the model was trained elsewhere"
NO_DATA = "the solution holds no data of it"


class MemberReplay(FrozenModel):
    """The replay of one member."""

    package: str
    version: str
    root: str
    report: ReplayReport | None = None
    why: str = ""
    """Why it was not trained again; empty if it was."""

    @property
    def level(self) -> EquivalenceLevel:
        """The level that it reached."""
        return "none" if self.report is None else self.report.level

    @property
    def passed(self) -> bool:
        """Whether it was trained again, and passed."""
        return self.report is not None and self.report.passed


class SolutionReport(FrozenModel):
    """Result of the replay of a solution."""

    root: str = ""
    """Root of the solution's package, set by the installation that verified it."""
    level: EquivalenceLevel
    """The level of the weakest member."""
    weakest: str | None = None
    """The member with it."""
    passed: bool
    """Whether every member that was asked for passed, and the whole answers as recorded."""
    members: dict[str, MemberReplay]
    flow: FlowReplay | None = None
    """The whole, end to end; None if single members were asked for, or a check failed."""
    checks: tuple[IntegrityCheck, ...]
    """Of the whole package, by this installation."""
    verified_by: dict[str, str]


@dataclass(frozen=True)
class SolutionReplay:
    """The solution to replay, and the folder for it."""

    engine: Engine | None
    progress: Progress
    request: ReplayRequest
    members: Sequence[str] = ()
    """The members to replay; empty: all and the whole."""
    data: Path | None = None
    """The data of the one member in ``members``, or of the whole."""


def replay_solution(reference: Reference, how: SolutionReplay) -> SolutionReport:
    """Verify a solution, train its members again, and compare its answers with the recorded ones.

    Raises ``UsageError`` for options that don't fit, and ``PackageError`` if a training fails.
    """
    manifest = reference.manifest
    assert manifest.solution is not None
    names = [member.name for member in manifest.solution.members]
    _check_options(names, manifest.data, how)
    how.progress.step("checking the package from outside")
    with temporary_directory() as folder, checked(reference, how.engine) as checked_package:
        examined, opened, checks = (
            checked_package.examined,
            checked_package.solution,
            [*checked_package.checks],
        )
        assert opened is not None
        whole = not how.members and how.data is not None
        files = _given(how.data, manifest.data) if whole else {}
        if files and isinstance(manifest.data, DataSource):
            checks += given_checks(files, manifest.data)
        if not all(check.ok for check in checks):
            report = _report({}, None, checks, examined)
            return report.model_copy(update={"root": manifest.root})
        check_runnable(examined.lock, how.engine)
        replays = {
            member.record.name: _member(examined, opened, member, how, folder)
            for member in opened.members
            if member.record.name in (how.members or names)
        }
        flow = None if how.members else _flow(examined, how, files, folder)
    report = _report(replays, flow, checks, examined, whole=not how.members)
    return report.model_copy(update={"root": manifest.root})


def _check_options(names: Sequence[str], data: DataSource | str, how: SolutionReplay) -> None:
    for name in how.members:
        if name not in names:
            raise UsageError(
                f"--member: expected one of {', '.join(names)}, got {name!r}",
                "`package inspect` lists the members",
            )
    if how.request.perturb != "none" and not how.members:
        raise UsageError(
            "--perturb: expected the member whose training to change, got the whole solution",
            f"name it with --member {names[0]}",
        )
    if how.data is not None and len(how.members) > 1:
        raise UsageError(
            "--data: expected one --member, whose data it is, got several", "replay them one by one"
        )
    embedded = isinstance(data, DataSource) and data.embed != "none"
    if not how.members and embedded == (how.data is not None):
        raise UsageError(
            "--data: the package holds its own data"
            if embedded
            else "this solution holds a pointer to its data, not the data (embed = none)",
            "leave --data out" if embedded else "name the data with --data",
        )


def _given(data: Path | None, source: DataSource | str) -> Files:
    return given_files(data, source) if data is not None and isinstance(source, DataSource) else {}


def _member(
    examined: Examination,
    opened: OpenedSolution,
    member: OpenedMember,
    how: SolutionReplay,
    folder: Path,
) -> MemberReplay:
    """Train one member again, unless it has no recipe or no data is at hand."""
    record, manifest = member.record, member.package.manifest
    replay = MemberReplay(package=record.package, version=record.version, root=record.root)
    if manifest.recipe == "none" or not isinstance(manifest.data, DataSource):
        return replay.model_copy(update={"why": NO_RECIPE})
    checks: list[IntegrityCheck] = []
    if how.data is not None and how.members:
        files = given_files(how.data, manifest.data)
        checks = given_checks(files, manifest.data)
    elif manifest.data.embed == "none" or not opened.data:
        why = f"{NO_DATA}: replay it with --member {record.name} --data FILE"
        return replay.model_copy(update={"why": why})
    else:
        files = hash_files(placed(manifest, opened.data))
    wrong = [check for check in checks if not check.ok]
    if wrong:
        raise UsageError(
            f"--data: {wrong[0].name}: expected {wrong[0].expected}, got {wrong[0].actual}",
            f"name the data that member {record.name} was built from",
        )
    how.progress.step(f"member {record.name}: {record.package} {record.version}")
    path = folder / record.name
    path.mkdir()
    own = member_examination(examined, member, path)
    try:
        report = repeat(own, how.engine, how.progress, manifest, how.request, files)
    except PackageError as error:
        raise type(error)(f"member {record.name}: {error.message}", error.hint) from error
    return replay.model_copy(update={"report": with_verification(report, checks, examined)})


def _flow(examined: Examination, how: SolutionReplay, files: Files, folder: Path) -> FlowReplay:
    """Ask the recorded solution, with the runtime of this installation."""
    how.progress.step("asking the whole, end to end")
    out, path = folder / "flow-out", folder / "flow"
    out.mkdir()
    path.mkdir()
    layers = [*own_layers(examined, path)]
    if files:
        layers.append(plain_layer("data", path / "data.tar", entries(files, "data")))
    stage = ReplayStage(examined, how.engine, tuple(layers), how.progress)
    with stage.worker(recorded=True) as worker:
        done = worker.run("flow", {"request.json": how.request.dump()}, out, how.progress)
    return FlowReplay.load(done)


def _report(
    replays: dict[str, MemberReplay],
    flow: FlowReplay | None,
    checks: Sequence[IntegrityCheck],
    examined: Examination,
    *,
    whole: bool = True,
) -> SolutionReport:
    weakest = max(replays, key=lambda name: LEVELS.index(replays[name].level), default=None)
    sound = bool(replays) and all(check.ok for check in checks)
    answers = not whole or (flow is not None and flow.passed)
    return SolutionReport(
        level="none" if weakest is None else replays[weakest].level,
        weakest=weakest,
        passed=sound and answers and all(replay.passed for replay in replays.values()),
        members=replays,
        flow=flow,
        checks=tuple(checks),
        verified_by=examined.verified_by,
    )
