"""Make the manifest and the other files of ``/package``."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packager.build.assembly import PackageLayers
from packager.build.context import BuildContext
from packager.build.platforms import package_folders
from packager.data.key_sketch import FILE as KEYS
from packager.errors import UsageError
from packager.image.config import LABEL, TITLE, VERSION, start_settings
from packager.image.dockerfile import render
from packager.image.file_list import FILE, FileList
from packager.image.stack import own_training_runtime
from packager.manifest.base import FileEntry
from packager.manifest.evaluation import DataCheckSummary, SeedVariance
from packager.manifest.manifest import DataSource, Manifest, Schema
from packager.manifest.platform import Platform, Proof
from packager.manifest.read_options import TableReadOptions
from packager.model.compiled.model import FOLDER
from packager.model.golden_answers import FILE as GOLDEN_CASES
from packager.model.golden_answers import GoldenCases
from packager.model.integrity import LOCK, MANIFEST
from packager.model.proof_rows import FILE as PROOF
from packager.project.card_section import FILE as CARD
from packager.project.config import FILENAME, Project
from packager.project.mlflow.origin import check_signature, load_origin
from packager.project.mlflow.record import FILE as ORIGIN
from packager.runners.job import make_job
from packager.worker.job import Job, TrainingResult
from packager.worker.test.cases.golden import read_golden

PACKAGE_FILES = (
    *("fingerprint.json", "profile.json", "baseline.json", "weak.json", "attribution.json"),
    "golden.json",
    KEYS,
)
"""The files that the worker writes for ``/package``, if there is data."""


@dataclass(frozen=True)
class BuildMeasurements:
    """Measurements of a build: of the data and of the model."""

    result: TrainingResult
    findings: DataCheckSummary | None
    """The summary of the data check."""
    seed_variance: SeedVariance | None
    """Variation of metrics with the seed."""


def make_manifest(
    context: BuildContext,
    measured: BuildMeasurements,
    template: str | None,
    layers: Mapping[str, PackageLayers],
) -> Manifest:
    """Write the files of ``/package`` into the folder of each platform; return the manifest.

    ``template``: the project's Dockerfile template, None for the default one; ``layers``: by
    platform. Nothing is proved for other platforms yet. Raises ``UsageError`` if ``recipe.accept``
    names an unknown metric.
    """
    project, result = context.project, measured.result
    _check_accept(project, result)
    files = _package_files(context, context.package, result.schema_)
    package_folders(context)
    platforms = {
        one.platform: _platform(
            one, template, layers[one.platform], "native" if one is context else None
        )
        for one in context.every
    }
    job = make_job(project)
    manifest = Manifest(
        name=project.package.name,
        version=project.package.version,
        task=job.task,
        schema_=result.schema_,
        serve=job.serve.model_copy(update={"loader": result.loader}),
        slices=result.slices,
        recipe=job.recipe,
        solution=context.solution,
        data=_data_source(context, job, result, files),
        evaluation=result.evaluation,
        findings=measured.findings,
        test=project.test,
        environment=result.environment,
        repeatability=result.repeatability,
        seed_variance=measured.seed_variance,
        compiled=result.compiled,
        runtime=context.stack.runtime,
        training_runtime=own_training_runtime() if project.data else None,
        code=tuple(FileEntry.named(name, file) for name, file in context.files.code.items()),
        model=result.model,
        files=files,
        platforms=dict(sorted(platforms.items())),
    )
    write_manifest(manifest, context)
    return manifest


def write_manifest(manifest: Manifest, context: BuildContext) -> None:
    """Write the manifest, which is equal for all platforms, into the folder of each."""
    for one in context.every:
        (one.package / MANIFEST).write_bytes(manifest.dump())


def _platform(
    context: BuildContext, template: str | None, layers: PackageLayers, proved_on: Proof | None
) -> Platform:
    """Write the files of ``/package`` that the platform has; return its record."""
    package = context.package
    lock, base = context.environment.lock, context.environment.locked_base
    grpc, named = context.project.serve.grpc, labels(context.project)
    text = render(base, named, template, members=bool(lock.members), grpc=grpc)
    file_list = FileList.made(layers.image, layers.companion)
    trees, companion = file_list.trees()
    content = {FILE: file_list.text(), "Dockerfile": text}
    for name, written in content.items():
        (package / name).write_text(written, encoding="utf-8")
    (package / LOCK).write_bytes(lock.dump())
    settings = start_settings(base, grpc=grpc)
    return Platform(
        files=tuple(FileEntry.of(package / name, name) for name in sorted((*content, LOCK))),
        trees=trees,
        companion=companion,
        settings={name: value for name, value in settings.items() if value is not None},
        proved_on=proved_on,
    )


def _package_files(context: BuildContext, package: Path, schema: Schema) -> tuple[FileEntry, ...]:
    """Write the files that all platforms have into ``package``; return them, sorted by path."""
    out = context.folder / "out"
    package.mkdir()
    for name in (*PACKAGE_FILES, *((PROOF,) if context.others else ())):
        if (out / name).is_file():
            shutil.copyfile(out / name, package / name)
    golden = _golden_cases(context.project, schema)
    if context.project.card.given:
        (package / CARD).write_bytes(context.project.card.dump())
    origin = load_origin(context.project)
    if origin is not None:
        check_signature(origin, schema)
        (package / ORIGIN).write_bytes(origin.dump())
    if golden.cases:
        (package / GOLDEN_CASES).write_bytes(golden.dump())
    if (out / FOLDER).is_dir():
        shutil.copytree(out / FOLDER, package / FOLDER)
    paths = sorted(path for path in package.rglob("*") if path.is_file())
    return tuple(FileEntry.of(path, path.relative_to(package).as_posix()) for path in paths)


def _golden_cases(project: Project, schema: Schema) -> GoldenCases:
    """The golden cases, which a server of the package answers before it is ready."""
    reader = project.data.reader if project.data else TableReadOptions()
    golden = [case for case in project.test.case if case.kind == "golden"]
    return GoldenCases.of(
        read_golden(case, project.task, schema, reader, project.directory) for case in golden
    )


def labels(project: Project) -> dict[str, str]:
    """The labels in the package's Dockerfile: neither the package root nor the user's own."""
    return {
        f"{LABEL}.name": project.package.name,
        f"{LABEL}.task": project.task,
        TITLE: project.package.name,
        VERSION: project.package.version,
    }


def _check_accept(project: Project, result: TrainingResult) -> None:
    known = result.evaluation.overall.values if result.evaluation else {}
    for metric in project.recipe.accept if project.recipe else ():
        if metric not in known:
            raise UsageError(
                f"{FILENAME}: `recipe.accept.{metric}`: expected one of {', '.join(sorted(known))}",
                "name a metric that the evaluation has",
            )


def _data_source(
    context: BuildContext, job: Job, result: TrainingResult, files: tuple[FileEntry, ...]
) -> DataSource | Literal["none"]:
    data = context.project.data
    if data is None:
        return "none"
    entries = {
        name: FileEntry.named(name.partition("/")[2], file)
        for name, file in context.files.data.items()
    }
    source = tuple(entry for name, entry in entries.items() if name.startswith("source/"))
    return DataSource(
        format=context.files.listed.format or "csv",
        files=source,
        test_file=next((e for name, e in entries.items() if name.startswith("test/")), None),
        embed=data.embed,
        unlabelled=result.unlabelled,
        fingerprint=next(entry.sha256 for entry in files if entry.path == "fingerprint.json"),
        train_rows=result.train_rows,
        test_rows=result.test_rows,
        table=context.project.exported,
        dvc=context.project.tracked,
        **job.roles(),
    )
