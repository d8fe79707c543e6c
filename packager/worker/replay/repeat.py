"""The job that a replay repeats, reconstructed from the manifest."""

from __future__ import annotations

from packager.errors import PackageError
from packager.manifest.manifest import DataSource, Manifest, Recipe
from packager.worker.job import Job, ReplayRequest
from packager.worker.replay.perturb import PerturbedJob, perturb


def replayable(manifest: Manifest) -> tuple[Recipe, DataSource]:
    """Recipe and data of a package; raise ``PackageError`` if it lacks one."""
    if manifest.solution is not None:
        raise PackageError(
            f"{manifest.name} {manifest.version} is a solution: its flow is not trained, and each "
            "member trains in an environment of its own, which one container can't set up",
            f"install this program and run `package replay {manifest.name}:{manifest.tag}` (or the "
            "tag that you gave this image, without -replay): it trains the members from this image",
        )
    if not isinstance(manifest.recipe, Recipe):
        raise PackageError(
            "this package has no recipe: the model was trained elsewhere",
            "only a package built from a [recipe] can be replayed",
        )
    if not isinstance(manifest.data, DataSource):
        raise PackageError("this package names no data to train on", "build it again with [data]")
    return manifest.recipe, manifest.data


def repeated(manifest: Manifest, ask: ReplayRequest) -> tuple[Job, PerturbedJob]:
    """The job of the recorded training, and the job to run now, perturbed as in ``ask``."""
    recipe, data = replayable(manifest)
    job = recorded_job(manifest)
    return job, perturb(job, recipe, ask, data.train_rows)


def recorded_job(manifest: Manifest) -> Job:
    """The job of the build, without compiling a form.

    ``compiled_form`` checks the recorded form against the recorded model. Raises as ``replayable``.
    """
    _, data = replayable(manifest)
    return evaluated_job(manifest, data)


def evaluated_job(manifest: Manifest, data: DataSource) -> Job:
    """The job that evaluates a package on its data, with the recipe that it has, if any."""
    return Job(
        task=manifest.task,
        serve=manifest.serve.model_copy(update={"compile": "off"}),
        slices_columns=tuple(manifest.slices.columns),
        slices_rules=manifest.slices.rules,
        test=manifest.test,
        recipe=manifest.recipe,
        **data.roles(),
    )
