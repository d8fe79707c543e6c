"""Compare two models: files, state, predictions on held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from modelhost.state import Leaf, OpaqueError, state_digest
from packager.digest import sha256_bytes
from packager.manifest.base import EquivalenceLevel, FileEntry
from packager.model.hosted_model import HostedModel
from packager.worker.replay.differences import (
    identical,
    label_flips,
    largest_difference,
    row_differences,
)
from packager.worker.replay.report import ModelComparison
from packager.worker.replay.state_differences import differences, first
from packager.worker.replay.volatile_state import Window, volatile_values

ABSOLUTE, RELATIVE = 1e-9, 1e-6
"""Predictions are close within ABSOLUTE + RELATIVE · |recorded|, to allow for other kernels."""
MAX_SHOWN = 10
LAYOUT = "how it is written: the order of memory or keys, or which parts are shared"


@dataclass(frozen=True)
class FittedModel:
    """A model with the files it was read from."""

    files: tuple[FileEntry, ...]
    model: HostedModel
    window: Window | None = None
    """When it was trained; None if unknown."""


def compare_models(recorded: FittedModel, now: FittedModel, rows: pd.DataFrame) -> ModelComparison:
    """Compare two models, with their predictions of ``rows`` (features of the held-out rows)."""
    task = recorded.model.task
    before, after = recorded.model.predict(rows), now.model.predict(rows)
    gaps, allowed = row_differences(before, after, task, ABSOLUTE, RELATIVE)
    differing = np.flatnonzero(gaps > 0)
    worst = differing[np.argsort(-gaps[differing], kind="stable")][:MAX_SHOWN]
    flips = label_flips(before, after, task)
    return ModelComparison(
        **_states(recorded, now),
        artifact=recorded.files == now.files,
        rows=len(rows),
        bit_equal=identical(before, after, task),
        close=not flips and bool((gaps <= allowed).all()),
        label_flips=flips,
        largest_difference=largest_difference(before, after, task),
        differing_rows=tuple(int(row) for row in worst),
    )


def equivalence_level(
    comparison: ModelComparison, *, metrics: bool, statistical: bool
) -> EquivalenceLevel:
    """The strongest level reached.

    ``metrics``: they are within the accepted band; ``statistical``: within the seed variance.
    """
    if comparison.artifact:
        return "artifact"
    if comparison.state and comparison.bit_equal:
        return "state"
    if comparison.rows and (
        comparison.bit_equal or comparison.close
    ):  # without rows nothing was compared
        return "predictions"
    if metrics:
        return "metrics"
    return "statistical" if statistical else "none"


def _states(recorded: FittedModel, now: FittedModel) -> dict[str, Any]:
    """The fields of ``ModelComparison`` about the states."""
    try:
        before, after = recorded.model.state(), now.model.state()
    except OpaqueError as error:
        return {"state": None, "differing": (f"the state can't be inspected: {error}",)}
    before, after, moments = without_volatile_state((before, after), (recorded.window, now.window))
    digests = (state_digest(before), state_digest(after))
    equal = digests[0] == digests[1]
    ignored = first(moments)
    if equal and recorded.files != now.files:
        ignored = first((*moments, *differences(before, after, ignored=True))) or (LAYOUT,)
    parts = differences(before, after)
    return {"state": equal, "digests": digests, "differing": parts, "ignored": ignored}


def without_volatile_state(
    leaves: tuple[Mapping[str, Leaf], Mapping[str, Leaf]],
    windows: tuple[Window | None, Window | None],
) -> tuple[dict[str, Leaf], dict[str, Leaf], tuple[str, ...]]:
    """Two states with volatile values (times, addresses, …) masked, and descriptions of these.

    ``windows``: when each was trained; None if unknown.
    """
    cleared: tuple[dict[str, Leaf], dict[str, Leaf]] = dict(leaves[0]), dict(leaves[1])
    kept_rows = []
    for path, one in leaves[0].items():
        other = leaves[1].get(path)
        if other is None or not one.counts or one.digest == other.digest:
            continue
        name = path.replace("]", "").replace("[", ".").rpartition(".")[2]
        volatile = volatile_values(name, (one.value, other.value), windows)
        if volatile is not None:
            for side in cleared:
                side[path] = replace(side[path], digest=sha256_bytes(volatile[0].encode()))
            kept_rows.append(f"{path}: {volatile[1]}: {one.shown}, now {other.shown}")
    return *cleared, tuple(kept_rows)
