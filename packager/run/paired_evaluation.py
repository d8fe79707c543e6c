"""The comparison of two packages on the same rows: per output, overall and by slice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import variance

import numpy as np
import numpy.typing as npt

from monitoring.slices.slices import ALL
from monitoring.stats.adjust import benjamini_hochberg
from monitoring.stats.paired import SIGNIFICANCE_LEVEL, PairedDifference, SeedRuns, difference
from packager.manifest.evaluation import SeedVariance
from packager.manifest.manifest import Manifest
from packager.run.output_scores import RowMeasure
from packager.run.since_build import SinceBuild

Floats = npt.NDArray[np.float64]
MIN_ROWS = 5
"""On fewer rows p = 0.5 ** rows exceeds ``SIGNIFICANCE_LEVEL`` even if a model wins every row."""


@dataclass(frozen=True)
class PairedEvaluation:
    """Paired comparison of two packages, overall and for each slice of the first package."""

    metric: str
    lower_is_better: bool
    overall: PairedDifference
    slices: dict[str, PairedDifference]
    q: dict[str, float]
    """Slice → p adjusted for multiple comparisons (Benjamini & Hochberg 1995)."""
    seeds_known: bool
    by_sample: tuple[str, ...]
    """Slices for which not both packages have a seed variance."""
    since_build: tuple[SinceBuild | None, SinceBuild | None] = (None, None)
    """Of each package: these rows beside its own held-out rows."""

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        overall = self.overall
        change = f"{_shown(overall.before)} and {_shown(overall.after)} on {overall.rows} rows"
        chance = "seed and sampling variance" if self.seeds_known else "sampling variance"
        explain = "explain" if self.seeds_known else "explains"
        if overall.rows < MIN_ROWS:
            return f"too few rows to decide: {self.metric} {change}, at least {MIN_ROWS} are needed"
        if overall.p >= SIGNIFICANCE_LEVEL:
            by_seed = (
                "; by sampling variance alone there would be one"
                if overall.p_sample < SIGNIFICANCE_LEVEL
                else ""
            )
            return f"no difference beyond chance: {self.metric} {change}, by {chance}{by_seed}"
        better = "better" if overall.difference > 0 else "worse"
        turn = -1 if self.lower_is_better else 1
        sign, ends = turn * overall.difference, sorted((turn * overall.low, turn * overall.high))
        return (
            f"the second is {better}: {self.metric} {change}, a difference of {sign:+.4f} "
            f"({ends[0]:+.4f} to {ends[1]:+.4f}), more than {chance} {explain}"
        )


@dataclass(frozen=True)
class PairedOutputs:
    """Paired comparisons of the outputs of two packages that have several.

    The p-values of the outputs are adjusted for their number (Benjamini & Hochberg 1995).
    """

    outputs: dict[str, PairedEvaluation]
    left_out: dict[str, str]
    """Output → why it is not compared."""


def compare_scores(
    scores: Mapping[str, tuple[Floats, Floats]],
    measure: RowMeasure,
    seeds: Mapping[str, tuple[SeedRuns, SeedRuns]],
) -> PairedEvaluation:
    """Compare two arrays of scores for each slice and for ``__all__``, each of shape (n,)."""
    slices = {
        name: difference(one, other, seeds.get(name))
        for name, (one, other) in scores.items()
        if name != ALL
    }
    adjusted = benjamini_hochberg([slice_.p for slice_ in slices.values()]) if slices else []
    return PairedEvaluation(
        metric=measure.shown,
        lower_is_better=measure.lower_is_better,
        overall=difference(*scores[ALL], seeds.get(ALL)),
        slices=slices,
        q=dict(zip(slices, adjusted, strict=True)),
        seeds_known=ALL in seeds,
        by_sample=tuple(name for name in slices if name not in seeds),
    )


def adjusted_outputs(outputs: Mapping[str, PairedEvaluation]) -> dict[str, PairedEvaluation]:
    """The comparisons with p-values for as many outputs as there are."""
    overall = [one.overall for one in outputs.values()]
    p = benjamini_hochberg([one.p for one in overall])
    p_sample = benjamini_hochberg([one.p_sample for one in overall])
    return {
        name: replace(one, overall=replace(one.overall, p=q, p_sample=by_sample))
        for (name, one), q, by_sample in zip(outputs.items(), p, p_sample, strict=True)
    }


def seeds_of(
    packages: tuple[Manifest, Manifest], measure: RowMeasure, prefix: str = ""
) -> dict[str, tuple[SeedRuns, SeedRuns]]:
    """Slice (and ``__all__``) → variances of the score over seeds, if both packages have them.

    ``prefix``: before the names of metrics, of a package with several outputs.
    """
    spreads = [manifest.seed_variance for manifest in packages]
    if spreads[0] is None or spreads[1] is None:
        return {}
    metric = f"{prefix}{measure.name}"
    one, other = _variances(spreads[0], metric), _variances(spreads[1], metric)
    return {name: (one[name], other[name]) for name in one.keys() & other.keys()}


def _variances(spread: SeedVariance, metric: str) -> dict[str, SeedRuns]:
    columns = {ALL: spread.overall, **spread.slices}
    return {
        name: SeedRuns(variance(values[metric]), len(values[metric]) - 1)
        for name, values in columns.items()
        if len(values.get(metric, ())) > 1
    }


def _shown(score: float) -> str:
    return f"{abs(score):.4f}"
