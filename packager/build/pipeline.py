"""``package build``: the steps from a project folder to images."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from packager.build.assembly import (
    PackageLayers,
    assemble_images,
    package_layers,
)
from packager.build.cases import check_cases
from packager.build.context import BuildContext, BuildOptions
from packager.build.early_training import check_and_train
from packager.build.emulation import prove_elsewhere
from packager.build.image_annotations import read_marks
from packager.build.manifest import BuildMeasurements, labels, make_manifest
from packager.build.measure import keep_measures, measure
from packager.build.platforms import check_output, other_environments, with_platforms
from packager.build.record import BuildRecord, BuildResult, write_record
from packager.build.reproducibility import check_every_platform
from packager.build.seeds import load_seed_variance
from packager.build.smoke_test import AssembledPackage, smoke_test, smoke_test_in_engine
from packager.build.solution import plan_members, with_members
from packager.build.train import training_job
from packager.cache import cache_limit, check_writable, evict, temporary_directory
from packager.confinement import warn_outside
from packager.engine.engine import Engine
from packager.environment.built_wheels import keep_wheels
from packager.environment.lock import FILENAME as LOCK
from packager.environment.lock import write_lock
from packager.image.base.debian import check_system_packages
from packager.image.config import Image
from packager.image.docker_build import Builder, DockerBuild, check_builder, own_template
from packager.image.export import Destination, export_images
from packager.image.file_list import listed_meanwhile
from packager.image.processors import check_processors
from packager.image.registry_export import check_destination, write_images
from packager.image.shared_libraries import check_libraries
from packager.image.stack import (
    LayerOptions,
    Stack,
    make_stack,
)
from packager.manifest.evaluation import SeedVariance
from packager.manifest.manifest import Manifest
from packager.model.compiled.form import TREES
from packager.model.compiled.model import FOLDER
from packager.progress import Progress
from packager.project.config import Project
from packager.project.files import ListedFiles, ProjectFiles, list_files
from packager.project.mlflow.origin import check_files, load_origin
from packager.project.model_loader import model_loader
from packager.project.outputs import RECORD
from packager.project.required_secrets import explain_left_out
from packager.project.validate import check_code, check_columns, check_model_files
from packager.review.gate import GateOptions, review
from packager.runners.early_layers import EarlyLayers
from packager.runners.project import (
    BaseChoice,
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
from packager.worker.test.weak_slice import FILE as WEAK
from packager.worker.test.weak_slice import WeakSlices


@dataclass(frozen=True)
class _Trained:
    """Results of the worker."""

    measured: BuildMeasurements
    isolation: Mapping[str, str]


@with_members
@on_local_data
def build(
    project: Project,
    output: Destination,
    engine: Engine | None,
    progress: Progress,
    options: BuildOptions = BuildOptions(),
) -> BuildResult:
    """Lock, train, evaluate, assemble, test and export; output is written only after all succeeded.

    Raises ``PackageError``.
    """
    started = time.time()
    limit = cache_limit()
    template, files = _check(project, output, engine, options.builder, progress)
    marks = read_marks(project, files.listed, options.labels)
    tidied = engine.cleanup_scope() if engine else nullcontext()
    environment = _resolve(project, files.listed, output, engine, progress, options)
    elsewhere = other_environments(project, files.listed, environment, progress, options)
    files, environment, solution = plan_members(project, files, environment, progress)
    seed_variance = load_seed_variance(project, files, environment.lock, progress)
    explaining = explain_left_out(files.listed.left_out)
    with temporary_directory() as folder, tidied, explaining:
        stack = _make_layers(environment, files, folder, progress, fresh=options.no_cache)
        fixed = (project, files, environment, stack, folder, progress, solution)
        context = with_platforms(BuildContext(*fixed, options.no_cache), elsewhere)
        trained = _train(context, seed_variance, options)
        context = context.serving(trees=(folder / "out" / FOLDER / TREES).is_file())
        layers = package_layers(context, trained.measured.result.model)
        manifest = make_manifest(context, trained.measured, template, layers)
        named = {**marks.labels, **labels(project)}
        manifest, images = prove_elsewhere(
            context, manifest, partial(_assembled, context, named=named, layers=layers)
        )
        images = {name: marks.on(some) for name, some in images.items()}
        slices_file = folder / "out" / WEAK
        weak = WeakSlices.load(slices_file) if slices_file.is_file() else None
        check_cases(context, images[context.platform][0], allow=options.allow_findings)
        if options.check_reproducible:
            locks = {one.platform: one.lock for one in (environment, *elsewhere)}
            check_every_platform(context, locks, manifest, named, images)
        delivered = _deliver(context, images, output, template, options)
    locked = environment.dependencies.file.joined(one.dependencies.file for one in elsewhere)
    keep_wheels(locked, project.directory)
    write_lock(locked, project.directory / LOCK)
    others = {name: images[name] for name in images if name != context.platform}
    built = BuildResult(manifest, delivered, trained.isolation, weak, others)
    record = BuildRecord.of(built, marks, started)
    write_record(record, project.directory / RECORD)
    _prune(limit, progress)
    return built


def _assembled(
    context: BuildContext,
    manifest: Manifest,
    named: dict[str, str],
    layers: Mapping[str, PackageLayers],
) -> dict[str, tuple[Image, ...]]:
    """The images of each platform."""
    return {
        one.platform: assemble_images(one, manifest, named, layers[one.platform])
        for one in context.every
    }


def _check(
    project: Project,
    output: Destination,
    engine: Engine | None,
    builder: Builder,
    progress: Progress,
) -> tuple[str | None, ProjectFiles]:
    """Run all checks that need no work; return the project's template and its files."""
    check_destination(output)
    check_builder(builder, output, engine)
    check_output(project, output, builder)
    template = own_template(project.directory, builder, progress)
    check_writable(project.directory)
    warn_outside(project.directory, project.path_keys, progress)
    check_columns(project)
    listed = list_files(project, output.paths)
    if project.model is not None:  # members of a solution have been checked with their own
        check_model_files(listed.model, project.serve.pickle_allow)
    model_loader(project)
    listed.warn_omitted(progress)
    with explain_left_out(listed.left_out):
        check_code(project, listed.code.files)
    files = listed.hashed()
    check_files(load_origin(project), files.model)
    return template, files


def _resolve(
    project: Project,
    files: ListedFiles,
    output: Destination,
    engine: Engine | None,
    progress: Progress,
    options: BuildOptions,
) -> ProjectEnvironment:
    """Resolve platform, base and dependencies; an image that engines run needs a base."""
    platform = resolve_platform(project, engine)
    needed = output.kind in ("docker", "registry") or len(project.image.platforms) > 1
    choice = BaseChoice(options.base, needed, options.upgrade)
    base = resolve_base(project, choice, platform, engine, progress)
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
        check_processors(stack, lock, locked)
        early.finish(progress)
    return stack


def _train(
    context: BuildContext, seed_variance: SeedVariance | None, options: BuildOptions
) -> _Trained:
    """Check the data and train; results of the same inputs are reused."""
    project, files, environment = context.project, context.files, context.environment
    progress, out = context.progress, context.folder / "out"
    image = training_image(environment, files, context.stack, context.folder)
    job = training_job(project, seed_variance)
    stack = context.stack
    above = (*stack.below[len(environment.base.layers) if environment.base else 0 :], *stack.trees)
    with (
        listed_meanwhile([*above, *stack.worker]),
        training_worker(environment, image, progress) as worker,
    ):
        gate = GateOptions(allow=options.allow_findings, fresh=options.no_cache)
        check = partial(review, project, files, environment.lock, worker, progress, gate)
        inputs = training_inputs(image, files)
        digest = training_digest(inputs, worker.isolation, environment.machine, job)
        cached = None if options.no_cache else load_training(digest, out, progress)
        if cached is None:
            findings, result = check_and_train(context, job, worker, check)
            store_training(digest, out, worker.measures)
            keep_measures(digest, job, out)
            return _Trained(
                BuildMeasurements(result, findings, seed_variance), dict(worker.measures)
            )
        findings = check()
        progress.step(
            "reusing the cached training result of the same inputs (--no-cache trains again)"
        )
        measure(digest, job, image, context)
        return _Trained(BuildMeasurements(cached.result, findings, seed_variance), cached.isolation)


def _deliver(
    context: BuildContext,
    every: Mapping[str, tuple[Image, ...]],
    output: Destination,
    template: str | None,
    options: BuildOptions,
) -> tuple[Image, ...]:
    """Smoke-test the image for this platform and export all to ``output``; return this one's."""
    images = every[context.platform]
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
    if output.kind == "docker" and context.others:
        others = ", ".join(other.platform for other in context.others)
        progress.warn(
            f"the engine takes its own platform only: the images for {others} are not kept; "
            "--output oci:DIR writes those of all platforms"
        )
        export_images(images, output, engine, progress)
    else:
        every_image = [one for some in every.values() for one in some]
        write_images(every_image, output, engine, progress)
    return images


def _prune(limit: int, progress: Progress) -> None:
    if removed := evict(limit):
        progress.warn(f"the cache was over its limit: removed {removed / 1e9:.1f} GB")
