"""Check that a model predicts deterministically: without that, no form can be equivalent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from modelhost.compiling.provenance import CannotCompileError
from packager.data.rows.request_rows import RowChecker
from packager.manifest.manifest import Schema
from packager.model.hosted import HostEndedError, kind_of
from packager.model.model import Model
from packager.worker.compile.probe import native
from packager.worker.replay.differences import label_flips, largest_difference
from packager.worker.train.answers import numbers_within

ROWS = 500
MAX_THREAD_DIFFERENCE = 1e-12
"""Largest relative difference that sums over several threads, in any order, may cause."""


def check_deterministic(model: Model, schema: Schema, rows: Sequence[dict[str, Any]]) -> None:
    """Raise ``CannotCompileError`` if a second call with the same rows predicts differently.

    Raise ``HostEndedError`` if the model ends its process.
    """
    if not rows:
        raise CannotCompileError("no held-out row is a valid request")
    frame = RowChecker(schema).check(rows[:ROWS]).frame
    try:
        one, other = native(model, schema, frame), native(model, schema, frame)
    except HostEndedError:
        raise
    except Exception as error:
        # Any exception means that the model can't predict rows of requests.
        raise CannotCompileError(f"the model raises {kind_of(error)} on held-out rows") from error
    if model.task == "outputs":
        values = numbers_within(one)
        largest = 1.0 if values is None else float(np.nanmax(np.abs(values), initial=1.0))
    else:
        largest = max((abs(v) for v in one.labels if isinstance(v, float)), default=1.0)
    difference = largest_difference(one, other, model.task) or 0.0
    if label_flips(one, other, model.task) or difference > MAX_THREAD_DIFFERENCE * max(
        1.0, largest
    ):
        raise CannotCompileError("the model gives different predictions for the same rows")
