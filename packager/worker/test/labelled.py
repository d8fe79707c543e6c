"""The labelled rows of new data with the model's answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from monitoring.profile.calibration import Calibration, wrong_probability
from packager.model.predictions import Predictions
from packager.text import nearest_name
from packager.worker.test.judged_rows import JudgedData, JudgedOutputs, JudgedRows
from packager.worker.test.new_rows import NewRows
from packager.worker.test.weighted_rows import WeightedRows
from packager.worker.train.profile import confidence

Mask = npt.NDArray[np.bool_]


def measured_rows(rows: NewRows, fresh: Mask) -> tuple[Mask, str]:
    """The rows that quality is measured on, shape (n,), and why there are none, or empty.

    ``fresh``: whether each row is none of the training.
    """
    measured, classes = rows.labelled & fresh, rows.manifest.schema_.classes
    why = ""
    if not rows.labelled.any():
        why = f"the new data have no labels{_other_name(rows)}"
    elif not measured.any():
        why = "every labelled row is one of the training"
    elif classes is not None and rows.truth and not {*classes} & {*rows.truth}:
        # Labels of another spelling: every answer would be wrong, and every slice weak.
        why = "no label is one of the model's classes"
    return (np.zeros_like(measured) if why else measured), why


def _other_name(rows: NewRows) -> str:
    """The unknown column that may be the target under another name, for the end of a sentence."""
    target = rows.manifest.schema_.target
    if target is None or target.name in rows.as_read.columns:
        return ""
    near = nearest_name(target.name, rows.unknown)
    return "" if near is None else f" (they have {near!r}, not {target.name!r})"


def judged_data(
    rows: NewRows,
    predictions: Predictions,
    measured: Mask,
    chosen: npt.NDArray[np.float64] | None = None,
    calibration: Calibration | None = None,
) -> JudgedData | None:
    """The rows of ``measured``, which have labels, with their answers; None if there are none.

    ``chosen``: the probability with which each row was to be labelled, shape (n,); ``calibration``:
    of the package's confidences.
    """
    if not measured.any():
        return None
    manifest, labelled = rows.manifest, rows.where(measured)
    answers = predictions.at(np.flatnonzero(measured).tolist())
    groups = labelled.groups(manifest.test.groups)
    if manifest.task == "outputs":
        names = list(labelled.features.columns)
        beside = labelled.as_read.assign(**{n: labelled.served[n] for n in names})
        outputs = manifest.schema_.outputs
        return JudgedOutputs.of(beside, outputs, answers, names, groups)
    judged = JudgedRows(manifest.task, labelled.truth, answers, manifest.schema_.classes, groups)
    if chosen is None:
        return judged
    sure = confidence(predictions, manifest.schema_.classes)
    if sure is None or not np.isfinite(sure).any():
        return WeightedRows(**vars(judged), weights=1 / chosen[measured])
    wrong = wrong_probability(sure, calibration)
    means = {name: float(wrong[mask].mean()) for name, mask in rows.masks.items() if mask.any()}
    weights = 1 / chosen[measured]
    return WeightedRows(**vars(judged), weights=weights, wrong=wrong[measured], wrong_means=means)
