"""The quality on held-out rows as a server's metrics state it: values with their noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitoring.metrics.reference import Baseline, HeldOutScore
from monitoring.scoring.outputs import ERRORS, LabelledOutput
from monitoring.slices.slices import ALL
from packager.manifest.labelled_outputs import headline_metric, output_baseline
from packager.manifest.manifest import Manifest
from packager.manifest.slice_baselines import FILE, KnownMetric, LossTotals, SliceBaselines
from packager.model.paths import Root


def load_baselines(root: Root) -> SliceBaselines:
    """The statistics of the held-out rows; empty if the package has none."""
    path = root.package / FILE
    return SliceBaselines.load(path) if path.exists() else SliceBaselines()


def baseline_of(manifest: Manifest, known: SliceBaselines) -> Baseline:
    """Accuracy or mean absolute error by slice; empty if the package wasn't evaluated."""
    evaluation = manifest.evaluation
    if evaluation is None:
        return {}
    metric = "accuracy" if manifest.task == "classification" else "mae"
    scores = {}
    for name, measured in {**evaluation.slices, ALL: evaluation.overall}.items():
        value = measured.values.get(metric)
        own = known.slices.get(name)
        losses = LossTotals(rows=0, total=0, squares=0) if own is None else own.losses
        if losses is None or not losses.rows:
            scores[name] = HeldOutScore(value, measured.rows)
        else:
            variance = losses.variance if metric == "mae" else None
            scores[name] = HeldOutScore(value, losses.independent_rows, variance)
    return scores


def output_baselines(
    outputs: Sequence[LabelledOutput], manifest: Manifest, known: SliceBaselines
) -> Mapping[tuple[str, str], HeldOutScore]:
    """By output and slice: the output's headline measure."""
    scores = {}
    for (output, slice_), value in output_baseline(outputs, manifest.evaluation).items():
        (one,) = (one for one in outputs if one.name == output)
        own = known.slices.get(slice_)
        metric = None if own is None else own.metrics.get(headline_metric(one, len(outputs)))
        scores[output, slice_] = _with_noise(value, metric, error=one.headline in ERRORS)
    return scores


def _with_noise(value: float, metric: KnownMetric | None, *, error: bool) -> HeldOutScore:
    """A measure with the rows that give its variance: of a share, as many zeros and ones."""
    if metric is None or metric.variance is None or metric.rows < 1:
        return HeldOutScore(value, 0.0)
    if error:
        return HeldOutScore(value, metric.rows, metric.variance * metric.rows)
    spread = value * (1 - value)
    if not (spread > 0 and metric.variance > 0):
        return HeldOutScore(value, metric.degrees + 1)
    return HeldOutScore(value, spread / metric.variance)
