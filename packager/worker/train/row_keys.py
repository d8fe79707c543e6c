"""Keys of training rows: kept of a model, compared with the held-out rows of a solution."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from modelhost.solution.spec import MEMBERS
from packager.data.key_sketch import FILE, KeySketch, key_hashes, key_kinds
from packager.errors import PackageError
from packager.manifest.manifest import Recipe
from packager.model.paths import Root
from packager.worker.job import Job
from packager.worker.train.dataset import Dataset


def keep_keys(dataset: Dataset, job: Job, out: Path) -> None:
    """Write the keys of the rows that the recipe is given, if ``[data] key`` names them."""
    if job.key and isinstance(job.recipe, Recipe):
        (out / FILE).write_bytes(KeySketch.of(dataset.train, job.key).dump())


def check_members(dataset: Dataset, job: Job, root: Root) -> None:
    """Raise ``PackageError`` if a member of a solution was trained on held-out rows.

    Says on stderr of which members that is not known.
    """
    members = list(_members(root))
    if not members:
        return
    unknown = [name for name, sketch in members if sketch is None]
    if not job.key:
        unknown = [name for name, _ in members]
    if unknown:
        of_whom = "the solution" if not job.key else f"member {unknown[0]}"
        sys.stderr.write(
            f"note: whether {', '.join(unknown)} had held-out rows of the solution in training is"
            f" not known: {of_whom} declares no key under [data]\n"
        )
    if not job.key:
        return
    held_out, kinds = key_hashes(dataset.test, job.key), key_kinds(dataset.test, job.key)
    for name, sketch in members:
        if sketch is None:
            continue
        _check(name, sketch, held_out, job)
        if sketch.kinds != kinds:
            sys.stderr.write(
                f"note: whether {name} had held-out rows of the solution in training is not known:"
                f" its key is {_described(sketch.columns, sketch.kinds)}, that of the solution"
                f" {_described(job.key, kinds)}; give both the same columns and kinds (dtypes under"
                " [data.read])\n"
            )


def _check(name: str, sketch: KeySketch, held_out: npt.NDArray[np.uint64], job: Job) -> None:
    overlap = sketch.overlap(held_out)
    if overlap.rows:
        about = "" if overlap.exact else "about "
        raise PackageError(
            f"member {name!r}: expected held-out rows that it was not trained on, got"
            f" {about}{overlap.rows:,} of {len(held_out):,} that it was,"
            f" by the key {', '.join(job.key)}",
            "hold out rows that no member has seen: name them by split.file under [data], or"
            " build the member on other rows",
        )


def _described(columns: Sequence[str], kinds: Sequence[str]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in zip(columns, kinds, strict=True))


def _members(root: Root) -> Iterator[tuple[str, KeySketch | None]]:
    top = root.model / MEMBERS
    for folder in sorted(top.iterdir()) if top.is_dir() else ():
        file = folder / "package" / FILE
        yield folder.name, KeySketch.load(file) if file.is_file() else None
