"""Suspicious cells and labels: missing, unseen and out-of-range values, against the package's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from monitoring.profile.profile import Profile
from monitoring.stats.clusters import Codes, design_effect
from monitoring.stats.estimates import Estimate, compare
from packager.data.checks.cell_display import json_cell
from packager.data.extremes import extremes
from packager.manifest.manifest import Column, DataSource
from packager.manifest.policy import Policy
from packager.model.predictions import scalars
from packager.worker.test.new_rows import MAX_SHOWN, NewRows
from packager.worker.test.report import Check
from packager.worker.test.verdict import FamilyResult

Mask = npt.NDArray[np.bool_]
KINDS = {
    "missing": "missing values",
    "unseen": "values that are absent from training",
    "below_range": "values below those of training",
    "above_range": "values above those of training",
}


def suspects(
    rows: NewRows, profile: Profile, policy: Policy, effects: Mapping[str, float]
) -> FamilyResult:
    """Compare the share of each kind of suspicious value with that at packaging.

    Missing values are compared with the training rows; the others, which training rows don't have,
    with the held-out rows. ``effects``: ``Baseline.reference_effects``.
    """
    source = rows.manifest.data
    if not isinstance(source, DataSource):
        return FamilyResult(not_judged="the package was built without data")
    groups = rows.groups(policy.groups)
    checks: list[Check] = []
    for column in rows.manifest.schema_.features:
        known = profile.reference_anomalies.get(column.name, {})
        cells = rows.served[column.name]
        for kind, flags in flags_of(column, cells, known):
            before = known[kind]
            if not flags.any() and before == 0:
                continue
            size = source.train_rows if kind == "missing" else source.test_rows
            now = _share(float(flags.mean()), len(flags), design_effect(flags, groups))
            effect = effects.get(f"suspects {kind} {column.name}", 1.0)
            checks.append(_check(column, kind, _share(before, size, effect), now, policy))
            examples = _examples(column, flags, cells, rows.indices)
            checks[-1] = checks[-1].model_copy(update={"examples": examples, "rows": len(flags)})
    checks += _label_checks(rows, source, policy, groups)
    return FamilyResult(checks, details=_rows_flagged(rows))


def flags_of(
    column: Column, cells: pd.Series[Any], known: Mapping[str, float]
) -> Iterator[tuple[str, Mask]]:
    """Kind → whether each cell is of that kind, for the kinds that the package counted."""
    if "missing" in known:
        yield "missing", np.asarray(cells.isna(), np.bool_)
    present = np.asarray(cells.notna(), np.bool_)
    if "unseen" in known and column.categories is not None:
        seen = frozenset(column.categories)
        yield "unseen", np.array([v is not None and v not in seen for v in scalars(cells)])
    if "below_range" in known and column.minimum is not None and column.maximum is not None:
        lowest, highest = extremes(cells[present])
        below, above = np.zeros((2, len(cells)), np.bool_)
        below[present] = np.asarray(lowest) < column.minimum
        above[present] = np.asarray(highest) > column.maximum
        yield "below_range", below
        yield "above_range", above


def _label_checks(
    rows: NewRows, source: DataSource, policy: Policy, groups: Codes | None
) -> Iterator[Check]:
    """Numeric labels beyond those of training: damaged ones make the error's noise unknown.

    If new rows are like the n of training, each label exceeds all of theirs with a probability of
    1/(n + 1) at most.
    """
    column = rows.manifest.schema_.target
    if column is None or rows.manifest.task != "regression" or not rows.truth:
        return
    labelled = rows.where(rows.labelled)
    labels = pd.Series(np.array(labelled.truth, np.float64))
    known = dict.fromkeys(("below_range", "above_range"), 1 / (source.train_rows + 1))
    group_codes = None if groups is None else groups[rows.labelled]
    for kind, flags in flags_of(column, labels, known):
        if not flags.any():
            continue
        now = _share(float(flags.mean()), len(flags), design_effect(flags, group_codes))
        before = _share(known[kind], source.train_rows, 1.0)
        examples = _examples(column, flags, labels, labelled.indices)
        yield _check(column, kind, before, now, policy).model_copy(
            update={"examples": examples, "rows": len(flags)}
        )


def _share(value: float, rows: int, effect: float) -> Estimate:
    variance = value * (1 - value) / max(1, rows - 1) * effect
    return Estimate(value, variance, rows, max(1, rows - 1), True)


def _check(column: Column, kind: str, before: Estimate, now: Estimate, policy: Policy) -> Check:
    seen = compare(before, now)
    return Check(
        family="suspects",
        name=f"{kind} {column.name}",
        subject=column.name,
        metric=kind,
        baseline=before.value,
        baseline_rows=int(before.rows),
        now=now.value,
        difference=seen.difference,
        interval=seen.interval(),
        limit=policy.suspects.rise,
        p=seen.p_value(1),
        error=seen.error,
        degrees=seen.degrees,
        why=f"{column.name}: {now.value:.2%} {KINDS[kind]}, {before.value:.2%} when packaged",
    )


def _examples(
    column: Column, flags: Mask, cells: pd.Series[Any], indices: Codes
) -> tuple[Mapping[str, Any], ...]:
    """The first suspicious cells; of personal data only their rows.

    ``flags``, ``cells``, ``indices``: of the same rows, shape (n,); ``indices``: in the new data.
    """
    chosen: Sequence[int] = np.flatnonzero(flags)[:MAX_SHOWN].tolist()
    if column.personal is not None:
        return tuple({"row": int(indices[row])} for row in chosen)
    return tuple(
        {"row": int(indices[row]), "cells": {column.name: json_cell(cells.iloc[row])}}
        for row in chosen
    )


def _rows_flagged(rows: NewRows) -> Mapping[str, object]:
    """Number of rows that have a flag, and the most frequent flags."""
    counts = Counter(flag for flags in rows.flags for flag in flags)
    return {
        "rows": sum(bool(flags) for flags in rows.flags),
        "flags": dict(counts.most_common(MAX_SHOWN)),
    }
