"""The baseline of a package: statistics of the model on its held-out rows."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from modelhost.solution.spec import SOLUTION
from monitoring.profile.profile import Profile
from monitoring.slices.slices import ALL
from packager.manifest.manifest import Schema
from packager.manifest.policy import Policy
from packager.model.hosted_model import HostedModel
from packager.model.model import Model
from packager.model.predictions import Predictions, scalars
from packager.worker.job import Job
from packager.worker.test.attribution import AttributedRows, attribute, chosen_rows
from packager.worker.test.attribution_records import FILE as ATTRIBUTION
from packager.worker.test.attribution_records import Attribution
from packager.worker.test.baseline import BASELINE, Baseline
from packager.worker.test.class_baseline import class_baseline
from packager.worker.test.fairness import fairness_baseline, group_values
from packager.worker.test.group_codes import group_codes
from packager.worker.test.headline_effect import headline_effect
from packager.worker.test.judged_parts import judged_parts
from packager.worker.test.judged_rows import JudgedData, JudgedOutputs, JudgedRows, baseline_of
from packager.worker.test.policy_names import check_policy
from packager.worker.test.reference_effects import reference_effects
from packager.worker.test.repeated_answers import check_repeated
from packager.worker.test.weak import WeakOptions, weak_slices
from packager.worker.test.weak_family import SHOWN_LEVEL, losses_of
from packager.worker.test.weak_slice import FILE as WEAK
from packager.worker.test.weak_slice import WeakSlices
from packager.worker.train.dataset import Dataset

Mask = npt.NDArray[np.bool_]

MAX_TOLD = 5


class HeldOut(NamedTuple):
    """Statistics, weak slices and attribution of the held-out rows."""

    baseline: Baseline
    weak: WeakSlices | None
    attribution: Attribution | None = None
    """Of a solution: the shares of its members in its error."""

    def write(self, folder: Path) -> None:
        """Write ``baseline.json``, ``weak.json`` and ``attribution.json``.

        Weak slices are told on stderr.
        """
        (folder / BASELINE).write_bytes(self.baseline.dump())
        if self.attribution is not None:
            (folder / ATTRIBUTION).write_bytes(self.attribution.dump())
        if self.weak is None:
            return
        (folder / WEAK).write_bytes(self.weak.dump())
        for slice_ in self.weak.slices[:MAX_TOLD]:
            sys.stderr.write(
                f"weak slice of {slice_.rows} held-out rows, loss {slice_.loss:.3g} instead of "
                f"{slice_.expected:.3g}; to watch it, below [slices.rules]: {slice_.rule}\n"
            )


def held_out_statistics(
    model: Model,
    dataset: Dataset,
    masks: Mapping[str, Mask],
    schema: Schema,
    profile: Profile,
    job: Job,
) -> HeldOut:
    """The statistics of ``model`` on the held-out rows, for each slice that has any.

    Raise ``UsageError`` if ``[test]`` names an absent column, metric or slice.
    """
    every = {ALL: np.ones(len(dataset.test), np.bool_)}
    others = {name: mask for name, mask in masks.items() if name != ALL}
    answers = model.predict(dataset.test[list(dataset.features)])
    judged = _judged(answers, dataset, schema, job)
    baseline = baseline_of(judged, {**every, **others})
    effects = reference_effects(dataset, profile, schema, job, answers)
    own_effect = headline_effect(judged)
    baseline = baseline.model_copy(
        update={"reference_effects": effects, "design_effect": own_effect}
    )
    check_policy(job.test, baseline)
    values = group_values(dataset.train, job.test.fairness)
    parts = {name: class_baseline(rows) for name, rows in judged_parts(judged).parts.items()}
    own = {
        "answers": parts.pop("", None),
        "outputs": {name: one for name, one in parts.items() if one is not None},
        "fairness": fairness_baseline(judged, dataset.test, values, job.test.fairness),
    }
    baseline = baseline.model_copy(update=own)
    shares = None
    if job.serve.loader == SOLUTION and isinstance(model, HostedModel):
        check_repeated(answers, model.predict(dataset.test[list(dataset.features)]))
        shares = _shares(model, dataset, others, schema, job)
    return HeldOut(baseline, _weak(judged, dataset, profile, schema, job.test), shares)


def _shares(
    model: HostedModel, dataset: Dataset, masks: Mapping[str, Mask], schema: Schema, job: Job
) -> Attribution:
    """The members' shares of the error on held-out rows, without any row."""
    chosen = chosen_rows(len(dataset.test))
    some = replace(dataset, test=dataset.test[chosen].reset_index(drop=True))
    features = some.test[list(some.features)]
    rows = AttributedRows(
        features,
        some.test,
        lambda predictions: _judged(predictions, some, schema, job),
        {name: mask[chosen] for name, mask in masks.items()},
        np.flatnonzero(chosen),
        lambda _: {},
    )
    return attribute(model, rows, model.predict(features), strict=True).without_rows()


def _weak(
    judged: JudgedData, dataset: Dataset, profile: Profile, schema: Schema, policy: Policy
) -> WeakSlices | None:
    """The weak slices of the held-out rows; None if the policy searches none, or rows have no loss.

    They are compared with confidence or the other rows: the baseline is of the same rows.
    """
    losses = losses_of(judged, profile)
    if losses is None or policy.weak.features == 0:
        return None
    columns = (*schema.features, *schema.extras)
    against = "rest" if policy.weak.against == "baseline" else policy.weak.against
    options = WeakOptions(policy.weak.features, policy.weak.effect, against, SHOWN_LEVEL)
    return weak_slices(dataset.test, losses, columns, profile, options).without_cells()


def _judged(predictions: Predictions, dataset: Dataset, schema: Schema, job: Job) -> JudgedData:
    names = list(dataset.features)
    groups = group_codes(dataset.test, job.test.groups)
    if job.task == "outputs":
        return JudgedOutputs.of(dataset.test, schema.outputs, predictions, names, groups)
    truth = scalars(dataset.test[dataset.target])
    return JudgedRows(job.task, truth, predictions, schema.classes, groups)
