"""Processor time of a package over that of an earlier one: both predict the same rows, in turn."""

from __future__ import annotations

import math
from pathlib import Path

from packager.cache import temporary_directory
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.layers import Layer, plain_layer
from packager.image.reference import Reference
from packager.image.stack import entries
from packager.progress import NullProgress, Progress
from packager.runners.package import package_worker
from packager.runners.runner import Worker
from packager.testing.new_data import PLACE, DataArgument, in_form_of, resolve
from packager.worker.job import DataTestJob, PreviousTimes
from packager.worker.test.timed import TimedRows
from packager.worker.test.timing import relative_error

MIN_PAIRS = 6
"""Runs of each package."""
MAX_PAIRS = 12
MAX_ERROR = 0.04
"""More pairs follow until the relative error of their ratio is below, as on a busy machine."""


def previous_times(
    packages: tuple[Reference, Reference],
    layer: Layer,
    job: DataTestJob,
    engine: Engine | None,
    progress: Progress,
) -> PreviousTimes:
    """The ratios of the first of ``packages``, the tested one, to the second, an earlier one.

    ``layer``: the new data, which ``job`` names. What keeps one of them from being measured is
    given as the reason.
    """
    tested, earlier = packages
    extra = [layer]
    progress.step(f"measuring processor time in turn with {earlier.name}")
    try:
        with (
            package_worker(tested, engine, progress, extra=extra, companion=True) as now,
            package_worker(earlier, engine, progress, extra=extra, companion=True) as before,
        ):
            return PreviousTimes(tag=earlier.manifest.tag, ratios=in_turn(now, before, job))
    except PackageError as error:
        return PreviousTimes(tag=earlier.manifest.tag, why=error.message)


def times_on(
    packages: tuple[Reference, Reference], data: str, engine: Engine | None, progress: Progress
) -> PreviousTimes:
    """The same on ``data``, as ``package test --data`` names it.

    Raise ``PackageError`` if they can't be read.
    """
    manifest = packages[0].manifest
    with temporary_directory() as folder:
        new_data = resolve(DataArgument.parse(data), manifest, None, folder, progress)
        if new_data.empty:
            raise UsageError(f"{data}: expected rows, got none")
        read = in_form_of(new_data, manifest, folder)
        layer = plain_layer("new", folder / "new.tar", entries(read.files, PLACE))
        job = DataTestJob(source=read.source, shown=data)
        return previous_times(packages, layer, job, engine, progress)


def in_turn(now: Worker, before: Worker, job: DataTestJob) -> tuple[float, ...]:
    """The ratio of each pair of runs; each package is first in every other pair."""
    ratios: list[float] = []
    for pair in range(MAX_PAIRS):
        if pair >= MIN_PAIRS and relative_error(ratios) < MAX_ERROR:
            break
        order = (now, before) if pair % 2 else (before, now)
        spent = [_seconds(worker, job) for worker in order]
        new, old = spent if pair % 2 else spent[::-1]
        if new > 0 and old > 0 and math.isfinite(new / old):
            ratios.append(new / old)
    return tuple(ratios)


def _seconds(worker: Worker, job: DataTestJob) -> float:
    with temporary_directory() as folder:
        return _run(worker, job, folder).seconds


def _run(worker: Worker, job: DataTestJob, folder: Path) -> TimedRows:
    inputs: dict[str, bytes] = {"test.json": job.dump()}
    return TimedRows.load(worker.run("timed", inputs, folder / "out", NullProgress()))
