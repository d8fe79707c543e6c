"""Builds of solutions: their members are built or opened first."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from modelhost.solution.spec import FILE
from packager.build.context import BuildOptions
from packager.build.member_images import check_several, write_several
from packager.build.record import BuildResult
from packager.build.solution_checks import check_before_members, check_flow, naming
from packager.cache import temporary_directory
from packager.digest import HashedFile
from packager.engine.engine import Engine
from packager.environment.formats.selection import DependencySelection
from packager.environment.locked_downloads import fetch_locked
from packager.image.config import MEMBERS_DATA
from packager.image.export import Destination
from packager.image.layers import Layer, plain_layer
from packager.image.reference import Reference, open_reference
from packager.manifest.solution import Solution
from packager.progress import Progress
from packager.project.config import Project
from packager.project.files import ProjectFiles
from packager.project.sections import MemberSection
from packager.runners.project import ProjectEnvironment, wheel_target
from packager.solutions.member_data import data_entries, keep_data
from packager.solutions.member_package import MemberPackage, unpack_member
from packager.solutions.plan import plan_solution
from packager.trust.verified import signed

Build = Callable[[Project, Destination, Engine | None, Progress, BuildOptions], BuildResult]
MODEL = "model"
DATA = "data"


def with_members(build: Build) -> Build:
    """Decorate a build to put the members of a solution into its ``solution_folder``."""

    @functools.wraps(build)
    def build_solution(
        project: Project,
        output: Destination,
        engine: Engine | None,
        progress: Progress,
        options: BuildOptions = BuildOptions(),
    ) -> BuildResult:
        several = options.images == "several"
        if several:
            check_several(project, output)
        if not project.member:
            return build(project, output, engine, progress, options)
        projects = check_before_members(project, options.base or project.image.base)
        with temporary_directory() as folder, ExitStack() as stack:
            solution = folder / MODEL
            members: list[tuple[str, Reference]] = []
            # Packages first: a missing one is an error before anything is built.
            for section in sorted(project.member, key=lambda one: one.name in projects):
                with ExitStack() as one:
                    how = (engine, progress, options)
                    member_project = projects.get(section.name)
                    reference = one.enter_context(
                        _member(project, section, member_project, build, how)
                    )
                    unpack_member(section, reference, solution)
                    keep_data(section, reference, folder / DATA)
                    if several:  # its image is read when that of the solution is written
                        members.append((section.name, reference))
                        stack.push(one.pop_all())
            (solution / FILE).touch()  # its content depends on the lock: ``plan_members``
            own = project.model_copy(update={"solution_folder": solution})
            built = build(own, output, engine, progress, options)
            if several:
                order = [one.name for one in project.member]
                members.sort(key=lambda one: order.index(one[0]))
                write_several(project, built, members, (output, engine, progress))
            return built

    return build_solution


@contextmanager
def _member(
    project: Project,
    section: MemberSection,
    member_project: Project | None,
    build: Build,
    how: tuple[Engine | None, Progress, BuildOptions],
) -> Iterator[Reference]:
    """The package of a member; built if ``member_project`` is given."""
    engine, progress, options = how
    path = project.path(section.package)
    with temporary_directory() as folder, naming(section):
        if member_project is not None:
            progress.step(f"member {section.name}: building {section.package}")
            own = replace(options, builder="assemble", check_reproducible=False, images="one")
            build(member_project, Destination("oci", folder / "built"), engine, progress, own)
            text = str(folder / "built")
        else:
            progress.step(f"member {section.name}: {section.package}")
            text = str(path) if path.exists() else section.package
        with open_reference(text, engine) as reference:
            # What was just built here has no signature; the policy is for what comes from others.
            yield signed(reference, None, progress) if member_project is None else reference


def plan_members(
    project: Project, files: ProjectFiles, environment: ProjectEnvironment, progress: Progress
) -> tuple[ProjectFiles, ProjectEnvironment, Solution | None]:
    """Decide where the members of a solution run, and lock and fetch what they need.

    The file that says so is part of the model. Third, the record for the manifest; None for a
    project that is no solution.
    """
    folder, flow = project.solution_folder, project.package.flow
    if folder is None or flow is None:
        return files, environment, None
    members = [MemberPackage.load(section, folder) for section in project.member]
    check_flow(project, members)
    plan = plan_solution(flow, members, environment.lock, files.code, network=project.serve.network)
    for member in plan.record.members:
        where = _where(member.process, plan.reasons.get(member.name))
        progress.step(f"member {member.name}: {member.package} {member.version}, {where}")
    target = wheel_target(environment.base, environment.platform, environment.engine)
    needed = plan.lock.wheels_of("members")
    requirements = project.path(project.requirements_file)
    fetch_locked(needed, requirements, DependencySelection(target), progress)
    (folder / FILE).write_text(plan.spec.as_json(), encoding="utf-8")
    model = {**files.model, f"{MODEL}/{FILE}": HashedFile.of(folder / FILE)}
    return replace(files, model=model), environment.with_lock(plan.lock), plan.record


def members_data(project: Project, folder: Path) -> tuple[Layer, ...]:
    """A layer in ``folder`` with the training data of a solution's members; none without any."""
    if project.solution_folder is None:
        return ()
    entries = data_entries(project.solution_folder.parent / DATA)
    return (plain_layer(MEMBERS_DATA, folder / "members.tar", entries),) if entries else ()


def _where(process: str, why: str | None) -> str:
    if process == "inline":
        return "in the flow's process"
    reason = f": {why}" if why else ""
    return f"in a process and an environment of its own{reason}"
