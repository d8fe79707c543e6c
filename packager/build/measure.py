"""Statistics of the held-out rows for ``[test]``, computed again where a training is reused."""

from __future__ import annotations

import shutil
from pathlib import Path

from packager.build.context import BuildContext
from packager.cache import atomic_directory, cache_directory, touch
from packager.digest import canonical_json, hash_files, sha256_bytes
from packager.image.config import Image
from packager.image.layers import plain_layer, tree_entries
from packager.image.stack import entries
from packager.runners.package import layers_worker
from packager.worker.job import Job
from packager.worker.test.attribution_records import FILE as ATTRIBUTION
from packager.worker.test.baseline import BASELINE
from packager.worker.test.weak_slice import FILE as WEAK

NAMES = (BASELINE, WEAK, ATTRIBUTION)
MEASURED = "baselines"
"""Folder of the cache with statistics by training and ``[test]``."""
GIVEN = ("result.json", "profile.json")


def keep_measures(training: str, job: Job, out: Path) -> None:
    """Cache the statistics at ``out``, which the training ``training`` made for ``job.test``."""
    if not (out / BASELINE).is_file():
        return
    with atomic_directory(_folder(training, job), replace=True) as new:
        for name in NAMES:
            if (out / name).is_file():
                shutil.copyfile(out / name, new / name)


def measure(training: str, job: Job, image: Image, context: BuildContext) -> None:
    """Replace the statistics in ``folder/out`` by those for ``job.test``.

    ``training``: the digest of the reused training, whose result is in ``folder/out``; ``image``:
    the one that trains. Raise ``UsageError`` if ``[test]`` names what the package lacks.
    """
    out = context.folder / "out"
    if not (out / BASELINE).is_file():
        return
    cached = _folder(training, job)
    if not (cached / BASELINE).is_file():
        context.progress.step("measuring the held-out rows for another [test]")
        measured = context.folder / MEASURED
        _run(job, image, context, measured)
        keep_measures(training, job, measured)
    touch(cached)
    for name in NAMES:
        (out / name).unlink(missing_ok=True)  # a link into the cache
        if (cached / name).is_file():
            shutil.copyfile(cached / name, out / name)


def _run(job: Job, image: Image, context: BuildContext, measured: Path) -> None:
    out, folder, environment = context.folder / "out", context.folder, context.environment
    digests = hash_files({name: out / name for name in GIVEN})
    layers = [plain_layer("package", folder / "given-package.tar", entries(digests, "package"))]
    if (out / "model").is_dir():
        trained = tree_entries(out / "model", "models")
        layers.append(plain_layer("model", folder / "given-model.tar", list(trained)))
    base, engine, platform = environment.locked_base, environment.engine, environment.platform
    with layers_worker([*image.layers, *layers], base, platform, engine) as worker:
        worker.run("baseline", {"job.json": job.dump()}, measured, context.progress)


def _folder(training: str, job: Job) -> Path:
    key = {"training": training, "test": job.test.model_dump(mode="json")}
    return cache_directory(MEASURED) / sha256_bytes(canonical_json(key))[:32]
