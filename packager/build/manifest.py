"""The manifest of a package, from what a build found out."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from packager.errors import UsageError
from packager.image.config import LABEL
from packager.image.dockerfile import render
from packager.manifest.base import FileEntry
from packager.manifest.evaluation import DataCheckSummary, SeedVariance
from packager.manifest.manifest import DataSource, Lock, Manifest
from packager.model.compiled.model import FOLDER
from packager.project.config import FILENAME, Project
from packager.project.files import data_files
from packager.runners.job import make_job, serve_section, split_section
from packager.worker.job import TrainingResult


def make_manifest(
    project: Project,
    lock: Lock,
    runtime: str,
    code: Mapping[str, Path],
    result: TrainingResult,
    folder: Path,
    template: str | None = None,
    findings: DataCheckSummary | None = None,
    seed_variance: SeedVariance | None = None,
) -> Manifest:
    """Write everything that lies at ``/package`` into ``folder/package``; return the manifest.

    ``template`` is the project's own, in place of our Dockerfile's.
    """
    _check_accept(project, result)
    package, out = folder / "package", folder / "out"
    package.mkdir()
    (package / "lock.json").write_bytes(lock.dump())
    text = render(None if lock.base == "none" else lock.base, labels(project), template)
    (package / "Dockerfile").write_text(text, encoding="utf-8")
    for name in ("fingerprint.json", "profile.json", "golden.json"):
        if (out / name).is_file():
            shutil.copyfile(out / name, package / name)
    if (out / FOLDER).is_dir():
        shutil.copytree(out / FOLDER, package / FOLDER)
    paths = sorted(path for path in package.rglob("*") if path.is_file())
    files = tuple(FileEntry.of(path, path.relative_to(package).as_posix()) for path in paths)
    manifest = Manifest(
        name=project.package.name,
        version=project.package.version,
        task=project.package.task,
        schema_=result.schema_,
        serve=serve_section(project, result.loader),
        slices=result.slices,
        recipe=make_job(project).recipe,
        data=_data_source(project, result, files),
        evaluation=result.evaluation,
        findings=findings,
        environment=result.environment,
        repeatability=result.repeatability,
        seed_variance=seed_variance,
        compiled=result.compiled,
        runtime=runtime,
        code=tuple(FileEntry.of(path, name) for name, path in code.items()),
        model=result.model,
        files=files,
    )
    (package / "manifest.json").write_bytes(manifest.dump())
    return manifest


def labels(project: Project) -> dict[str, str]:
    """The image's labels but for the package root, which the manifest has to give."""
    return {
        f"{LABEL}.name": project.package.name,
        f"{LABEL}.task": project.package.task,
        "org.opencontainers.image.title": project.package.name,
        "org.opencontainers.image.version": project.package.version,
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
    project: Project, result: TrainingResult, files: tuple[FileEntry, ...]
) -> DataSource | Literal["none"]:
    data = project.data
    if data is None:
        return "none"
    entries = {
        name: FileEntry.of(p, name.partition("/")[2]) for name, p in data_files(project).items()
    }
    source = tuple(entry for name, entry in entries.items() if name.startswith("source/"))
    return DataSource(
        format="parquet" if source[0].path.endswith(".parquet") else "csv",
        files=source,
        test_file=next((e for name, e in entries.items() if name.startswith("test/")), None),
        target=data.target,
        exclude=data.exclude,
        include=data.include,
        train_only=data.train_only,
        personal=data.personal,
        not_personal=data.not_personal,
        split=split_section(project),
        embed=data.embed,
        reader=data.reader,
        unlabelled=result.unlabelled,
        fingerprint=next(entry.sha256 for entry in files if entry.path == "fingerprint.json"),
        train_rows=result.train_rows,
        test_rows=result.test_rows,
        table=project.exported,
    )
