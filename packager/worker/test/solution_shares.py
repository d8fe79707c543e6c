"""The shares of a solution's members in its error on new rows."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from packager.errors import PackageError
from packager.manifest.manifest import Manifest
from packager.model.hosted import ModelHost
from packager.model.paths import Root
from packager.model.predictions import Predictions
from packager.worker.compile.held_out import json_rows
from packager.worker.processes.host_command import model_host
from packager.worker.processes.resilient_model import StoredModel
from packager.worker.test.attribution import AttributedRows, attribute, chosen_rows
from packager.worker.test.attribution_records import Attribution
from packager.worker.test.cases.outcomes import open_cells
from packager.worker.test.judged_rows import JudgedData
from packager.worker.test.labelled import judged_data
from packager.worker.test.new_rows import NewRows

Mask = npt.NDArray[np.bool_]


def solution_shares(
    rows: NewRows,
    answers: Predictions,
    measured: Mask,
    none: str,
    chosen: npt.NDArray[np.float64] | None,
    root: Root,
) -> Attribution | None:
    """The shares on the rows of ``measured``, which have labels; None for a package of one model.

    ``answers``: of the solution to ``rows``; ``none``: why no row is kept; ``chosen``: the
    probability with which each row was to be labelled. A test goes on without shares, and says why.
    """
    manifest = rows.manifest
    if manifest.solution is None:
        return None
    count = int(measured.sum())
    if not count:
        return Attribution(rows=0, not_attributed=none)
    if chosen is not None:
        why = "the labelled rows were chosen with different probabilities"
        return Attribution(rows=count, not_attributed=why)
    some = np.flatnonzero(measured)[chosen_rows(count)]
    mask = np.zeros(len(rows), np.bool_)
    mask[some] = True
    labelled = rows.where(mask)
    sys.stderr.write(f"attributing the error on {len(labelled):,} rows to the members\n")
    with ModelHost(model_host(root)) as host:
        model = StoredModel(root.models, manifest.serve, manifest.task).load(host).untraced()
        attributed = _attributed_rows(labelled)
        try:
            return attribute(model, attributed, answers.at(some.tolist()))
        except PackageError as error:
            return Attribution(rows=len(labelled), not_attributed=error.message)


def _attributed_rows(rows: NewRows) -> AttributedRows:
    every = np.ones(len(rows), np.bool_)
    features, schema = rows.features, rows.manifest.schema_

    def judge(predictions: Predictions) -> JudgedData:
        judged = judged_data(rows, predictions, every)
        assert judged is not None
        return judged

    def cells(index: int) -> Mapping[str, Any]:
        (row,) = json_rows(features.iloc[[index]], schema)
        return open_cells(row, schema)

    return AttributedRows(
        *(features, rows.as_read, judge, rows.masks, rows.indices, cells),
        target=None if rows.manifest.data == "none" else rows.manifest.data.target,
        hidden=hidden_columns(rows.manifest),
    )


def hidden_columns(manifest: Manifest) -> frozenset[str]:
    """Columns of personal data: those that the build found or package.toml declares."""
    declared = () if manifest.data == "none" else manifest.data.personal
    columns = (*manifest.schema_.features, *manifest.schema_.extras)
    return frozenset((*declared, *(column.name for column in columns if column.personal)))
