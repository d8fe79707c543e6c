"""Convert a ``Project`` to the ``Job`` of a worker."""

from __future__ import annotations

from pathlib import Path

from packager.manifest.data_roles import DataRoles
from packager.manifest.manifest import Recipe, Serve
from packager.project.config import Project
from packager.project.feature_columns import keys_and_truths
from packager.project.mlflow.origin import load_origin
from packager.project.model_loader import model_loader
from packager.worker.job import Job


def make_job(project: Project) -> Job:
    """The worker's job; the manifest copies fields from it.

    ``[test]`` is left out: it shapes no result but the statistics of held-out rows.
    """
    recipe, origin = project.recipe, load_origin(project)
    return Job(
        task=project.task,
        serve=_serve(project),
        slices_columns=project.slices.columns,
        slices_rules=project.slices.rules,
        monitoring_exclude=project.monitoring.exclude,
        monitoring_include=project.monitoring.include,
        embedding=project.monitoring.embedding,
        recipe=Recipe.model_validate(recipe.model_dump(exclude={"features"})) if recipe else "none",
        source=project.data is not None,
        examples=origin.examples if origin else (),
        **_data_roles(project).roles(),
    )


def _data_roles(project: Project) -> DataRoles:
    """``[data]``, with the file of a split by its name under ``/data/test``."""
    data = project.data
    if data is None:
        return DataRoles(target=None)
    split = data.split
    return DataRoles(
        target=data.target,
        exclude=(*data.exclude, *keys_and_truths(project)),
        key=data.key,
        include=data.include,
        train_only=data.train_only,
        personal=data.personal,
        not_personal=data.not_personal,
        defaults={n: c.default for n, c in data.columns.items() if c.default is not None},
        reader=data.reader,
        split=split.model_copy(update={"file": Path(split.file).name}) if split.file else split,
    )


def _serve(project: Project) -> Serve:
    """``[serve]``; the loader of a model that is trained is known only afterwards."""
    options = project.serve.model_dump()
    own = {
        **({"compile": "off"} if project.member else {}),
        "outputs": project.declared_outputs,
        "loader": model_loader(project),
        "features": project.features,
    }
    return Serve.model_validate({**options, **own})
