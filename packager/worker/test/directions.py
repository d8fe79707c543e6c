"""The worse direction of each metric, and the largest change that the policy allows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from monitoring.scoring.outputs import headline_of
from packager.manifest.labelled_outputs import labelled_outputs
from packager.manifest.manifest import Manifest
from packager.manifest.policy import Change, Policy

ERROR_METRICS = ("mae", "rmse", "mse", "log_loss", "pinball", "brier", "hamming", "width")
"""Beginnings of metrics of which lower is better."""
DEFAULT_SHARE = 0.02
DEFAULT_ERROR = "10%"
DEFAULT_LOG_LOSS = 0.05
RECALL = "recall "
"""Followed by the label: the metric's name."""
DEFAULT_RECALL = 0.05


def worse_direction(metric: str) -> Literal[-1, 1]:
    """1 if an increase of ``metric`` is a change for the worse, else -1."""
    name = metric.rpartition(".")[2]
    return 1 if name.startswith((*ERROR_METRICS, "unanswered")) else -1


def changes_of(policy: Policy, manifest: Manifest) -> Mapping[str, Change]:
    """Metric to its largest change for the worse: the policy's, or the defaults of the task."""
    return policy.quality.changes or _defaults(manifest)


def recall_changes(
    policy: Policy, manifest: Manifest, metrics: Collection[str]
) -> Mapping[str, Change]:
    """The same for the recall of each class, which accuracy hides if a class is rare.

    Defaults of a classification; none if the policy names metrics. ``metrics``: those known.
    """
    if policy.quality.changes or manifest.task != "classification":
        return {}
    return {name: DEFAULT_RECALL for name in metrics if name.startswith(RECALL)}


def limit_of(change: Change, baseline: float) -> float:
    """A largest change in the metric's unit."""
    if isinstance(change, str):
        return float(change.rstrip("% ")) / 100 * abs(baseline)
    return change


def _defaults(manifest: Manifest) -> dict[str, Change]:
    if manifest.task == "classification":
        return {"accuracy": DEFAULT_SHARE, "log_loss": DEFAULT_LOG_LOSS}
    if manifest.task == "regression":
        return {"mae": DEFAULT_ERROR}
    outputs = manifest.schema_.outputs
    changes: dict[str, Change] = {}
    for output in labelled_outputs(outputs):
        name = headline_of(output.form)
        if name is not None and output.has_target:
            prefix = "" if len(outputs) == 1 else f"{output.name}."
            error = name.startswith(ERROR_METRICS)
            changes[prefix + name] = DEFAULT_ERROR if error else DEFAULT_SHARE
    return changes
