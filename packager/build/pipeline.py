"""``package build``: from a project folder to images, in one readable line of steps."""

from __future__ import annotations

import time
from contextlib import ExitStack, nullcontext
from functools import partial
from pathlib import Path

from packager.build.manifest import labels, make_manifest
from packager.build.record import BuildRecord, Built, write_record
from packager.build.reproducibility import Files, check_reproducible
from packager.build.seeds import load_seed_variance
from packager.build.smoke_test import (
    READY_SECONDS,
    AssembledPackage,
    smoke_test,
    smoke_test_in_engine,
)
from packager.build.train import train, training_job
from packager.cache import cache_limit, check_writable, evict, temporary_directory
from packager.confinement import tell_outside
from packager.engine.engine import Engine
from packager.environment.lock import FILENAME as LOCK
from packager.environment.lock import write_lock
from packager.image.base.debian import check_system_packages
from packager.image.config import LABEL, TRAINING_LABEL, Image, assemble
from packager.image.docker_build import Builder, build_images, check_builder, own_template
from packager.image.export import Destination, export_images
from packager.image.layers import plain_layer, tree_entries
from packager.image.shared_libraries import check_libraries
from packager.image.stack import Stack, entries, make_stack, own_training_runtime
from packager.image.stored_images import COMPANION
from packager.manifest.manifest import Base, Manifest
from packager.progress import Progress, Silent
from packager.project.config import Project
from packager.project.files import RECORD, ProjectCode, data_files, model_files, read_code
from packager.project.required_secrets import explain_left_out
from packager.project.validate import check_code, check_columns, check_model_file
from packager.review.gate import review
from packager.runners.package import training_worker
from packager.runners.project import resolve_base, resolve_dependencies, resolve_platform
from packager.runners.result_cache import inputs_digest, keep_result, take_result
from packager.runners.table_data import on_local_data
from packager.worker.job import TrainingResult


@on_local_data
def build(
    project: Project,
    output: Destination,
    engine: Engine | None,
    progress: Progress,
    *,
    base: str | None = None,
    update: bool = False,
    fresh: bool = False,
    twice: bool = False,
    allow_findings: bool = False,
    builder: Builder = "assemble",
    resume: bool = False,
    ready_seconds: float = READY_SECONDS,
) -> Built:
    """Lock, train, measure, assemble and deliver; nothing is written before all has succeeded.

    ``base`` overrides the project's; ``update`` locks everything anew; ``fresh`` makes every layer
    anew; ``twice`` assembles a second time elsewhere and compares; ``allow_findings`` goes on
    though the check of the data found what stops a build; ``builder`` says what makes the
    images; ``resume`` goes on from a training result that a failed build has kept;
    ``ready_seconds`` is how long the image may take to be ready. Raises ``PackageError``.
    """
    started = time.time()
    limit = cache_limit()
    template, sorted_code = _check(project, output, engine, builder, progress)
    code, tidied = sorted_code.files, engine.tidied() if engine else nullcontext()
    platform = resolve_platform(project, engine)
    needed = output.kind == "docker"
    found = resolve_base(project, base, platform, engine, progress, needed=needed)
    check_system_packages(project.image.system_packages, found)
    dependencies = resolve_dependencies(project, found, platform, engine, progress, update=update)
    locked, lock = found.locked if found else None, dependencies.lock
    spread = load_seed_variance(project, lock, progress)
    explaining = explain_left_out(sorted_code.left_out)
    with temporary_directory() as folder, tidied, explaining, ExitStack() as kept:
        data = data_files(project)
        progress.step("making layers")
        stack = make_stack(found, lock, code, data, folder, progress, fresh=fresh)
        check_libraries(found, stack, progress)
        with training_worker(project, locked, platform, stack, engine, folder, progress) as worker:
            findings = review(project, lock, worker, progress, allow=allow_findings)
            job = training_job(project, spread)
            inputs = inputs_digest(project, lock, worker.isolation, job)
            result = _resumed(inputs, folder, progress) if resume else None
            result = result or train(project, job, worker, folder, progress)
            isolation = dict(worker.measures)
        kept.enter_context(keep_result(inputs, folder / "out", progress))
        manifest = make_manifest(
            project, lock, stack.runtime, code, result, folder, template, findings, spread
        )
        images = _assemble(project, locked, platform, stack, manifest, folder)
        if twice:

            def again(code: Files, data: Files, place: Path) -> tuple[Image, ...]:
                stack = make_stack(found, lock, code, data, place, Silent(), fresh=True)
                return _assemble(project, locked, platform, stack, manifest, place)

            progress.step("assembling again elsewhere, to compare")
            check_reproducible(images, code, data, folder, again)
        if builder == "docker" and engine and locked:
            check = partial(
                smoke_test_in_engine,
                engine=engine,
                folder=folder,
                progress=progress,
                seconds=ready_seconds,
            )
            images = build_images(images, locked, template, engine, check, progress, fresh=fresh)
        else:
            ships = AssembledPackage(images[0], locked, platform, engine)
            smoke_test(ships, folder, progress, ready_seconds)
            progress.step(f"writing {output}")
            export_images(images, output, engine, progress)
    write_lock(dependencies.file, project.directory / LOCK)
    built = Built(manifest, images, isolation)
    record = BuildRecord.of(built, project.directory, started)
    write_record(record, project.directory / RECORD)
    _prune(limit, progress)
    return built


def _resumed(inputs: str, folder: Path, progress: Progress) -> TrainingResult | None:
    """The kept training result of these inputs; None, and said, where there is none."""
    found = take_result(inputs, folder / "out")
    if found is None:
        progress.warn("--resume: no training result of this code and data is kept: training")
    else:
        progress.step("going on from the training result that was kept")
    return found


def _prune(limit: int, progress: Progress) -> None:
    if removed := evict(limit):
        progress.warn(f"the cache was over its limit: {removed / 1e9:.1f} GB of it went")


def _check(
    project: Project,
    output: Destination,
    engine: Engine | None,
    builder: Builder,
    progress: Progress,
) -> tuple[str | None, ProjectCode]:
    """Everything that can be refused before work is spent; the own template, and the code."""
    output.check()
    check_builder(builder, output, engine)
    template = own_template(project.directory, builder, progress)
    check_writable(project.directory)
    tell_outside(project.directory, project.places, progress)
    check_columns(project)
    check_model_file(project)
    code = read_code(project, output.paths)
    code.tell(progress)
    with explain_left_out(code.left_out):
        check_code(project, code.files)
    return template, code


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
    trains = {TRAINING_LABEL: own_training_runtime()}
    if embed == "image":
        whole = [*main, *stack.worker, *stack.data]
        return (assemble(name, base, whole, platform, {**named, **trains}),)
    image = assemble(name, base, main, platform, named)
    if embed == "none" and project.recipe is None:
        return (image,)
    more = [*stack.worker, *(stack.data if embed == "companion" else ())]
    of_main = {**named, **trains, f"{LABEL}.companion-of": manifest.root}
    return (image, assemble(name + COMPANION, base, [*main, *more], platform, of_main))
