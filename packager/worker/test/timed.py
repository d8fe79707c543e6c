"""The verb ``timed``: processor time of this package on the rows in ``/data/new``.

Two packages run it in turn, each in its own environment, so that a model that became slower as a
whole is seen. The ratio of adjacent runs hardly depends on the machine and its load.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

from packager.errors import PackageError
from packager.manifest.base import FrozenModel
from packager.manifest.manifest import Manifest
from packager.model.hosted import ModelHost
from packager.model.integrity import MANIFEST, check_before_loading
from packager.model.paths import Root
from packager.worker.job import DataTestJob
from packager.worker.processes.host_command import model_host
from packager.worker.processes.resilient_model import StoredModel
from packager.worker.test.new_rows import read_new_rows
from packager.worker.test.timing import MAX_ROWS, MIN_ROWS
from packager.worker.train.importance import evenly_spaced

MIN_ROUNDS = 5
MAX_ROUNDS = 100
SECONDS = 0.5
"""Time after which no further round begins, if there are ``MIN_ROUNDS``."""


class TimedRows(FrozenModel):
    """``timed.json``."""

    rows: int
    seconds: float
    """Processor time of a row: the median of the rounds."""


def measure_rows(job: DataTestJob, root: Root, out: Path) -> TimedRows:
    """Predict evenly spaced valid rows a few times; write ``out``/timed.json.

    Raise ``PackageError`` if the rows lack a feature, if fewer than ``MIN_ROWS`` are valid, or if
    the model refuses them.
    """
    manifest = Manifest.load(root.package / MANIFEST)
    check_before_loading(manifest, root)
    rows = read_new_rows(root.new / job.source if job.source else root.new, manifest)
    if rows.absent:
        raise PackageError(f"the new data lack its feature {rows.absent[0]!r}")
    if len(rows) < MIN_ROWS:
        raise PackageError(f"fewer than {MIN_ROWS} rows are valid for it")
    sample = evenly_spaced(rows.features, MAX_ROWS)
    spent: list[float] = []
    with ModelHost(model_host(root)) as host:
        model = StoredModel(root.models, manifest.serve, manifest.task).load(host).untraced()
        model.timed(sample)  # the first call warms up
        until = time.monotonic() + SECONDS
        while len(spent) < MIN_ROUNDS or (len(spent) < MAX_ROUNDS and time.monotonic() < until):
            spent.append(model.timed(sample))
    timed = TimedRows(rows=len(sample), seconds=median(spent) / len(sample))
    (out / "timed.json").write_bytes(timed.dump())
    return timed
