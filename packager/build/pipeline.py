"""``package build``: the steps from a project folder to images."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from packager.build.cases import check_cases
from packager.build.context import BuildContext, BuildOptions
from packager.build.manifest import labels, make_manifest
from packager.build.marks import read_marks
from packager.build.measure import keep_measures, measure
from packager.build.record import BuildRecord, Built, write_record
from packager.build.reproducibility import check_reproducible
from packager.build.seeds import load_seed_variance
from packager.build.smoke_test import AssembledPackage, smoke_test, smoke_test_in_engine
from packager.build.solution import members_data, plan_members, with_members
from packager.build.train import train, training_job
from packager.cache import cache_limit, check_writable, evict, temporary_directory
from packager.confinement import tell_outside
from packager.engine.engine import Engine
from packager.environment.built_wheels import keep_wheels
from packager.environment.lock import FILENAME as LOCK
from packager.environment.lock import write_lock
from packager.image.base.debian import check_system_packages
from packager.image.config import LABEL, TRAINING_LABEL, Image, assemble
from packager.image.docker_build import Builder, DockerBuild, check_builder, own_template
from packager.image.export import Destination, export_images
from packager.image.layers import plain_layer, tree_entries
from packager.image.shared_libraries import check_libraries
from packager.image.stack import (
    LayerOptions,
    Stack,
    entries,
    make_stack,
    own_training_runtime,
    server_environment,
)
from packager.image.stored_images import COMPANION
from packager.manifest.evaluation import DataCheckSummary, SeedVariance
from packager.manifest.manifest import Manifest
from packager.model.compiled.form import TREES
from packager.model.compiled.model import FOLDER
from packager.progress import NullProgress, Progress
from packager.project.config import Project
from packager.project.files import ListedFiles, ProjectFiles, list_files
from packager.project.model_loader import model_loader
from packager.project.outputs import RECORD
from packager.project.required_secrets import explain_left_out
from packager.project.validate import check_code, check_columns, check_model_files
from packager.review.gate import GateOptions, review
from packager.runners.early_layers import EarlyLayers
from packager.runners.project import (
    ProjectEnvironment,
    resolve_base,
    resolve_dependencies,
    resolve_platform,
    training_image,
    training_worker,
    wheel_target,
)
from packager.runners.result_cache import (
    load_training,
    store_training,
    training_digest,
    training_inputs,
)
from packager.runners.table_data import on_local_data
from packager.worker.job import TrainingResult
from packager.worker.test.weak_slice import FILE as WEAK
from packager.worker.test.weak_slice import WeakSlices


@dataclass(frozen=True)
class _Trained:
    """Results of the worker; ``findings`` of the data check are None without data."""

    result: TrainingResult
    findings: DataCheckSummary | None
    isolation: Mapping[str, str]


@with_members
@on_local_data
def build(
    project: Project,
    output: Destination,
    engine: Engine | None,
    progress: Progress,
    options: BuildOptions = BuildOptions(),
) -> Built:
    """Lock, train, evaluate, assemble, test and export; output is written only after all succeeded.

    Raises ``PackageError``.
    """
    started = time.time()
    limit = cache_limit()
    template, files = _check(project, output, engine, options.builder, progress)
    marks = read_marks(project, files.listed, options.labels)
    tidied = engine.cleanup_scope() if engine else nullcontext()
    environment = _resolve(project, files.listed, output, engine, progress, options)
    files, environment, solution = plan_members(project, files, environment, progress)
    seed_variance = load_seed_variance(project, files, environment.lock, progress)
    explaining = explain_left_out(files.listed.left_out)
    with temporary_directory() as folder, tidied, explaining:
        stack = _make_layers(environment, files, folder, progress, fresh=options.no_cache)
        fixed = (project, files, environment, stack, folder, progress, solution)
        context = BuildContext(*fixed, options.no_cache, marks)
        trained = _train(context, seed_variance, options)
        context = context.serving(trees=(folder / "out" / FOLDER / TREES).is_file())
        manifest = make_manifest(context, trained.result, template, trained.findings, seed_variance)
        images = marks.on(_assemble(context, manifest))
        searched = folder / "out" / WEAK
        weak = WeakSlices.load(searched) if searched.is_file() else None
        check_cases(context, images[0], allow=options.allow_findings)
        if options.check_reproducible:
            progress.step("assembling a second time, to compare")
            check_reproducible(images, files, folder, partial(_assemble_again, context, manifest))
        images = _deliver(context, images, output, template, options)
    keep_wheels(environment.dependencies.file, project.directory)
    write_lock(environment.dependencies.file, project.directory / LOCK)
    built = Built(manifest, images, trained.isolation, weak)
    record = BuildRecord.of(built, marks, started)
    write_record(record, project.directory / RECORD)
    _prune(limit, progress)
    return built


def _check(
    project: Project,
    output: Destination,
    engine: Engine | None,
    builder: Builder,
    progress: Progress,
) -> tuple[str | None, ProjectFiles]:
    """Run all checks that need no work; return the project's template and its files."""
    output.check()
    check_builder(builder, output, engine)
    template = own_template(project.directory, builder, progress)
    check_writable(project.directory)
    tell_outside(project.directory, project.places, progress)
    check_columns(project)
    listed = list_files(project, output.paths)
    check_model_files(listed.model)
    model_loader(project)
    listed.tell(progress)
    with explain_left_out(listed.left_out):
        check_code(project, listed.code.files)
    return template, listed.hashed()


def _resolve(
    project: Project,
    files: ListedFiles,
    output: Destination,
    engine: Engine | None,
    progress: Progress,
    options: BuildOptions,
) -> ProjectEnvironment:
    """Resolve platform, base and dependencies; an image for an engine needs a base."""
    platform, needed = resolve_platform(project, engine), output.kind == "docker"
    base = resolve_base(project, options.base, platform, engine, progress, needed=needed)
    check_system_packages(project.image.system_packages, base)
    target = wheel_target(base, platform, engine)
    dependencies = resolve_dependencies(
        project, files, base, target, progress, update=options.upgrade
    )
    return ProjectEnvironment(platform, base, dependencies, engine)


def _make_layers(
    environment: ProjectEnvironment,
    files: ProjectFiles,
    folder: Path,
    progress: Progress,
    *,
    fresh: bool,
) -> Stack:
    """Make the layers below the training, and check them; the engine gets the first ones early."""
    progress.step("making layers")
    base, lock = environment.base, environment.lock
    locked, platform = environment.locked_base, environment.platform
    with EarlyLayers(environment.engine, locked, platform) as early:
        stack = make_stack(base, lock, files, folder, progress, LayerOptions(fresh, early.send))
        check_libraries(base, stack, progress)
        early.finish(progress)
    return stack


def _train(
    context: BuildContext, seed_variance: SeedVariance | None, options: BuildOptions
) -> _Trained:
    """Check the data, then train, in one worker; results of the same inputs are reused."""
    project, files, environment = context.project, context.files, context.environment
    progress, out = context.progress, context.folder / "out"
    image = training_image(environment, files, context.stack, context.folder)
    with training_worker(environment, image, progress) as worker:
        findings = review(
            project,
            files,
            environment.lock,
            worker,
            progress,
            GateOptions(allow=options.allow_findings, fresh=options.no_cache),
        )
        job = training_job(project, seed_variance)
        inputs = training_inputs(image, files)
        digest = training_digest(inputs, worker.isolation, environment.machine, job)
        kept = None if options.no_cache else load_training(digest, out, progress)
        if kept is not None:
            progress.step(
                "reusing the cached training result of the same inputs (--no-cache trains again)"
            )
            measure(digest, job, image, context)
            return _Trained(kept.result, findings, kept.isolation)
        result = train(context, job, worker)
        store_training(digest, out, worker.measures)
        keep_measures(digest, job, out)
        return _Trained(result, findings, dict(worker.measures))


def _assemble(context: BuildContext, manifest: Manifest) -> tuple[Image, ...]:
    """Assemble the image, and a companion if the image can't be replayed alone."""
    project, stack, folder = context.project, context.stack, context.folder
    base, platform = context.environment.locked_base, context.environment.platform
    trees = bool(context.environment.lock.wheels_of("trees"))
    trained = folder / "out" / "model"
    model = (
        list(tree_entries(trained, "models"))
        if trained.is_dir()
        else entries(context.files.model, "models")
    )
    own = [
        server_environment(context.environment.base, context.environment.lock, fresh=context.fresh),
        plain_layer("model", folder / "model.tar", model),
        plain_layer("package", folder / "package.tar", tree_entries(folder / "package", "package")),
    ]
    name = f"{project.repository}:{manifest.tag}"
    named = {**context.marks.labels, **labels(project), f"{LABEL}.root": manifest.root}
    main = [*stack.below, *(stack.trees if trees else ()), *own]
    worker = [*(() if trees else stack.trees), *stack.worker]
    embed = project.data.embed if project.data else "none"
    trains = {TRAINING_LABEL: own_training_runtime()}
    data = () if embed == "none" else (*stack.data, *members_data(project, folder))
    if embed == "image":
        whole = [*main, *worker, *data]
        return (assemble(name, base, whole, platform, {**named, **trains}),)
    image = assemble(name, base, main, platform, named)
    if project.data is None:
        return (image,)
    more = [*worker, *data]
    of_main = {**named, **trains, f"{LABEL}.companion-of": manifest.root}
    return (image, assemble(name + COMPANION, base, [*main, *more], platform, of_main))


def _assemble_again(
    context: BuildContext, manifest: Manifest, files: ProjectFiles, folder: Path
) -> tuple[Image, ...]:
    """Assemble from copies in ``folder`` of the files and the training result, without cache."""
    base, lock, quiet = context.environment.base, context.environment.lock, NullProgress()
    stack = make_stack(base, lock, files, folder, quiet, LayerOptions(fresh=True))
    again = replace(context, files=files, stack=stack, folder=folder, progress=quiet, fresh=True)
    return _assemble(again, manifest)


def _deliver(
    context: BuildContext,
    images: tuple[Image, ...],
    output: Destination,
    template: str | None,
    options: BuildOptions,
) -> tuple[Image, ...]:
    """Smoke-test the image and export it to ``output``."""
    environment, progress, seconds = context.environment, context.progress, options.ready_seconds
    engine, base = environment.engine, environment.locked_base
    if options.builder == "docker" and engine and base:
        check = partial(
            smoke_test_in_engine,
            engine=engine,
            folder=context.folder,
            progress=progress,
            seconds=seconds,
        )
        return DockerBuild(engine, progress, template, options.no_cache).run(images, base, check)
    ships = AssembledPackage(images[0], base, environment.platform, engine)
    smoke_test(ships, context.folder, progress, seconds)
    progress.step(f"writing {output}")
    export_images(images, output, engine, progress)
    return images


def _prune(limit: int, progress: Progress) -> None:
    if removed := evict(limit):
        progress.warn(f"the cache was over its limit: removed {removed / 1e9:.1f} GB")
