"""Quality on new rows against the packaged baseline, overall and by declared slice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.metrics.class_labels import class_text
from monitoring.slices.slices import ALL
from monitoring.stats.accuracy import MIN_SLICE_ROWS
from monitoring.stats.estimates import Comparison, Estimate, against_value, compare
from packager.manifest.manifest import Manifest
from packager.manifest.policy import Change, Policy
from packager.text import counted
from packager.worker.test.baseline import Baseline
from packager.worker.test.class_baseline import confusion
from packager.worker.test.directions import (
    changes_of,
    limit_of,
    recall_changes,
    worse_direction,
)
from packager.worker.test.judged_rows import JudgedData, JudgedRows
from packager.worker.test.report import Check, NotTested
from packager.worker.test.verdict import FamilyResult
from packager.worker.test.weighted_rows import WeightedRows

Mask = npt.NDArray[np.bool_]
MIN_CHOSEN = 50
"""Rows that a label queue has to have chosen."""
NO_ROW = "no labelled row of the new data is in it"


def quality(
    judged: JudgedData,
    masks: Mapping[str, Mask],
    baseline: Baseline,
    manifest: Manifest,
    policy: Policy,
) -> FamilyResult:
    """Compare the labelled rows with the baseline; ``masks``: slice → mask, shape (n,)."""
    details = _details(judged, baseline)
    # Rows that were chosen teach more than as many others.
    needed = min(MIN_CHOSEN, policy.rows) if isinstance(judged, WeightedRows) else policy.rows
    if len(judged) < needed:
        few = f"{counted(len(judged), 'labelled row')}; [test] rows asks for {needed:,}"
        return FamilyResult(not_judged=few, details=details)
    checks: list[Check] = []
    not_tested: list[NotTested] = []
    for name, mask in masks.items():
        known, own = baseline.slices.get(name), policy.slices.get(name, {})
        if known is None or not mask.any():
            if known is not None or mask.any():
                why = "no held-out row is in it" if known is None else NO_ROW
                not_tested.append(NotTested(subject=name, why=why, requested=bool(own)))
            continue
        estimates = judged.in_slice(name, mask).estimates()
        not_tested += [
            NotTested(subject=_named(metric, name), why=_why_undefined(judged), requested=True)
            for metric in sorted(own.keys() - estimates.keys())
        ]
        changes = {**changes_of(policy, manifest), **own}
        before = {key: one.estimate for key, one in known.metrics.items()}
        checks += _changes(name, before, estimates, changes)
        if name == ALL:
            recalls = recall_changes(policy, manifest, known.metrics)
            checks += [
                one.model_copy(update={"headline": False})
                for one in _changes(name, before, estimates, recalls)
            ]
            checks += _floors(estimates, policy.quality.floor)
            requested = policy.quality.changes.keys() | policy.quality.floor.keys()
            checks += [
                _undefined(metric, len(judged)) for metric in sorted(requested - estimates.keys())
            ]
    if not checks:
        return FamilyResult(
            not_judged="no metric of [test.quality] is defined on these rows",
            details=details,
            not_tested=not_tested,
        )
    return FamilyResult(checks, details=details, not_tested=not_tested)


def _changes(
    slice_: str,
    before: Mapping[str, Estimate],
    estimates: Mapping[str, Estimate],
    changes: Mapping[str, Change],
) -> Iterator[Check]:
    for metric, change in changes.items():
        if metric not in before or metric not in estimates:
            continue
        one, other = before[metric], estimates[metric]
        few = min(one.degrees, other.degrees) + 1 < MIN_SLICE_ROWS
        seen = compare(one._replace(variance=math.nan) if few else one, other)
        limit = limit_of(change, one.value)
        why = f"fewer than {MIN_SLICE_ROWS} independent rows" if few else "its noise is unknown"
        unknown = "" if math.isfinite(seen.error) else f"; {why}"
        yield _check(metric, slice_, seen, other).model_copy(
            update={
                "baseline": one.value,
                "baseline_rows": int(one.rows) if math.isfinite(one.rows) else 0,
                "limit": limit,
                "why": f"{_named(metric, slice_)} {other.value:.4g}, {one.value:.4g} when packaged "
                f"({seen.difference:+.2g}, the policy allows {limit:.2g}){_on(other)}{unknown}",
            }
        )


def _floors(estimates: Mapping[str, Estimate], floors: Mapping[str, float]) -> Iterator[Check]:
    for metric, floor in floors.items():
        if metric not in estimates:
            continue
        other = estimates[metric]
        seen = against_value(other, floor)
        than = "below" if worse_direction(metric) < 0 else "above"
        yield _check(metric, ALL, seen, other).model_copy(
            update={
                "name": f"floor {metric}",
                "baseline": floor,
                "limit": 0.0,
                "why": f"{metric} {other.value:.4g}{_on(other)}, expected not {than} {floor:.4g}",
            }
        )


def _why_undefined(judged: JudgedData) -> str:
    if isinstance(judged, WeightedRows):
        return "of rows that were chosen with different probabilities only means are judged"
    return "it is not defined on these rows, as without a row of some class"


def _undefined(metric: str, rows: int) -> Check:
    """A metric that the policy names and the new rows leave undefined."""
    return Check(
        family="quality",
        name=f"undefined {metric}",
        subject=ALL,
        metric=metric,
        difference=0.0,
        rows=rows,
        p=math.nan,
        headline=True,
        why=f"{metric} is not defined on these {rows:,} rows, as without a row of some class",
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


def _details(judged: JudgedData, baseline: Baseline) -> dict[str, Any]:
    """Confusion matrices for a page; empty for other answers than labels."""
    if not isinstance(judged, JudgedRows) or judged.task != "classification":
        return {}
    if isinstance(judged, WeightedRows):
        return {}
    now = confusion(judged)
    if not now or judged.classes is None:
        return {}
    return {
        "classes": [class_text(label) for label in judged.classes],
        "confusion": now,
        "packaged_confusion": () if baseline.answers is None else baseline.answers.confusion,
    }


def _on(estimate: Estimate) -> str:
    return f" on {int(estimate.rows):,} rows" if math.isfinite(estimate.rows) else ""


def _named(metric: str, slice_: str) -> str:
    return metric if slice_ == ALL else f"{metric} {slice_}"
