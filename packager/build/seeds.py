"""``package train --seeds``: measure how metrics vary with the seed (``package.seeds.json``)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from packager.cache import atomic_file, check_writable
from packager.confinement import refuse_sparse
from packager.digest import canonical_json, sha256_bytes
from packager.engine.engine import Engine
from packager.environment.built_wheels import keep_wheels
from packager.environment.lock import FILENAME as LOCK
from packager.environment.lock import write_lock
from packager.errors import UsageError
from packager.manifest.base import FrozenModel
from packager.manifest.evaluation import SeedVariance
from packager.manifest.manifest import Lock
from packager.progress import Progress
from packager.project.config import Project
from packager.project.files import ProjectFiles, read_files
from packager.project.outputs import SEEDS
from packager.runners.job import make_job
from packager.runners.project import environment_worker, resolve_environment
from packager.runners.table_data import local_data
from packager.worker.job import SeedSweepJob
from packager.worker.replay.seed_variance import MIN_SEEDS

MAX_SEEDS = 1_000


class SeedSweep(FrozenModel):
    """``package.seeds.json``: a seed variance, and the digest of its inputs."""

    inputs: str
    """sha256 of the recipe (without its seed), code, data and locked dependencies."""
    seed_variance: SeedVariance


def seed_sweep(
    project: Project,
    count: int,
    engine: Engine | None,
    progress: Progress,
    *,
    base: str | None = None,
) -> SeedVariance:
    """Train with ``count`` seeds and write the variance to ``package.seeds.json``.

    Raises ``UsageError`` without a recipe, ``PackageError`` if a training fails.
    """
    if project.member:
        paths = [project.path(member.package) for member in project.member]
        first = next((path for path in paths if path.is_dir()), "PROJECT")
        raise UsageError(
            "package.toml: expected [recipe] to train with other seeds, got a solution: its flow"
            " isn't trained",
            f"train a member: package train {first} --seeds {count}",
        )
    if project.recipe is None:
        raise UsageError(
            "package.toml: expected [recipe] to train with other seeds, got a model trained "
            "elsewhere",
            "only a recipe can be repeated",
        )
    if not 2 <= count <= MAX_SEEDS:
        raise UsageError(f"--seeds: expected 2 to {MAX_SEEDS}, got {count}", "5 is a start")
    check_writable(project.directory)
    with local_data(project, progress) as local:
        return _sweep(local, count, engine, progress, base)


def _sweep(
    project: Project, count: int, engine: Engine | None, progress: Progress, base: str | None
) -> SeedVariance:
    """``seed_sweep`` for a project whose data is in files."""
    job = SeedSweepJob(job=make_job(project), count=count)
    files = read_files(project)
    environment = resolve_environment(project, files, engine, progress, base=base)
    with (
        environment_worker(project, files, environment, progress) as worker,
        tempfile.TemporaryDirectory() as name,
    ):
        progress.step(f"training with {count} seeds")
        result = worker.run("seeds", {"job.json": job.dump()}, Path(name), progress)
        seed_variance = SeedVariance.load(result)
    # The next build has to use the same dependencies, because the variance depends on them.
    keep_wheels(environment.dependencies.file, project.directory)
    write_lock(environment.dependencies.file, project.directory / LOCK)
    with atomic_file(project.directory / SEEDS) as file:
        inputs = _inputs(project, files, environment.lock)
        file.write_bytes(SeedSweep(inputs=inputs, seed_variance=seed_variance).dump())
    return seed_variance


def load_seed_variance(
    project: Project, files: ProjectFiles, lock: Lock, progress: Progress
) -> SeedVariance | None:
    """Load ``package.seeds.json``; None if absent or, with a warning, measured on other inputs.

    Raises ``UsageError`` if the recipe claims ``statistical`` without enough seeds.
    """
    path = project.directory / SEEDS
    seed_variance: SeedVariance | None = None
    if path.is_file():
        refuse_sparse(path, SEEDS)
        known = SeedSweep.load(path)
        if known.inputs == _inputs(project, files, lock):
            seed_variance = known.seed_variance
        else:
            progress.warn(
                f"{SEEDS} was measured on other code, data, parameters or dependencies, and is "
                f"ignored; measure again: package train --seeds {len(known.seed_variance.seeds)}"
            )
    recipe = project.recipe
    enough = seed_variance is not None and len(seed_variance.seeds) >= MIN_SEEDS
    if recipe and recipe.level == "statistical" and not enough:
        raise UsageError(
            f'package.toml: `recipe.level`: "statistical" needs the spread of at least '
            f"{MIN_SEEDS} seeds, got {len(seed_variance.seeds) if seed_variance else 'none'}",
            f"measure it first: package train --seeds {MIN_SEEDS}",
        )
    return seed_variance


def _inputs(project: Project, files: ProjectFiles, lock: Lock) -> str:
    job = make_job(project).model_dump(mode="json", by_alias=True)
    digests = files.training_digests()
    recipe = {name: job["recipe"][name] for name in ("train", "params", "isa", "metrics")}
    known = {
        "job": {**job, "recipe": recipe},
        "wheels": [(wheel.name, wheel.sha256) for wheel in lock.wheels],
        "code": digests["code"],
        "data": digests["data"],
    }
    return sha256_bytes(canonical_json(known))
