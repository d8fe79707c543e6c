"""The verb ``cases``: a new package's declared cases on its held-out rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from packager.manifest.manifest import DataSource, Manifest
from packager.model.integrity import MANIFEST, check_before_loading
from packager.model.paths import Root
from packager.worker.job import Job
from packager.worker.test.cases.rows import DataRows
from packager.worker.test.cases.run import cases
from packager.worker.test.report import CasesReport
from packager.worker.test.verdict import judge
from packager.worker.train.dataset import prepare, slice_masks
from packager.worker.train.source_data import read_source


def judge_held_out(root: Root, out: Path) -> CasesReport:
    """Judge the cases of the package below ``root``; write ``out``/cases.json.

    The order and the size of batches were judged when the model was trained. Raise
    ``PackageError`` for a case that can't be judged.
    """
    manifest = Manifest.load(root.package / MANIFEST)
    check_before_loading(manifest, root)
    judged = cases(_held_out(manifest, root), manifest, root, batches=False)
    (family,) = judge({"cases": judged}, manifest.test)
    report = CasesReport(checks=family.checks)
    (out / "cases.json").write_bytes(report.dump())
    return report


def _held_out(manifest: Manifest, root: Root) -> DataRows | None:
    """The held-out rows as they were measured; None for a package without data."""
    data = manifest.data
    if not isinstance(data, DataSource):
        return None
    job = Job(
        task=manifest.task,
        serve=manifest.serve,
        slices_columns=tuple(manifest.slices.columns),
        slices_rules=manifest.slices.rules,
        recipe=manifest.recipe,
        **data.roles(),
    )
    rows = prepare(read_source(root, job.reader), job, root).test
    schema = manifest.schema_
    names = [column.name for column in (*schema.features, *schema.extras)]
    masks = slice_masks(rows, manifest.slices)
    return DataRows(rows[names], np.arange(len(rows)), masks)
