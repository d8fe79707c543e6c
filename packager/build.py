"""``package build``: from a project folder to images, in one readable line of steps."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from packager.cache import cache_limit, check_writable, prune, work_folder
from packager.check import check_code, check_columns, check_model_file
from packager.code import RECORD, code_files, data_files, model_files
from packager.data.frames import source_files
from packager.describe import describe, labels
from packager.environment.dependencies import Dependencies, provide
from packager.environment.lock import FILENAME as LOCK
from packager.environment.lock import DataFormat, write_lock
from packager.environment.platform import Target, default_platform, host_target
from packager.errors import PackageError
from packager.image.assemble import LABEL, Image, assemble
from packager.image.base import BaseImage, find_base
from packager.image.debian import check_system_packages
from packager.image.docker_build import Builder, build_images, check_builder, own_template
from packager.image.elf import check_libraries
from packager.image.engine import Engine
from packager.image.layers import plain_layer, tree_entries
from packager.image.outputs import Output, deliver
from packager.image.stack import Stack, entries, make_stack
from packager.image.stored import COMPANION
from packager.manifest import Base, Manifest
from packager.progress import Progress, Silent
from packager.project import Project
from packager.proof import prove
from packager.record import BuildRecord, write_record
from packager.runners.local import check_host
from packager.training import train
from packager.verify import Files, verify
from packager.versions.project_data import on_local_data


@dataclass(frozen=True)
class Built:
    """What a build made: the manifest, and the images as they were delivered."""

    manifest: Manifest
    images: tuple[Image, ...]
    """The image, then its companion if it has one."""


@on_local_data
def build(
    project: Project,
    output: Output,
    engine: Engine | None,
    progress: Progress,
    *,
    base: str | None = None,
    update: bool = False,
    fresh: bool = False,
    twice: bool = False,
    builder: Builder = "assemble",
) -> Built:
    """Lock, train, measure, assemble and deliver; nothing is written before all has succeeded.

    ``base`` overrides the project's; ``update`` locks everything anew; ``fresh`` makes every layer
    anew; ``twice`` assembles a second time elsewhere and compares; ``builder`` says
    what makes the images. Raises ``PackageError``.
    """
    started = time.time()
    limit = cache_limit()
    template, code = _check(project, output, engine, builder, progress)
    platform = _platform(project, engine)
    found = _base(project, base, platform, output, engine, progress)
    check_system_packages(project.image.system_packages, found)
    dependencies = _dependencies(project, found, platform, engine, progress, update=update)
    locked, lock = found.locked if found else None, dependencies.lock
    with work_folder() as folder, engine.removing_later() if engine else nullcontext():
        data = data_files(project)
        progress.step("making layers")
        stack = make_stack(found, lock, code, data, folder, progress, fresh=fresh)
        check_libraries(found, stack, progress)
        result = train(project, locked, platform, stack, engine, folder, progress)
        manifest = describe(project, lock, stack.runtime, code, result, folder, template)
        images = _assemble(project, locked, platform, stack, manifest, folder)
        if twice:
            progress.step("assembling again elsewhere, to compare")

            def again(code: Files, data: Files, place: Path) -> tuple[Image, ...]:
                stack = make_stack(found, lock, code, data, place, Silent(), fresh=True)
                return _assemble(project, locked, platform, stack, manifest, place)

            verify(images, code, data, folder, again)
        prove(images[0], locked, platform, engine, folder, progress)
        progress.step(f"writing {output}")
        if builder == "docker" and engine and locked:
            images = build_images(images, locked, template, engine, progress, fresh=fresh)
        else:
            deliver(images, output, engine, progress)
    write_lock(dependencies.file, project.directory / LOCK)
    record = BuildRecord.of(manifest, images, project.directory, started)
    write_record(record, project.directory / RECORD)
    if removed := prune(limit):
        progress.warn(f"the cache was over its limit: {removed / 1e9:.1f} GB of it went")
    return Built(manifest, images)


def _check(
    project: Project,
    output: Output,
    engine: Engine | None,
    builder: Builder,
    progress: Progress,
) -> tuple[str | None, dict[str, Path]]:
    """Everything that can be refused before work is spent; the own template, and the code."""
    output.check()
    check_builder(builder, output, engine)
    template = own_template(project.directory, builder, progress)
    check_writable(project.directory)
    check_columns(project)
    check_model_file(project)
    code = code_files(project, output.paths)
    check_code(project, code)
    return template, code


def _dependencies(
    project: Project,
    base: BaseImage | None,
    platform: str,
    engine: Engine | None,
    progress: Progress,
    *,
    update: bool,
) -> Dependencies:
    """The lock for this base, or without one for this machine; every wheel is at hand then."""
    target = _target(base, platform, engine)
    requirements = project.path(project.requirements.file)
    locked = base.locked if base else None
    lock_path = project.directory / LOCK
    form = _format(project)
    return provide(requirements, form, lock_path, target, locked, progress, update=update)


def _platform(project: Project, engine: Engine | None) -> str:
    if project.image.platforms:
        return project.image.platforms[0]
    return engine.platform if engine else default_platform()


def _base(
    project: Project,
    asked: str | None,
    platform: str,
    output: Output,
    engine: Engine | None,
    progress: Progress,
) -> BaseImage | None:
    """The base at hand; a missing one that was ``asked`` for, or that an engine needs, is an error.

    Without an engine the project's own can be missing: the package then has none.
    """
    reference = asked or project.image.base
    progress.step(f"looking for the base {reference}")
    base = find_base(reference, platform, engine)
    if base is None and (asked or output.kind == "docker"):
        where = (
            "not in the cache, and no engine answers"
            if engine is None
            else ("the engine has no such image and can't pull it")
        )
        raise PackageError(
            f"base {reference}: {where}",
            "make one with `package base`, and build with --base and the name it prints",
        )
    if base is None:
        progress.warn(
            f"base {reference} is not at hand: the package gets none (base: none) and runs with "
            "--local only; `package base` makes one"
        )
    return base


def _target(base: BaseImage | None, platform: str, engine: Engine | None) -> Target:
    """What wheels have to fit: the base, or without one this very machine."""
    if base is not None:
        if engine is None:
            check_host(base.target.python, base.target.platform)
        return base.target
    host = host_target()
    if host is None or host.platform != platform:
        raise PackageError(
            f"no base at hand, and this machine is not {platform}", "start Docker, which pulls one"
        )
    return host


def _format(project: Project) -> DataFormat | None:
    if project.data is None:
        return None
    return source_files(project.path(project.data.source))[0]


def _assemble(
    project: Project,
    base: Base | None,
    platform: str,
    stack: Stack,
    manifest: Manifest,
    folder: Path,
) -> tuple[Image, ...]:
    """The image, and its companion where the image can't replay by itself."""
    trained = folder / "out" / "model"
    model = (
        list(tree_entries(trained, "models"))
        if trained.is_dir()
        else entries(model_files(project), "models")
    )
    own = [
        plain_layer("model", folder / "model.tar", model),
        plain_layer("package", folder / "package.tar", tree_entries(folder / "package", "package")),
    ]
    name = f"{project.repository}:{manifest.tag}"
    named = {**labels(project), f"{LABEL}.root": manifest.root}
    main = [*stack.below, *own]
    embed = project.data.embed if project.data else "none"
    if embed == "image":
        return (assemble(name, base, [*main, *stack.worker, *stack.data], platform, named),)
    image = assemble(name, base, main, platform, named)
    if embed == "none" and project.recipe is None:
        return (image,)
    more = [*stack.worker, *(stack.data if embed == "companion" else ())]
    of_main = {**named, f"{LABEL}.companion-of": manifest.root}
    return (image, assemble(name + COMPANION, base, [*main, *more], platform, of_main))
