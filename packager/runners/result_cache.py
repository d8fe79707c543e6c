"""Cache of worker results, keyed by a digest of all their inputs.

A training result is reused by later builds with the same inputs; its files are compared with their
digests first.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from packager.cache import atomic_directory, cache_directory, touch
from packager.digest import canonical_json, sha256_bytes, sha256_file
from packager.errors import PackageError
from packager.image.config import Image
from packager.image.runtime import runtime_digest, serving_runtime, training_runtime
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Lock
from packager.progress import Progress
from packager.project.files import ProjectFiles
from packager.runners.runner import START_VARIABLES
from packager.worker.job import Job, TrainingResult

TRAINED = "trained"
FILES = "files"
"""Folder of a cached result with the worker's files."""
RECORD = "kept.json"


@dataclass(frozen=True)
class CachedTraining:
    """A training result from the cache."""

    result: TrainingResult
    isolation: Mapping[str, str]
    """Isolation of the project's code when it was trained."""


class _Record(FrozenModel):
    """``kept.json``, beside the files of a cached training result."""

    files: dict[str, str]
    """sha256 of each file, by posix path."""
    isolation: dict[str, str]


def inputs_digest(files: ProjectFiles, lock: Lock, isolation: str, inputs: FrozenModel) -> str:
    """Digest, 32 hex digits, of all inputs of a worker's result for ``inputs``.

    The inputs are the project's code (without ``[test]``), data and pretrained model, the locked
    dependencies with Python, platform and base, the version of the runtime, and where the worker
    runs.
    """
    key = {
        "files": files.training_digests(),
        "asked": inputs.model_dump(mode="json", by_alias=True),
        "lock": lock.model_dump(mode="json", by_alias=True),
        "runtime": runtime_digest(serving_runtime() | training_runtime()),
        "isolation": isolation,
    }
    return sha256_bytes(canonical_json(key))[:32]


def training_inputs(image: Image, files: ProjectFiles) -> Image:
    """``image`` with the code by what a training reads: another ``[test]`` is no other code."""
    code = canonical_json(files.training_digests()["code"])
    config = image.config
    for layer in image.layers:
        if layer.name == "code":
            named = f"sha256:{sha256_bytes(code)}"
            config = config.replace(layer.diff_id.encode(), named.encode())
    return replace(image, config=config)


def training_digest(image: Image, isolation: str, machine: Mapping[str, str], job: Job) -> str:
    """Digest, 32 hex digits, of all inputs of the training ``job`` in ``image``.

    The config of ``image`` names every layer by content: base, dependencies, both runtimes, code,
    data and a pretrained model. ``machine`` is that of ``isolation``. ``job.test`` is no input:
    what it shapes is measured again (``build/measure.py``).
    """
    key = {
        "image": image.digest,
        "variables": START_VARIABLES,
        "isolation": isolation,
        "machine": dict(machine),
        "job": job.model_dump(mode="json", by_alias=True, exclude={"test"}),
    }
    return sha256_bytes(canonical_json(key))[:32]


def load_training(digest: str, out: Path, progress: Progress) -> CachedTraining | None:
    """Copy the cached training result of ``digest`` to ``out`` and load it; None if absent.

    A damaged one is removed, with a warning.
    """
    folder = cache_directory(TRAINED) / digest
    if not (folder / RECORD).is_file():
        return None
    touch(folder)
    try:
        record = _Record.load(folder / RECORD)
        _copy(folder / FILES, out)
        changed = record.files.items() ^ _digests(out).items()
        if not changed:
            return CachedTraining(TrainingResult.load(out / "result.json"), record.isolation)
        why = f"{min(changed)[0]} is not as it was written"
    except (OSError, PackageError) as error:
        why = str(error)
    progress.warn(f"the cached training result is damaged: {why}; training")
    shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    return None


def store_training(digest: str, out: Path, isolation: Mapping[str, str]) -> None:
    """Cache the training result at ``out``, whose files must not be changed afterwards."""
    record = _Record(files=_digests(out), isolation=dict(isolation))
    with atomic_directory(cache_directory(TRAINED) / digest, replace=True) as new:
        _copy(out, new / FILES)
        (new / RECORD).write_bytes(record.dump())


def _copy(source: Path, target: Path) -> None:
    # The cache's work folder is on the cache's file system.
    shutil.copytree(source, target, symlinks=True, copy_function=os.link)


def _digests(folder: Path) -> dict[str, str]:
    """sha256 of each file below ``folder``, of a link that of its target's path."""
    return {
        path.relative_to(folder).as_posix(): sha256_bytes(os.fsencode(path.readlink()))
        if path.is_symlink()
        else sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or not path.is_dir()
    }
