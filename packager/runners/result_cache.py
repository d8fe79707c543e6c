"""Cache of worker results, keyed by a digest of all their inputs.

A training result is kept if the build fails after training, for example in the smoke test: the next
build with ``--resume`` and the same inputs reuses it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packager.cache import atomic_directory, cache_directory, touch
from packager.digest import canonical_json, sha256_bytes
from packager.image.runtime import runtime_digest, serving_runtime, training_runtime
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Lock
from packager.progress import Progress
from packager.project.files import ProjectFiles
from packager.worker.job import TrainingResult

TRAINED = "trained"


def inputs_digest(files: ProjectFiles, lock: Lock, isolation: str, asked: FrozenModel) -> str:
    """Digest, 32 hex digits, of all inputs of a worker's result for ``asked``.

    The inputs are the project's code, data and pretrained model, the locked dependencies with
    Python, platform and base, the version of the runtime, and where the worker runs.
    """
    key = {
        "files": files.digests(),
        "asked": asked.model_dump(mode="json", by_alias=True),
        "lock": lock.model_dump(mode="json", by_alias=True),
        "runtime": runtime_digest(serving_runtime() | training_runtime()),
        "isolation": isolation,
    }
    return sha256_bytes(canonical_json(key))[:32]


def take_result(digest: str, out: Path) -> TrainingResult | None:
    """Copy the cached training result of ``digest`` to ``out`` and load it; None if absent."""
    folder = cache_directory(TRAINED) / digest
    if not (folder / "result.json").is_file():
        return None
    touch(folder)
    shutil.copytree(folder, out, copy_function=os.link)
    return TrainingResult.load(out / "result.json")


@contextmanager
def keep_result(digest: str, out: Path, progress: Progress) -> Iterator[None]:
    """Cache the training result at ``out`` if the block fails; delete it if it succeeds."""
    folder = cache_directory(TRAINED) / digest
    try:
        yield
    except BaseException:
        with atomic_directory(folder, replace=True) as new:
            shutil.copytree(out, new, copy_function=os.link, dirs_exist_ok=True)
        progress.warn(
            "the training result is in the cache: the same command with --resume reuses it, if "
            "code, data, recipe and dependencies are unchanged"
        )
        raise
    shutil.rmtree(folder, ignore_errors=True)
