"""The images of a package for other platforms: assembled here; nothing of them is executed."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace

from packager.build.context import BuildContext, BuildOptions
from packager.environment.dependencies import lock_and_fetch
from packager.environment.lock import FILENAME as LOCK
from packager.environment.lock import load_lock
from packager.environment.shipped import check_python
from packager.errors import PackageError, UsageError
from packager.image.base.base import find_base
from packager.image.base.debian import check_system_packages
from packager.image.base.registry_base import BasePin
from packager.image.base.saved import BaseImage
from packager.image.export import Destination
from packager.image.processors import check_processors
from packager.image.shared_libraries import check_libraries
from packager.image.stack import LayerOptions, make_stack
from packager.progress import Progress
from packager.project.config import Project
from packager.project.files import ListedFiles, ProjectFiles
from packager.runners.project import ProjectEnvironment
from packager.runners.requirements import requirements_of, with_base_digest


def check_output(project: Project, output: Destination, builder: str) -> None:
    """Raise ``UsageError`` if ``output`` can't hold the images of several platforms."""
    if len(project.image.platforms) < 2:
        return
    if output.kind == "docker-archive":
        raise UsageError(
            "--output docker-archive: expected one platform, which is all that such a file holds, "
            f"got {', '.join(project.image.platforms)}",
            "write a folder, which holds an index of them: --output oci:DIR",
        )
    if builder == "docker":
        raise UsageError(
            "--builder docker: expected one platform, got " + ", ".join(project.image.platforms),
            "leave out --builder: images for other platforms are assembled",
        )


def other_environments(
    project: Project,
    files: ListedFiles,
    native: ProjectEnvironment,
    progress: Progress,
    options: BuildOptions,
) -> tuple[ProjectEnvironment, ...]:
    """Base and dependencies of every platform but the ``native`` one, in the same versions.

    Raises ``PackageError`` for one without a base, or without a wheel of a version.
    """
    names = [name for name in project.image.platforms if name != native.platform]
    return tuple(_environment(project, files, native, name, (progress, options)) for name in names)


def _environment(
    project: Project,
    files: ListedFiles,
    native: ProjectEnvironment,
    platform: str,
    how: tuple[Progress, BuildOptions],
) -> ProjectEnvironment:
    progress, options = how
    base = platform_base(project, native, platform, progress, options)
    check_system_packages(project.image.system_packages, base)
    check_python(base.target, f"base {base.saved.reference}")
    requirements = replace(
        requirements_of(project, files, native.base), same_as=native.dependencies.file
    )
    dependencies = lock_and_fetch(
        requirements,
        project.directory / LOCK,
        base.target,
        base.locked,
        progress,
        update=options.upgrade,
    )
    return ProjectEnvironment(platform, base, with_base_digest(dependencies, base), None)


def platform_base(
    project: Project,
    native: ProjectEnvironment,
    platform: str,
    progress: Progress,
    options: BuildOptions,
) -> BaseImage:
    """The base for another ``platform``; one in a registry as the project's lock pins it.

    Raises ``PackageError`` if there is none, or if it has another Python than the ``native`` one.
    """
    reference = options.base or project.image.base
    progress.step(f"looking for the base {reference} for {platform}")
    lock = None if options.upgrade else load_lock(project.directory / LOCK)
    pin = BasePin.of(lock and lock.of(platform), reference)
    base = find_base(reference, platform, native.engine, pin)
    if base is not None and base.saved.digest is not None:
        progress.step(f"base {base.saved.reference} for {platform} is {base.saved.digest}")
    if base is None:
        raise PackageError(
            f"base {reference}: expected it for {platform} in the cache, got none",
            f"make one with `package base --platform {platform}`, and build with --base and the "
            "name it prints",
        )
    if native.base is None or base.saved.python != native.lock.python:
        raise PackageError(
            f"base {reference}: expected Python {native.lock.python} for {platform}, as for "
            f"{native.platform}, got {base.saved.python}",
            f"make one of the same release with `package base --platform {platform} --release …`",
        )
    if base.compiler() is None:
        progress.warn(
            f"no Python {base.saved.version} for {native.platform} is known here: the image for "
            f"{platform} gets no bytecode and starts more slowly; bases of the same release for "
            "both platforms have one Python"
        )
    return base


def with_platforms(
    context: BuildContext, environments: Sequence[ProjectEnvironment]
) -> BuildContext:
    """``context`` with a context for each of ``environments``, whose layers are made here."""
    others = tuple(_other(context, environment) for environment in environments)
    return replace(context, others=others)


def _other(context: BuildContext, environment: ProjectEnvironment) -> BuildContext:
    progress, platform = context.progress, environment.platform
    folder = context.folder / platform.replace("/", "-")
    folder.mkdir()
    (folder / "out").symlink_to(context.folder / "out")
    progress.step(f"making layers for {platform}")
    without_data: ProjectFiles = replace(context.files, data={})
    options = LayerOptions(context.fresh)
    stack = make_stack(environment.base, environment.lock, without_data, folder, progress, options)
    check_libraries(environment.base, stack, progress)
    check_processors(stack, environment.lock, environment.locked_base)
    # Data and model are the same files on every platform.
    stack = replace(stack, data=context.stack.data)
    return replace(context, environment=environment, stack=stack, folder=folder)


def package_folders(context: BuildContext) -> None:
    """Copy the files of ``/package`` that all platforms have into the folder of each."""
    for other in context.others:
        shutil.copytree(context.package, other.package)
