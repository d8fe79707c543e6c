"""Processor time of new rows, as a ratio to the package's own example rows, measured in turn.

Wall time and absolute processor time change with the machine and its load; the ratio to reference
rows that are predicted in turn hardly does (docs/testing.md has the figures).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from monitoring.scoring.metric import mean
from monitoring.stats.estimates import Estimate, compare, estimate
from packager.data.rows.request_rows import RowChecker
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Schema
from packager.manifest.policy import Policy
from packager.model.hosted_model import HostedModel
from packager.worker.test.baseline import Baseline
from packager.worker.test.report import Check
from packager.worker.test.verdict import Judged
from packager.worker.train.importance import evenly_spaced

ROUNDS = 20
MIN_ROUNDS = 5
MAX_ERROR = 0.03
"""More rounds follow, as long as ``MAX_SECONDS`` allow, until the relative error is below."""
MAX_ROWS = 1_000
"""Rows of one prediction."""
MIN_ROWS = 50
MAX_SECONDS = 2.0
"""Time after which no further round begins, if there are ``MIN_ROUNDS``."""

Measure = Callable[[pd.DataFrame], float]
"""The processor time of predicting a frame, in seconds."""


def cpu_ratios(
    model: HostedModel, features: pd.DataFrame, golden: Golden, schema: Schema
) -> tuple[float, ...] | None:
    """Processor time of ``features`` over that of example rows, of each round.

    None if there are too few rows.
    """
    if len(features) < MIN_ROWS:
        return None
    some = evenly_spaced(features, MAX_ROWS)
    reference = reference_rows(golden, schema, len(some))

    def measure(frame: pd.DataFrame) -> float:
        return model.untraced().timed(frame)

    return ratios(measure, some, reference)


def ratios(measure: Measure, rows: pd.DataFrame, reference: pd.DataFrame) -> tuple[float, ...]:
    """The ratios of ``ROUNDS`` rounds, or until they agree, after one that warms up."""
    measure(reference), measure(rows)
    found: list[float] = []
    until = time.monotonic() + MAX_SECONDS
    while len(found) < MIN_ROUNDS or (not _enough(found) and time.monotonic() < until):
        # In turn, and each first in every other round: load and clock changes hit both alike.
        pair = (rows, reference) if len(found) % 2 else (reference, rows)
        spent = [measure(frame) for frame in pair]
        now, before = spent if len(found) % 2 else spent[::-1]
        found.append(now / before if before > 0 else math.nan)
    return tuple(one for one in found if math.isfinite(one) and one > 0)


def _enough(found: Sequence[float]) -> bool:
    """Whether there are ``ROUNDS`` ratios, of which the mean is known."""
    known = [one for one in found if math.isfinite(one) and one > 0]
    return len(known) >= ROUNDS and _logarithms(known).variance < MAX_ERROR**2


def reference_rows(golden: Golden, schema: Schema, count: int) -> pd.DataFrame:
    """``count`` rows: the example rows, repeated."""
    frame: pd.DataFrame = RowChecker(schema).check(golden.rows).frame
    names = [column.name for column in schema.features]
    places = np.arange(count) % len(frame)
    return frame[names].iloc[places].reset_index(drop=True)


def read_golden(folder: Path) -> Golden | None:
    """The example rows in ``folder``; None if there are none."""
    path = folder / "golden.json"
    golden = Golden.load(path) if path.is_file() else None
    return golden if golden is not None and golden.rows else None


def timing(measured: Sequence[float] | None, baseline: Baseline | None, policy: Policy) -> Judged:
    """Compare the ratios with those of the held-out rows at packaging."""
    before = None if baseline is None else baseline.cpu_ratios
    if not before or not measured:
        return Judged(
            not_judged="there are no example rows or too few rows to measure"
            if not measured
            else "the package has no such measurement"
        )
    one, other = _logarithms(before), _logarithms(measured)
    seen = compare(one, other)
    packaged, now = math.exp(one.value), math.exp(other.value)
    check = Check(
        family="time",
        name="processor time",
        metric="cpu_ratio",
        baseline=packaged,
        now=now,
        difference=now / packaged - 1,
        limit=policy.time.ratio - 1,
        rows=len(measured),
        baseline_rows=len(before),
        p=seen.p_value(1),
        error=seen.error,
        degrees=seen.degrees,
        why=f"a row takes {now:.2f} times the processor time of an example row, {packaged:.2f} "
        "times when packaged",
        details={"ratios": list(measured), "packaged": list(before)},
    )
    return Judged([check])


def _logarithms(values: Sequence[float]) -> Estimate:
    found = mean(np.log(np.asarray(values, np.float64)))
    assert found is not None
    return estimate(found)
