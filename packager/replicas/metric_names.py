"""Names of the metrics that ``package drift`` reads, with their labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

COUNTERS = {
    "model_feature_observations_total": ("feature", "bin"),
    "model_feature_anomalies_total": ("feature", "kind"),
    "model_slice_predictions_total": ("slice",),
    "model_feedback_total": ("slice", "outcome"),
    "model_feedback_absolute_error_total": ("slice",),
    "model_feedback_squared_error_total": ("slice",),
    "model_output_measure_total": ("output", "measure", "slice"),
    "model_output_measured_total": ("output", "measure", "slice"),
    "model_output_measure_squared_total": ("output", "measure", "slice"),
}
GAUGES = {
    "model_feature_reference_rows": ("feature", "bin"),
    "model_feature_reference_anomalies_ratio": ("feature", "kind"),
    "model_slice_baseline_accuracy_ratio": ("slice",),
    "model_slice_baseline_mae": ("slice",),
    "model_slice_baseline_effective_rows": ("slice",),
    "model_slice_baseline_error_variance": ("slice",),
    "model_output_baseline": ("output", "measure", "slice"),
    "model_output_baseline_effective_rows": ("output", "measure", "slice"),
    "model_output_baseline_error_variance": ("output", "measure", "slice"),
    "model_label_design_effect": (),
    "model_drift_excluded_features": ("feature", "reason"),
}


class MetricNames(NamedTuple):
    """The metrics that are read: name → labels, in the order of ``Values``."""

    counters: Mapping[str, tuple[str, ...]]
    gauges: Mapping[str, tuple[str, ...]]


DRIFT_NAMES = MetricNames(COUNTERS, GAUGES)
