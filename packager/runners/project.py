"""Resolve platform, base and dependencies of a project, and start its workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from modelhost.sandbox.network import isolation_line
from packager.cache import temporary_directory
from packager.confinement import warn_outside
from packager.engine.engine import Engine
from packager.environment.dependencies import Dependencies, lock_and_fetch
from packager.environment.lock import FILENAME as LOCK
from packager.environment.lock import load_lock
from packager.environment.platform import WheelTarget, default_platform, host_target
from packager.environment.shipped import check_python
from packager.errors import PackageError
from packager.image.base.base import find_base, find_made_base
from packager.image.base.debian import base_name
from packager.image.base.registry_base import BasePin
from packager.image.base.saved import BaseImage
from packager.image.config import Image, assemble
from packager.image.layers import plain_layer
from packager.image.stack import Stack, entries, make_stack
from packager.manifest.manifest import Base, Lock
from packager.progress import Progress
from packager.project.config import Project
from packager.project.files import ListedFiles, ProjectFiles
from packager.project.required_secrets import explain_left_out
from packager.project.sections import ImageSection
from packager.runners.local import check_host
from packager.runners.machine import machine
from packager.runners.package import layers_worker
from packager.runners.requirements import requirements_of, with_base_digest
from packager.runners.runner import Worker


@dataclass(frozen=True)
class ProjectEnvironment:
    """The environment of a project's worker."""

    platform: str
    base: BaseImage | None
    dependencies: Dependencies
    engine: Engine | None

    @property
    def isolation(self) -> str:
        """The isolation of its worker: ``container``, or ``process`` on this machine."""
        return "process" if self.engine is None or self.base is None else "container"

    @property
    def machine(self) -> dict[str, str]:
        """The machine of its worker, as ``packager.runners.machine`` describes it."""
        return machine(None if self.base is None else self.engine)

    @property
    def lock(self) -> Lock:
        """Every dependency with version and sha256."""
        return self.dependencies.lock

    def with_lock(self, lock: Lock) -> ProjectEnvironment:
        """This environment with other dependencies in the package."""
        return replace(self, dependencies=replace(self.dependencies, lock=lock))

    @property
    def locked_base(self) -> Base | None:
        """The base as it is locked; None without a base."""
        return self.base.locked if self.base else None


def resolve_dependencies(
    project: Project,
    files: ListedFiles,
    base: BaseImage | None,
    target: WheelTarget,
    progress: Progress,
    *,
    update: bool,
) -> Dependencies:
    """Lock the dependencies for ``target``, with ``base`` pinned, and download every wheel."""
    requirements = requirements_of(project, files, base)
    if project.requirements.file is None:
        progress.step(f"requirements from {requirements.file.name}, the only such file")
    lock_path, locked = project.directory / LOCK, base.locked if base else None
    dependencies = lock_and_fetch(requirements, lock_path, target, locked, progress, update=update)
    return with_base_digest(dependencies, base)


def resolve_platform(project: Project, engine: Engine | None) -> str:
    """The platform of the engine or of this machine, where the model is trained.

    Raises ``PackageError`` if the project is for other platforms only.
    """
    here, platforms = engine.platform if engine else default_platform(), project.image.platforms
    if platforms and here not in platforms:
        raise PackageError(
            f"platforms: expected {here} among them, because the model is trained on this machine, "
            f"got {', '.join(platforms)}",
            f"name {here} too, or build on a machine of {platforms[0]}",
        )
    return here


@dataclass(frozen=True)
class BaseChoice:
    """The base for a verb."""

    asked: str | None = None
    """The base of the command line, in place of the project's."""
    needed: bool = False
    """Whether the verb can't do without one."""
    upgrade: bool = False
    """Whether a tag of a registry is resolved again, though the project's lock names its base."""


def resolve_base(
    project: Project,
    choice: BaseChoice,
    platform: str,
    engine: Engine | None,
    progress: Progress,
) -> BaseImage | None:
    """Find the base; raise ``PackageError`` if it is missing but asked for or needed.

    With an engine, a missing base that the project names is an error too, because a project must
    not cause a run outside a container. The default base may be missing, and without an engine the
    project's too, or it may be one that needs an engine: then the result is None, with a warning.
    """
    requested, needed = choice.asked, choice.needed
    reference = requested or project.image.base
    progress.step(f"looking for the base {reference}")
    lock = None if choice.upgrade else load_lock(project.directory / LOCK)
    pin = BasePin.of(lock and lock.of(platform), reference)
    base = find_base(reference, platform, engine, pin)
    if base is not None and base.saved.digest is not None:
        progress.step(f"base {base.saved.reference} is {base.saved.digest}")
    named = engine is not None and reference != ImageSection().base
    if base is None and (requested or needed or named):
        where = (
            "not in the cache, and no engine responds"
            if engine is None
            else ("the engine has no such image and can't pull it")
        )
        raise PackageError(
            f"base {reference}: {where}",
            "make one with `package base`, and add --base with the name it prints; or name the "
            "registry that has it: HOST/NAME:TAG",
        )
    why = _unusable(base, engine)
    if why and not requested and not needed:
        progress.warn(
            f"base {reference} {why}: the package gets none (base: none) and runs with "
            f"--local only; {_other_base(platform, engine)}"
        )
        return None
    return base


def _unusable(base: BaseImage | None, engine: Engine | None) -> str:
    """Why a build can't use ``base``; empty if it can."""
    if base is None:
        return "is not available"
    if engine is None and not fits_host(base):
        return f"needs an engine, as its Python {base.saved.version} does not run on this machine"
    return ""


def fits_host(base: BaseImage) -> bool:
    """Whether a build without an engine can use ``base``: compile for it, and train as it would."""
    host, target = host_target(), base.target
    if host is None or (host.python, host.platform) != (target.python, target.platform):
        return False
    return target.glibc <= host.glibc and base.compiles_here


def _other_base(platform: str, engine: Engine | None) -> str:
    """Hint for a missing default base; it names an existing base if there is one."""
    name = base_name()
    base = find_made_base(name, platform, engine) if name is not None else None
    if base is not None and not _unusable(base, engine):
        return f"with --base {name} it has a base and runs in containers"
    return "`package base` makes one, for --base"


def wheel_target(base: BaseImage | None, platform: str, engine: Engine | None) -> WheelTarget:
    """The target of the wheels: the base's, or this machine's without a base.

    Raise ``PackageError`` if this machine can't run it, or if no server can.
    """
    if base is not None:
        check_python(base.target, f"base {base.saved.reference}")
        if engine is None:
            check_host(base.target.python, base.target.platform)
        return base.target
    host = host_target()
    if host is None or host.platform != platform:
        raise PackageError(
            f"no base is available, and this machine is not {platform}",
            "start Docker, which pulls one",
        )
    check_python(host, "this machine's Python, as no base is available")
    return host


def resolve_environment(
    project: Project,
    files: ProjectFiles,
    engine: Engine | None,
    progress: Progress,
    *,
    base: str | None = None,
) -> ProjectEnvironment:
    """Platform, base and locked dependencies of a project, as in a build."""
    platform = resolve_platform(project, engine)
    base_image = resolve_base(project, BaseChoice(base), platform, engine, progress)
    target = wheel_target(base_image, platform, engine)
    dependencies = resolve_dependencies(
        project, files.listed, base_image, target, progress, update=False
    )
    return ProjectEnvironment(platform, base_image, dependencies, engine)


@contextmanager
def environment_worker(
    project: Project, files: ProjectFiles, environment: ProjectEnvironment, progress: Progress
) -> Iterator[Worker]:
    """A worker with a project's locked environment, code and data, as in a build."""
    with temporary_directory() as folder:
        warn_outside(project.directory, project.path_keys, progress)
        files.listed.warn_omitted(progress)
        progress.step("making layers")
        stack = make_stack(environment.base, environment.lock, files, folder, progress)
        image = training_image(environment, files, stack, folder)
        with (
            explain_left_out(files.listed.left_out),
            training_worker(environment, image, progress) as worker,
        ):
            yield worker


@contextmanager
def training_worker(
    environment: ProjectEnvironment, image: Image, progress: Progress
) -> Iterator[Worker]:
    """A worker for training in ``image``, which ``training_image`` made."""
    base, engine = environment.locked_base, environment.engine
    if engine is None or base is None:
        why = "no engine responds" if engine is None else "base: none"
        progress.warn(
            f"no container ({why}): code of the project runs on this machine with your permissions"
        )
    with layers_worker(image.layers, base, environment.platform, engine) as worker:
        yield worker
        if worker.measures:
            progress.step(f"isolation: {isolation_line(worker.measures)}")


def training_image(
    environment: ProjectEnvironment, files: ProjectFiles, stack: Stack, folder: Path
) -> Image:
    """The image that trains: ``stack`` with its data, and a pretrained model if there is one."""
    model_files = files.model
    models = (
        [plain_layer("model", folder / "given.tar", entries(model_files, "models"))]
        if model_files
        else []
    )
    layers = [*stack.below, *stack.trees, *stack.worker, *models, *stack.data]
    return assemble("training", environment.locked_base, layers, environment.platform, {})
