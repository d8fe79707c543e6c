"""The family ``weak``: slices that nobody declared, on which the model does worse than expected."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.profile.calibration import Calibration
from monitoring.profile.profile import Profile
from monitoring.slices.slices import ALL
from monitoring.stats.expected_noise import ExpectedNoise
from monitoring.stats.slice_tests import Losses
from monitoring.stats.weak_slices import SearchOptions
from packager.manifest.manifest import Schema
from packager.manifest.policy import SHARES, Policy
from packager.text import counted
from packager.worker.test.baseline import Baseline
from packager.worker.test.details import WeakDetails, WeakSliceDetails
from packager.worker.test.judged_rows import JudgedData, JudgedRows
from packager.worker.test.report import Check
from packager.worker.test.verdict import FamilyResult
from packager.worker.test.weak import WeakOptions, weak_slices
from packager.worker.test.weak_slice import WeakSlice, WeakSlices
from packager.worker.test.weighted_rows import WeightedRows
from packager.worker.train.profile import confidence

SHOWN_LEVEL = 0.02
"""Slices are shown, as a warning, that would fail at this level."""


def weak(
    judged: JudgedData,
    frame: pd.DataFrame,
    profile: Profile | None,
    baseline: Baseline | None,
    schema: Schema,
    policy: Policy,
) -> FamilyResult:
    """Search the labelled rows; ``frame``: their features and extras, n rows.

    A slice fails if it was found at the family's part of the budget; others are warnings, and so
    are slices that are worse than the rest where the policy asks for confidence.
    """
    if policy.weak.features == 0:
        return FamilyResult(not_judged="[test.weak] features = 0")
    if isinstance(judged, WeightedRows):
        return FamilyResult(not_judged="the labelled rows were chosen with different probabilities")
    losses = losses_of(judged, profile, baseline)
    if losses is None:
        return FamilyResult(not_judged="the answers have no loss of a row")
    search = weak_slices(
        frame,
        losses,
        (*schema.features, *schema.extras),
        profile,
        _options(policy, baseline),
    )
    if not search.tried:
        few = (
            f"no slice of {counted(search.rows, 'labelled row')} has {SearchOptions.min_rows} rows"
        )
        return FamilyResult(not_judged=few, details=_details(search).model_dump(mode="json"))
    checks = [_summary(search), *(_check(slice_, search, policy) for slice_ in search.slices)]
    return FamilyResult(checks, details=_details(search).model_dump(mode="json"), spends=True)


def losses_of(
    judged: JudgedData, profile: Profile | None, baseline: Baseline | None = None
) -> Losses | None:
    """The loss of each row, and what its calibrated confidence lets expect; None without a loss.

    ``baseline``: of the held-out rows that calibrated it, whose noise is then known; None if these
    are the rows that are searched.
    """
    loss = judged.losses
    if loss is None:
        return None
    if isinstance(judged, JudgedRows) and judged.task == "classification" and profile is not None:
        sure, known = confidence(judged.predictions, judged.classes), profile.calibration
        if sure is not None and known is not None and np.isfinite(sure).all():
            expected = 1 - known.correct_many(sure)
            noise = None if baseline is None else _noise(sure, known, baseline)
            return Losses(loss, expected, judged.groups, noise=noise)
    return Losses(loss, None, judged.groups)


def _noise(
    sure: npt.NDArray[np.float64], known: Calibration, baseline: Baseline
) -> ExpectedNoise | None:
    """The noise of calibrated confidences; None for a calibration that changes nothing."""
    if not known.counts:
        return None
    held = baseline.answers
    effect = 1.0 if held is None or held.reliability is None else held.reliability.design_effect
    values, rows = np.asarray(known.values), np.asarray(known.counts, np.float64)
    return ExpectedNoise.of_shares(known.steps(sure), values, rows, effect)


def _options(policy: Policy, baseline: Baseline | None) -> WeakOptions:
    against, usual = policy.weak.against, None
    if against == "baseline":
        known = None if baseline is None else baseline.slices.get(ALL)
        sums = None if known is None else known.losses
        if sums is None or not sums.rows:
            against = "rest"
        else:
            usual = sums.baseline
    return WeakOptions(policy.weak.features, policy.weak.effect, against, SHOWN_LEVEL, usual)


def _summary(search: WeakSlices) -> Check:
    """Number of weak slices; each is a check of its own."""
    number = counted(len(search.slices), "weak slice") if search.slices else "no weak slice"
    return Check(
        family="weak",
        name="search",
        metric="slices",
        now=float(len(search.slices)),
        rows=search.rows,
        why=f"{number} among {search.tried:,} that were tried on {counted(search.rows, 'row')}",
    )


def _check(one: WeakSlice, search: WeakSlices, policy: Policy) -> Check:
    expected = {
        "confidence": "its confidence lets expect",
        "rest": "the other rows have",
        "baseline": "was usual when packaged",
    }[search.against]
    # Without confidences every model is worse on hard rows than on the others: that is no change.
    is_requested = search.against != "rest" or policy.weak.against == "rest"
    fails = is_requested and one.q <= policy.false_alarm * SHARES["weak"]
    return Check(
        family="weak",
        name=one.condition,
        subject=one.condition,
        metric="excess",
        baseline=one.expected,
        now=one.loss,
        difference=one.excess,
        interval=one.interval,
        limit=search.effect,
        rows=one.rows,
        q=one.q,
        verdict="failed" if fails else "warned",
        why=f"{one.condition}: loss {one.loss:.3g}, {one.expected:.3g} {expected}, on {one.rows:,} "
        f"rows ({one.share:.1%})",
        examples=one.examples,
    )


def _details(search: WeakSlices) -> WeakDetails:
    return WeakDetails(
        slices=tuple(
            WeakSliceDetails(
                rule=slice_.condition,
                rows=slice_.rows,
                share=slice_.share,
                loss=slice_.loss,
                expected=slice_.expected,
                excess=slice_.excess,
                low=slice_.interval[0],
                high=slice_.interval[1],
                examples=slice_.examples,
            )
            for slice_ in search.slices
        )
    )
