"""Processor time of new rows, as a ratio to the package's own held-out rows, measured in turn.

Wall time and absolute processor time change with the machine and its load; the ratio to reference
rows that are predicted in turn hardly does (docs/testing.md has the figures).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from monitoring.scoring.metric import mean
from monitoring.stats.estimates import Estimate, against_value, estimate
from packager.manifest.policy import Policy, TimePolicy
from packager.model.hosted_model import HostedModel
from packager.worker.job import PreviousTimes
from packager.worker.test.details import TimeDetails
from packager.worker.test.report import Check, NotTested
from packager.worker.test.verdict import FamilyResult
from packager.worker.train.importance import evenly_spaced

ROUNDS = 20
MIN_ROUNDS = 5
MAX_ERROR = 0.03
"""More rounds follow, as long as ``MAX_SECONDS`` allow, until the relative error is below."""
MAX_ROWS = 1_000
"""Rows of one prediction."""
MIN_ROWS = 50
ONLY_RELATIVE = (
    "only new rows that are slower than held-out ones are seen; to see a model that is slower as a "
    "whole, name an earlier package with --previous"
)
MAX_SECONDS = 2.0
"""Time after which no further round begins, if there are ``MIN_ROUNDS``."""

Measure = Callable[[pd.DataFrame], float]
"""The processor time of predicting a frame, in seconds."""


def cpu_ratios(
    model: HostedModel, features: pd.DataFrame, reference: pd.DataFrame
) -> tuple[float, ...]:
    """Processor time of ``features`` over that of as many ``reference`` rows, of each round.

    Empty if there are fewer than ``MIN_ROWS`` of either.
    """
    rows = min(len(features), len(reference), MAX_ROWS)
    if rows < MIN_ROWS:
        return ()
    quiet = model.untraced()
    return ratios(quiet.timed, evenly_spaced(features, rows), evenly_spaced(reference, rows))


def ratios(measure: Measure, rows: pd.DataFrame, reference: pd.DataFrame) -> tuple[float, ...]:
    """The ratios of ``ROUNDS`` rounds, or until they agree, after one that warms up."""
    measure(reference), measure(rows)
    measured: list[float] = []
    until = time.monotonic() + MAX_SECONDS
    while len(measured) < MIN_ROUNDS or (not _enough(measured) and time.monotonic() < until):
        # In turn, and each first in every other round: load and clock changes hit both alike.
        pair = (rows, reference) if len(measured) % 2 else (reference, rows)
        spent = [measure(frame) for frame in pair]
        now, before = spent if len(measured) % 2 else spent[::-1]
        measured.append(now / before if before > 0 else math.nan)
    return tuple(one for one in measured if math.isfinite(one) and one > 0)


def timing(
    measured: Sequence[float] | str, policy: Policy, previous: PreviousTimes | None = None
) -> FamilyResult:
    """Whether a new row takes more processor time than a held-out row, and than it took before.

    ``measured``: the ratios to held-out rows, or why there are none. ``previous``: those to an
    earlier package. Both kinds of rows go through the same model, so that only ``previous`` shows
    a model that is slower as a whole.
    """
    checks, not_tested = [], []
    is_requested = policy.time != TimePolicy()
    why = measured if isinstance(measured, str) else f"fewer than {MIN_ROWS} rows to measure"
    if not isinstance(measured, str) and len(measured) >= MIN_ROUNDS:
        checks.append(_check("processor time", "a held-out row", measured, policy))
    else:
        not_tested.append(
            NotTested(subject="processor time of new rows", why=why, requested=is_requested)
        )
    whole = None if previous is None else since(previous, policy)
    if whole is not None:
        checks.append(whole)
    else:
        missing = ONLY_RELATIVE if previous is None else f"{previous.tag}: {previous.why}"
        part = "processor time of the model as a whole"
        not_tested.append(NotTested(subject=part, why=missing, requested=previous is not None))
    if not checks:
        return FamilyResult(not_judged=why, not_tested=not_tested)
    return FamilyResult(checks, not_tested=not_tested)


def since(previous: PreviousTimes, policy: Policy) -> Check | None:
    """Whether a row takes more processor time than in an earlier package; None if unknown."""
    if len(previous.ratios) < MIN_ROUNDS:
        return None
    name = f"processor time since {previous.tag}"
    check = _check(name, f"a row in {previous.tag}", previous.ratios, policy)
    return check.model_copy(update={"subject": previous.tag})


def _check(name: str, of: str, measured: Sequence[float], policy: Policy) -> Check:
    mean_log = _logarithms(measured)
    seen = against_value(mean_log, 0.0)
    now = math.exp(mean_log.value)
    low, high = (math.exp(end) - 1 for end in seen.interval())
    return Check(
        family="time",
        name=name,
        metric="cpu_ratio",
        baseline=1.0,
        now=now,
        difference=now - 1,
        interval=(low, high),
        limit=policy.time.ratio - 1,
        rows=len(measured),
        p=seen.p_value(1),
        error=seen.error,
        degrees=seen.degrees,
        headline=True,
        why=f"a row takes {now:.2f} times the processor time of {of}; the policy allows "
        f"{policy.time.ratio:g}",
        details=TimeDetails(ratios=tuple(measured)).model_dump(mode="json"),
    )


def _enough(measured: Sequence[float]) -> bool:
    """Whether there are ``ROUNDS`` ratios, of which the mean is known."""
    known = [one for one in measured if math.isfinite(one) and one > 0]
    return len(known) >= ROUNDS and relative_error(known) < MAX_ERROR


def relative_error(measured: Sequence[float]) -> float:
    """The standard error of the logarithm of the mean ratio; infinite for fewer than two ratios."""
    return math.sqrt(_logarithms(measured).variance) if len(measured) > 1 else math.inf


def _logarithms(values: Sequence[float]) -> Estimate:
    metric = mean(np.log(np.asarray(values, np.float64)))
    assert metric is not None
    return estimate(metric)
