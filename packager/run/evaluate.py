"""``package diff A B --data FILE``: compare two packages on the same rows, with significance."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import variance
from typing import Any

import numpy as np
import numpy.typing as npt

from modelhost.frames import keep_text_plain
from monitoring.slices.slices import ALL, SliceSet
from monitoring.stats.adjust import benjamini_hochberg
from monitoring.stats.paired import SIGNIFICANCE_LEVEL, PairedDifference, SeedRuns, difference
from packager.data import frames
from packager.data.model_input import to_model_input
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.reference import Reference
from packager.manifest.evaluation import SeedVariance
from packager.manifest.manifest import Manifest
from packager.manifest.outputs import targets_of
from packager.progress import Progress
from packager.run.output_scores import (
    OUTPUT_MEASURES,
    RowMeasure,
    check_compared,
    output_scores,
)
from packager.run.predict import predict

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

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        found = self.overall
        change = f"{_shown(found.before)} and {_shown(found.after)} on {found.rows} rows"
        chance = "seed and sampling variance" if self.seeds_known else "sampling variance"
        explain = "explain" if self.seeds_known else "explains"
        if found.rows < MIN_ROWS:
            return f"too few rows to decide: {self.metric} {change}, at least {MIN_ROWS} are needed"
        if found.p >= SIGNIFICANCE_LEVEL:
            by_seed = (
                "; by sampling variance alone there would be one"
                if found.p_sample < SIGNIFICANCE_LEVEL
                else ""
            )
            return f"no difference beyond chance: {self.metric} {change}, by {chance}{by_seed}"
        better = "better" if found.difference > 0 else "worse"
        turn = -1 if self.lower_is_better else 1
        sign, ends = turn * found.difference, sorted((turn * found.low, turn * found.high))
        return (
            f"the second is {better}: {self.metric} {change}, a difference of {sign:+.4f} "
            f"({ends[0]:+.4f} to {ends[1]:+.4f}), more than {chance} {explain}"
        )


def evaluate_pair(
    before: Reference, after: Reference, data: Path, engine: Engine | None, progress: Progress
) -> PairedEvaluation:
    """Predict the rows of ``data``, which have the target, with both packages, and compare.

    Raises ``UsageError`` if the packages have different targets or tasks, or outputs that have no
    score of a row, or the file lacks the target, ``PackageError`` if one of them can't predict a
    row.
    """
    first, second = before.manifest, after.manifest
    targets = _targets(first, second)
    keep_text_plain()
    frame = to_model_input(frames.read(data, first.reader), first.reader)
    for target in targets:
        if target not in frame.columns:
            raise UsageError(
                f"--data {data}: expected the target {target!r} among the columns, got "
                f"{', '.join(map(str, list(frame.columns)[:20]))}",
                "name a file with labels",
            )
    labelled = frame[list(targets)].notna().all(axis=1).to_numpy()
    if not labelled.any():
        named = ", ".join(map(repr, targets))
        raise UsageError(f"--data {data}: expected labels in {named}, got none", "fill them in")
    scores = []
    for package in (before, after):
        answers = _answers(package, data, engine, progress)
        kept = [answer for answer, known in zip(answers, labelled, strict=True) if known]
        if first.task == "outputs":
            (output,) = package.manifest.schema_.outputs
            scores.append(output_scores(kept, frame[labelled], output))
        else:
            scores.append(_scores(kept, frame[targets[0]][labelled].tolist(), first.task))
    seeds = _seeds(first, second)
    masks = SliceSet(first.slices.columns, first.slices.rules).masks(frame[labelled])
    return compare_scores(scores[0], scores[1], masks, first, seeds)


def compare_scores(
    one: Floats,
    other: Floats,
    masks: Mapping[str, npt.NDArray[np.bool_]],
    manifest: Manifest,
    seeds: Mapping[str, tuple[SeedRuns, SeedRuns]],
) -> PairedEvaluation:
    """Compare two arrays of scores, shape (n,); ``masks``: slice → mask, shape (n,)."""
    slices = {
        name: difference(one[mask], other[mask], seeds.get(name))
        for name, mask in masks.items()
        if name != ALL and mask.any()
    }
    adjusted = benjamini_hochberg([found.p for found in slices.values()]) if slices else []
    metric = _measure(manifest)
    return PairedEvaluation(
        metric=metric.shown,
        lower_is_better=metric.lower_is_better,
        overall=difference(one, other, seeds.get(ALL)),
        slices=slices,
        q=dict(zip(slices, adjusted, strict=True)),
        seeds_known=ALL in seeds,
        by_sample=tuple(name for name in slices if name not in seeds),
    )


def _measure(manifest: Manifest) -> RowMeasure:
    if manifest.task == "outputs":
        (output,) = manifest.schema_.outputs
        return OUTPUT_MEASURES[output.kind]
    return OUTPUT_MEASURES["label" if manifest.task == "classification" else "number"]


def _targets(first: Manifest, second: Manifest) -> tuple[str, ...]:
    """The columns with the right answers; raise ``UsageError`` unless both answer the same."""
    pairs = [(m.task, _answered(m)) for m in (first, second)]
    if pairs[0] != pairs[1] or not pairs[0][1]:
        shown = " and ".join(f"{task} of {', '.join(names) or None}" for task, names in pairs)
        raise UsageError(
            f"expected two packages that predict the same target, got {shown}",
            "compare packages of the same task, both built with data",
        )
    if first.task == "outputs":
        for manifest in (first, second):
            check_compared(manifest.schema_.outputs)
    return pairs[0][1]


def _answered(manifest: Manifest) -> tuple[str, ...]:
    if manifest.task == "outputs":
        return targets_of(manifest.schema_.outputs)
    target = manifest.schema_.target
    return () if target is None else (target.name,)


def _answers(
    package: Reference, data: Path, engine: Engine | None, progress: Progress
) -> list[dict[str, Any]]:
    text = predict(package, data, "jsonl", engine, progress)
    return [json.loads(line) for line in text.splitlines()]


def _scores(answers: Sequence[Mapping[str, Any]], actual: Sequence[Any], task: str) -> Floats:
    """Scores, shape (n,): 1 for a correct label, 0 for a wrong one; for regression -|error|."""
    found = [answer["prediction"] for answer in answers]
    if task == "classification":
        right = [
            p is not None and (p == a or str(p) == str(a))
            for p, a in zip(found, actual, strict=True)
        ]
        return np.asarray(right, dtype=np.float64)
    if any(value is None for value in found):
        raise PackageError(
            "expected a number for every row, got none for some", "compare rows both can answer"
        )
    return -np.abs(np.asarray(found, dtype=np.float64) - np.asarray(actual, dtype=np.float64))


def _seeds(first: Manifest, second: Manifest) -> dict[str, tuple[SeedRuns, SeedRuns]]:
    """Slice (and ``__all__``) → variances of the score over seeds, if both packages have them."""
    if first.seed_variance is None or second.seed_variance is None:
        return {}
    metric = _measure(first).name
    one, other = _variances(first.seed_variance, metric), _variances(second.seed_variance, metric)
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
