"""The labelled rows of new data with the model's answers."""

from __future__ import annotations

import numpy as np

from packager.manifest.manifest import Manifest
from packager.worker.test.answers import Answers
from packager.worker.test.judged_rows import Judged, JudgedOutputs, JudgedRows
from packager.worker.test.new_rows import NewRows


def judged_data(rows: NewRows, answers: Answers, manifest: Manifest) -> Judged | None:
    """The labelled ones of ``rows``, which are those that the model answered; None for none."""
    kept = rows.labelled
    if not kept.any():
        return None
    labelled = rows.where(kept)
    found = answers.found.at(np.flatnonzero(kept).tolist())
    groups = labelled.groups(manifest.test.groups)
    if manifest.task == "outputs":
        names = list(labelled.features.columns)
        beside = labelled.given.assign(**{n: labelled.served[n] for n in names})
        outputs = manifest.schema_.outputs
        return JudgedOutputs.of(beside, outputs, found, names, groups)
    classes = manifest.schema_.classes
    return JudgedRows(manifest.task, labelled.truth, found, classes, groups)
