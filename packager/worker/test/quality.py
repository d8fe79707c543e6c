"""Quality on new rows against the packaged baseline, overall and by declared slice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from monitoring.slices.slices import ALL
from monitoring.stats.estimates import Comparison, Estimate, against_value, compare
from packager.manifest.manifest import Manifest
from packager.manifest.policy import Change, Policy
from packager.worker.test.baseline import Baseline
from packager.worker.test.directions import changes_of, limit_of, worse_direction
from packager.worker.test.judged_rows import Judged as JudgedData
from packager.worker.test.report import Check
from packager.worker.test.verdict import Judged

Mask = npt.NDArray[np.bool_]


def quality(
    judged: JudgedData,
    masks: Mapping[str, Mask],
    baseline: Baseline,
    manifest: Manifest,
    policy: Policy,
) -> Judged:
    """Compare the labelled rows with the baseline; ``masks``: slice → mask, shape (n,)."""
    checks: list[Check] = []
    for name, mask in masks.items():
        known = baseline.slices.get(name)
        if known is None or not mask.any():
            continue
        found = judged.where(mask).estimates()
        changes = {**changes_of(policy, manifest), **policy.slices.get(name, {})}
        before = {key: one.estimate for key, one in known.metrics.items()}
        checks += _changes(name, before, found, changes)
        if name == ALL:
            checks += _floors(found, policy.quality.floor)
    if not checks:
        return Judged(not_judged="no metric of [test.quality] is defined on these rows")
    if len(judged) < policy.rows:
        return Judged(not_judged=f"{len(judged)} labelled rows; [test] rows asks for {policy.rows}")
    return Judged(checks)


def _changes(
    slice_: str,
    before: Mapping[str, Estimate],
    found: Mapping[str, Estimate],
    changes: Mapping[str, Change],
) -> Iterator[Check]:
    for metric, change in changes.items():
        if metric not in before or metric not in found:
            continue
        one, other = before[metric], found[metric]
        seen = compare(one, other)
        limit = limit_of(change, one.value)
        yield _check(metric, slice_, seen, other).model_copy(
            update={
                "baseline": one.value,
                "baseline_rows": int(one.rows),
                "limit": limit,
                "why": f"{_named(metric, slice_)} {other.value:.4g}, {one.value:.4g} when packaged "
                f"({seen.difference:+.2g}, the policy allows {limit:.2g}) on "
                f"{int(other.rows):,} rows",
            }
        )


def _floors(found: Mapping[str, Estimate], floors: Mapping[str, float]) -> Iterator[Check]:
    for metric, floor in floors.items():
        if metric not in found:
            continue
        other = found[metric]
        seen = against_value(other, floor)
        than = "below" if worse_direction(metric) < 0 else "above"
        yield _check(metric, ALL, seen, other).model_copy(
            update={
                "name": f"{metric} floor",
                "baseline": floor,
                "limit": 0.0,
                "why": f"{metric} {other.value:.4g} on {int(other.rows):,} rows, expected not "
                f"{than} {floor:.4g}",
            }
        )


def _check(metric: str, slice_: str, seen: Comparison, now: Estimate) -> Check:
    direction = worse_direction(metric)
    known = math.isfinite(seen.error)
    return Check(
        family="quality",
        name=_named(metric, slice_),
        subject=slice_,
        metric=metric,
        now=now.value,
        difference=seen.difference,
        worse=direction,
        interval=seen.interval() if known else None,
        rows=int(now.rows) if math.isfinite(now.rows) else 0,
        p=seen.p_value(direction) if known else math.nan,
        error=seen.error if known else None,
        degrees=seen.degrees if known else None,
        headline=slice_ == ALL,
    )


def _named(metric: str, slice_: str) -> str:
    return metric if slice_ == ALL else f"{metric} {slice_}"
