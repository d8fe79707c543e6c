"""The schema, metrics, slices and findings of a manifest as data frames."""

from __future__ import annotations

import pandas as pd

from packager.findings.from_build import findings_of_build
from packager.image.reference import Reference
from packager.manifest.evaluation import MetricValues
from packager.manifest.manifest import Manifest
from packager.worker.test.weak_slice import FILE as WEAK
from packager.worker.test.weak_slice import WeakSlices

METRIC, SLICE, ROWS = "metric", "slice", "rows"
_FINDING = ("kind", "subject", "severity", "share", "certainty", "title", "action")
_MEASURES = ("value", "low", "high", "baseline")
"""Columns of metrics: the value, its 95 % interval, and that of a constant prediction."""


def schema_frame(manifest: Manifest) -> pd.DataFrame:
    """A row for each column, with its role: ``feature``, ``extra`` (not of the model), ``target``.

    The index is the column; ``required`` is whether each row must have it.
    """
    schema = manifest.schema_
    roles = [("feature", feature) for feature in schema.features] + [
        ("extra", extra) for extra in schema.extras
    ]
    rows: list[dict[str, object]] = [
        {
            "column": one.name,
            "role": role,
            "kind": one.kind,
            "required": role == "feature" and one.default is None,
        }
        for role, one in roles
    ]
    if schema.target is not None:
        one = schema.target
        rows.append({"column": one.name, "role": "target", "kind": one.kind, "required": False})
    columns = ["column", "role", "kind", "required"]
    return pd.DataFrame(rows, columns=columns).set_index("column")


def metrics_frame(manifest: Manifest) -> pd.DataFrame:
    """The metrics on all held-out rows; the index is the metric. Empty if nothing was measured."""
    overall = None if manifest.evaluation is None else manifest.evaluation.overall
    rows = [] if overall is None else _rows(overall)
    return pd.DataFrame(rows, columns=[METRIC, *_MEASURES]).set_index(METRIC)


def slices_frame(manifest: Manifest) -> pd.DataFrame:
    """The metrics of each declared slice; the index is slice and metric."""
    slices = {} if manifest.evaluation is None else manifest.evaluation.slices
    rows = [
        {SLICE: name, ROWS: metrics.rows, **row}
        for name, metrics in slices.items()
        for row in _rows(metrics)
    ]
    columns = [SLICE, METRIC, ROWS, *_MEASURES]
    return pd.DataFrame(rows, columns=columns).set_index([SLICE, METRIC])


def findings_frame(reference: Reference) -> pd.DataFrame:
    """The weak slices that the build found beside the declared ones."""
    weak = reference.record(WeakSlices, WEAK)
    report = findings_of_build(reference.manifest, weak, at=0.0)
    rows = [{name: getattr(finding, name) for name in _FINDING} for finding in report.findings]
    return pd.DataFrame(rows, columns=list(_FINDING))


def _rows(metrics: MetricValues) -> list[dict[str, object]]:
    nothing = (float("nan"), float("nan"))
    return [
        {
            METRIC: name,
            "value": value,
            "low": metrics.intervals.get(name, nothing)[0],
            "high": metrics.intervals.get(name, nothing)[1],
            "baseline": metrics.baseline.get(name, float("nan")),
        }
        for name, value in metrics.values.items()
    ]
