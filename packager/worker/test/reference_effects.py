"""Design effects of the packaged side of drift and of suspicious values, by ``[test] groups``.

The training rows of a group repeat each other as new rows do, but not as often: a customer may have
fifty rows in the training data and one in a day's batch.
"""

from __future__ import annotations

from collections.abc import Iterator

from monitoring.profile.profile import Profile, is_prediction
from monitoring.stats.clusters import design_effect, design_effect_of_bins
from packager.manifest.manifest import Schema
from packager.model.predictions import Predictions
from packager.worker.job import Job
from packager.worker.test.drift import answer_values, check_name
from packager.worker.test.group_codes import group_codes
from packager.worker.test.suspects import flags_of
from packager.worker.train.dataset import Dataset


def reference_effects(
    dataset: Dataset, profile: Profile, schema: Schema, job: Job, predictions: Predictions
) -> dict[str, float]:
    """Family and name of a check (``drift age``) to the design effect of what was packaged.

    ``predictions``: the answers to the held-out rows. Empty without groups.
    """
    if not job.test.groups:
        return {}
    return {
        **dict(_of_drift(dataset, profile, schema, job, predictions)),
        **dict(_of_suspects(dataset, profile, schema, job)),
    }


def _of_drift(
    dataset: Dataset, profile: Profile, schema: Schema, job: Job, predictions: Predictions
) -> Iterator[tuple[str, float]]:
    answers = answer_values(predictions, job.task, schema)
    for feature in profile.features:
        rows = dataset.test if is_prediction(feature.name) else dataset.train
        values = answers.get(feature.name)
        if values is None:
            values = rows.get(feature.column)
        if values is not None:
            bins = feature.bin_indices(values)
            groups = group_codes(rows, job.test.groups)
            effect = design_effect_of_bins(bins, groups, len(feature.bins))
            yield f"drift {check_name(feature)}", effect


def _of_suspects(
    dataset: Dataset, profile: Profile, schema: Schema, job: Job
) -> Iterator[tuple[str, float]]:
    for column in schema.features:
        known = profile.reference_anomalies.get(column.name, {})
        for rows in (dataset.train, dataset.test):
            groups = group_codes(rows, job.test.groups)
            for kind, flags in flags_of(column, rows[column.name], known):
                # As suspects.py: missing values of training rows, the others of held-out rows.
                if (kind == "missing") == (rows is dataset.train):
                    yield f"suspects {kind} {column.name}", design_effect(flags, groups)
