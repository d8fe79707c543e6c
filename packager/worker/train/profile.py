"""The reference profile for monitoring: a model's inputs and its predictions.

Inputs are profiled on the training rows; predictions on held-out rows, because the model was not
fitted to them. The number of monitored features is bounded; the most important ones are kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.profile.calibration import calibrate
from monitoring.profile.profile import DriftExclusion, FeatureProfile, Profile, is_embedding
from monitoring.stats.binning import MAX_FEATURES, build_profile, prediction_features
from packager.data.extremes import extremes
from packager.errors import PackageError
from packager.manifest.base import Scalar
from packager.manifest.labelled_outputs import labelled_outputs
from packager.manifest.manifest import Column, Schema
from packager.model.hosted import HostEndedError
from packager.model.hosted_model import untraced
from packager.model.model import Model, Predictions
from packager.model.predictions import scalars
from packager.worker.train.answer_features import answer_features
from packager.worker.train.dataset import Dataset
from packager.worker.train.embedding_features import embedding_features
from packager.worker.train.importance import evenly_spaced

MAX_PREDICTED_ROWS = 20_000
MAX_SHOWN = 10

Floats = npt.NDArray[np.float64]
Rank = Callable[[pd.DataFrame, Sequence[Column]], list[Column]]
"""Sorts columns by importance for the model, given the features of held-out rows."""


def profile(
    dataset: Dataset,
    schema: Schema,
    model: Model,
    rank: Rank,
    excluded: Mapping[str, DriftExclusion] | None = None,
    by_time: bool = False,
) -> Profile:
    """Compute the profile of ``dataset`` and of the predictions of ``model``, loaded from disk.

    ``rank``: called if there are more features than are monitored; the most important come first.
    ``excluded``: features without bins, and why. ``by_time``: the held-out rows are the latest, of
    one season, so predictions of training rows are profiled too. The same data and model give the
    same profile. Reports omitted features on stderr.
    """
    excluded = excluded or {}
    rows = evenly_spaced(dataset.test, MAX_PREDICTED_ROWS)
    features = rows[list(dataset.features)]
    predictions = model.predict(features)
    confidences = None if model.classes is None else confidence(predictions, model.classes)
    labels = (_all_year(dataset, model) if by_time else None) or predictions.labels
    structured = model.task == "outputs"
    answers = (
        answer_features(labels, labelled_outputs(schema.outputs))
        if structured
        else prediction_features(labels, confidences, model.task == "regression")
    )
    answers = (*answers, *embedding_features(dataset, model))
    room = MAX_FEATURES - len(answers)
    columns = [column for column in schema.features if column.name not in excluded]
    if len(columns) > room:
        columns = rank(features, columns)
    monitored = build_profile(dataset.train, [(c.name, c.kind) for c in columns], room)
    _report_left_out(monitored, room)
    _report_excluded(excluded)
    right = None if structured else _right(rows[dataset.target], predictions)
    return monitored.model_copy(
        update={
            "features": (*monitored.features, *answers),
            "drift_excluded": excluded,
            "embedding": _embedding(dataset, answers),
            "reference_anomalies": _counted(reference_anomalies(dataset, schema), excluded),
            "calibration": None
            if confidences is None or right is None
            else calibrate(confidences, right),
        }
    )


def _embedding(dataset: Dataset, features: Sequence[FeatureProfile]) -> str | None:
    """The embedding that is watched, if it has any bins."""
    return dataset.embedding if any(is_embedding(feature.name) for feature in features) else None


def _right(target: pd.Series[Any], predictions: Predictions) -> npt.NDArray[np.bool_]:
    """Whether each label is that of the row: (n,)."""
    pairs = zip(scalars(target), predictions.labels, strict=True)
    return np.array([actual == label for actual, label in pairs])


def _all_year(dataset: Dataset, model: Model) -> list[Scalar | None] | None:
    """Predictions of training and held-out rows together, evenly sampled.

    None, with a message on stderr, if the model can't predict rows it was trained on, as some
    forecasters can't.
    """
    names = list(dataset.features)
    rows = pd.concat([dataset.train[names], dataset.test[names]], ignore_index=True)
    try:
        return untraced(model).predict(evenly_spaced(rows, MAX_PREDICTED_ROWS)).labels
    except HostEndedError:
        raise
    except PackageError as error:
        sys.stderr.write(
            f"monitoring: predictions are compared with those of held-out rows only: "
            f"{error.message}\n"
        )
        return None


def confidence(predictions: Predictions, classes: Sequence[Scalar] | None) -> Floats | None:
    """The probability of each predicted class, shape (n,); the largest for an unknown label.

    None without probabilities.
    """
    chances = predictions.probabilities
    if chances is None or not len(chances):
        return None
    indices = {label: index for index, label in enumerate(classes or ())}
    label_chances = np.array(
        [-1 if label is None else indices.get(label, -1) for label in predictions.labels]
    )
    own = chances[np.arange(len(label_chances)), np.maximum(label_chances, 0)]
    confidences: Floats = np.where(label_chances >= 0, own, chances.max(axis=1))
    return confidences


def reference_anomalies(dataset: Dataset, schema: Schema) -> dict[str, dict[str, float]]:
    """Feature → anomaly → share of rows: missing in training rows, the others in held-out rows."""
    return {
        column.name: {
            "missing": float(dataset.train[column.name].isna().mean()),
            **_unlike_training(column, dataset.test[column.name]),
        }
        for column in schema.features
    }


def _unlike_training(column: Column, held_out: pd.Series[Any]) -> dict[str, float]:
    """Anomaly → share of the held-out values that the server would flag."""
    present = held_out.dropna()
    total = len(held_out)
    if column.categories is not None:
        known = frozenset(column.categories)
        unseen = sum(value not in known for value in scalars(present))
        return {"unseen": unseen / total}
    if column.minimum is None or column.maximum is None:
        return {}
    lowest, highest = extremes(present)
    return {
        "below_range": float((lowest < column.minimum).sum()) / total,
        "above_range": float((highest > column.maximum).sum()) / total,
    }


def _counted(
    ratios: Mapping[str, Mapping[str, float]], excluded: Mapping[str, DriftExclusion]
) -> dict[str, dict[str, float]]:
    """``ratios`` without the anomalies that are meaningless for excluded features."""
    return {
        name: {
            kind: ratio
            for kind, ratio in kinds.items()
            if name not in excluded or excluded[name].counts(kind)
        }
        for name, kinds in ratios.items()
    }


def _report_excluded(excluded: Mapping[str, DriftExclusion]) -> None:
    texts = [
        f"{name} ({why.detail})"
        for name, why in excluded.items()
        if why.reason not in ("excluded", "personal")
    ]
    if texts:
        some = ", ".join(texts[:MAX_SHOWN]) + (", …" if len(texts) > MAX_SHOWN else "")
        sys.stderr.write(
            f"monitoring: not compared, because live rows would always drift: {some}; "
            "[monitoring] include enables drift detection for a feature\n"
        )


def _report_left_out(monitored: Profile, room: int) -> None:
    if monitored.left_out:
        total = len({feature.column for feature in monitored.features}) + len(monitored.left_out)
        why = (
            "beyond the cap, the least important"
            if len(monitored.features) == room
            else "in one bin"
        )
        sys.stderr.write(
            f"monitoring: {total - len(monitored.left_out)} of {total} features get drift bins; "
            f"left out ({why}): {_listed(monitored.left_out)}\n"
        )
    if monitored.unwatched:
        sys.stderr.write(
            f"monitoring: not compared, beyond the cap of {room}: {_listed(monitored.unwatched)}\n"
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
