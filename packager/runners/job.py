"""What a project asks of a worker: its job, and its sections as a manifest has them."""

from __future__ import annotations

from pathlib import Path

from packager.manifest.manifest import Recipe, Serve, Split
from packager.manifest.read_options import TableReadOptions
from packager.project.config import Project
from packager.worker.job import Job


def make_job(project: Project) -> Job:
    """What the worker is asked to do."""
    recipe, data = project.recipe, project.data
    return Job(
        task=project.package.task,
        serve=serve_section(project),
        slices_columns=project.slices.columns,
        slices_rules=project.slices.rules,
        monitoring_exclude=project.monitoring.exclude,
        monitoring_include=project.monitoring.include,
        recipe=Recipe.model_validate(recipe.model_dump()) if recipe else "none",
        target=data.target if data else None,
        exclude=data.exclude if data else (),
        include=data.include if data else (),
        train_only=data.train_only if data else (),
        personal=data.personal if data else (),
        not_personal=data.not_personal if data else (),
        reader=data.reader if data else TableReadOptions(),
        split=split_section(project),
        source=data is not None,
    )


def serve_section(project: Project, loader: str = "joblib") -> Serve:
    """How the model is served, once it is known what loads it."""
    serve = project.serve
    return Serve(
        predictor=serve.predictor,
        loader=loader,
        compile=serve.compile,
        workers=serve.workers,
        strict=serve.strict,
        extra_columns=serve.extra_columns,
    )


def split_section(project: Project) -> Split:
    """The split as the worker knows it: a file by the name it has under ``/data/test``."""
    split = project.data.split if project.data else Split()
    return split.model_copy(update={"file": Path(split.file).name}) if split.file else split
