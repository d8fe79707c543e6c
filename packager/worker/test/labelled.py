"""The labelled rows of new data with the model's answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from monitoring.profile.calibration import Calibration, wrong_probability
from packager.model.predictions import Predictions
from packager.worker.test.judged_rows import Judged, JudgedOutputs, JudgedRows
from packager.worker.test.new_rows import NewRows
from packager.worker.test.weighted_rows import WeightedRows
from packager.worker.train.profile import confidence


def judged_data(
    rows: NewRows,
    found: Predictions,
    kept: npt.NDArray[np.bool_],
    chosen: npt.NDArray[np.float64] | None = None,
    calibration: Calibration | None = None,
) -> Judged | None:
    """The rows of ``kept``, which have labels, with their answers; None if there are none.

    ``chosen``: the probability with which each row was to be labelled, shape (n,); ``calibration``:
    of the package's confidences.
    """
    if not kept.any():
        return None
    manifest, labelled = rows.manifest, rows.where(kept)
    answers = found.at(np.flatnonzero(kept).tolist())
    groups = labelled.groups(manifest.test.groups)
    if manifest.task == "outputs":
        names = list(labelled.features.columns)
        beside = labelled.given.assign(**{n: labelled.served[n] for n in names})
        outputs = manifest.schema_.outputs
        return JudgedOutputs.of(beside, outputs, answers, names, groups)
    judged = JudgedRows(manifest.task, labelled.truth, answers, manifest.schema_.classes, groups)
    if chosen is None:
        return judged
    sure = confidence(found, manifest.schema_.classes)
    if sure is None or not np.isfinite(sure).any():
        return WeightedRows(**vars(judged), weights=1 / chosen[kept])
    wrong = wrong_probability(sure, calibration)
    means = {name: float(wrong[mask].mean()) for name, mask in rows.masks.items() if mask.any()}
    weights = 1 / chosen[kept]
    return WeightedRows(**vars(judged), weights=weights, wrong=wrong[kept], wrong_means=means)
