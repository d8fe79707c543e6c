"""``package diff A B --data FILE``: compare two packages on the same rows, with significance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from modelhost.frames import keep_text_plain
from monitoring.slices.slices import ALL, SliceSet
from packager.data import frames
from packager.data.model_input import to_model_input
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.reference import Reference
from packager.manifest.manifest import Manifest
from packager.manifest.outputs import Output, targets_of
from packager.manifest.slice_baselines import SliceBaselines
from packager.progress import Progress
from packager.run.output_scores import (
    OUTPUT_MEASURES,
    NoScoreError,
    OutputScores,
    RowMeasure,
    answers_of,
    measure_of,
    paired_outputs,
)
from packager.run.paired_evaluation import (
    PairedEvaluation,
    PairedOutputs,
    adjusted_outputs,
    compare_scores,
    seeds_of,
)
from packager.run.predict import all_answers
from packager.run.since_build import since_build

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def evaluate_pair(
    before: Reference, after: Reference, data: Path, engine: Engine | None, progress: Progress
) -> PairedEvaluation | PairedOutputs:
    """Predict the rows of ``data``, which have the target, with both packages, and compare.

    Raises ``UsageError`` if the packages have different targets or tasks, or no output with a
    score of a row, or the file lacks a target, ``PackageError`` if one of them can't predict a
    row.
    """
    first, second = before.manifest, after.manifest
    targets = _targets(first, second)
    outputs = first.schema_.outputs, second.schema_.outputs
    pairs, left_out = paired_outputs(*outputs) if first.task == "outputs" else ([], {})
    keep_text_plain()
    frame = to_model_input(frames.read(data, first.reader), first.reader)
    needed = dict.fromkeys(n for one, _ in pairs for n in _columns_of(one)) or targets
    for target in needed:
        if target not in frame.columns:
            raise UsageError(
                f"--data {data}: expected the target {target!r} among the columns, got "
                f"{', '.join(map(str, list(frame.columns)[:20]))}",
                "name a file with labels",
            )
    answers = [all_answers(package, data, engine, progress) for package in (before, after)]
    slices = SliceSet(first.slices.columns, first.slices.rules).masks(frame)
    inputs = _Given(data, frame, slices, (first, second), (before.baselines(), after.baselines()))
    if first.task != "outputs":
        return inputs.compared_labels(answers, targets[0])
    paired: dict[str, PairedEvaluation] = {}
    for one, other in pairs:
        two = [
            answers_of(rows, output.name, len(known))
            for rows, output, known in zip(answers, (one, other), outputs, strict=True)
        ]
        try:
            paired[one.name] = inputs.compared_output(two, (one, other))
        except NoScoreError as error:
            left_out[one.name] = str(error)
    if len(outputs[0]) == len(outputs[1]) == 1 and paired:
        return next(iter(paired.values()))
    if not paired:
        raise UsageError(
            f"--data {data}: expected rows by which an output is scored, got "
            + "; ".join(f"{name}: {why}" for name, why in left_out.items()),
            "name a file with right answers of both kinds",
        )
    return PairedOutputs(adjusted_outputs(paired), left_out)


def _columns_of(output: Output) -> list[str]:
    return [*output.target, *(name for name in (output.group, output.event) if name is not None)]


class _Given(NamedTuple):
    """The rows of a file, their slices, and the packages that are compared on them."""

    data: Path
    frame: pd.DataFrame
    slices: Mapping[str, Mask]
    packages: tuple[Manifest, Manifest]
    baselines: tuple[SliceBaselines, SliceBaselines]

    def compared_labels(
        self, answers: Sequence[Sequence[Mapping[str, Any]]], target: str
    ) -> PairedEvaluation:
        """The comparison of one label or number."""
        task = self.packages[0].task
        known = self._known([target])
        actual = self.frame[target][known].tolist()
        one, other = (_scores(_masked(rows, known), actual, task) for rows in answers)
        measure = OUTPUT_MEASURES["label" if task == "classification" else "number"]
        masks = {name: mask[known] for name, mask in self.slices.items()}
        scores = {name: (one[mask], other[mask]) for name, mask in masks.items() if mask.any()}
        paired = compare_scores(
            scores | {ALL: (one, other)}, measure, seeds_of(self.packages, measure)
        )
        return self._since_build(paired, (one, other), measure, (measure.name, measure.name))

    def compared_output(
        self, answers: Sequence[Sequence[Any]], outputs: tuple[Output, Output]
    ) -> PairedEvaluation:
        """The comparison of one output; raises ``NoScoreError`` if it has no score."""
        known = self._known(_columns_of(outputs[0]))
        frame = self.frame[known]
        one, other = (
            OutputScores(_masked(rows, known), frame, output)
            for rows, output in zip(answers, outputs, strict=True)
        )
        everything = np.ones(len(frame), np.bool_)
        scores = {ALL: (one.over(everything), other.over(everything))}
        for name, mask in self.slices.items():
            own = mask[known]
            if name != ALL and own.any():
                with suppress(NoScoreError):  # an area needs rows of both kinds
                    scores[name] = one.over(own), other.over(own)
        measure = measure_of(outputs[0])
        several = [len(manifest.schema_.outputs) > 1 for manifest in self.packages]
        seeds = seeds_of(self.packages, measure, f"{outputs[0].name}." if several[0] else "")
        first, second = (
            f"{output.name}.{measure.name}" if among else measure.name
            for output, among in zip(outputs, several, strict=True)
        )
        paired = compare_scores(scores, measure, seeds)
        return self._since_build(paired, scores[ALL], measure, (first, second))

    def _since_build(
        self,
        paired: PairedEvaluation,
        scores: tuple[Floats, Floats],
        measure: RowMeasure,
        metrics: tuple[str, str],
    ) -> PairedEvaluation:
        """``paired`` with each package beside its baseline of the metric of that name."""
        one, other = (
            since_build(own, measure, metric, known)
            for own, metric, known in zip(scores, metrics, self.baselines, strict=True)
        )
        return replace(paired, since_build=(one, other))

    def _known(self, names: Sequence[str]) -> Mask:
        """The rows with a right answer, shape (n,); raises ``UsageError`` if there are none."""
        known: Mask = self.frame[list(names)].notna().all(axis=1).to_numpy(bool)
        if not known.any():
            named = ", ".join(map(repr, names))
            raise UsageError(
                f"--data {self.data}: expected labels in {named}, got none", "fill them in"
            )
        return known


def _masked(answers: Sequence[Any], known: Mask) -> list[Any]:
    return [answer for answer, chosen in zip(answers, known, strict=True) if chosen]


def _targets(first: Manifest, second: Manifest) -> tuple[str, ...]:
    """The columns with the right answers; raise ``UsageError`` unless both answer the same.

    Of packages with ``[outputs]`` each output is judged on its own (``paired_outputs``).
    """
    pairs = [(m.task, _label_columns(m)) for m in (first, second)]
    if first.task == second.task == "outputs":
        return pairs[0][1]
    if pairs[0] != pairs[1] or not pairs[0][1]:
        shown = " and ".join(f"{task} of {', '.join(names) or None}" for task, names in pairs)
        raise UsageError(
            f"expected two packages that predict the same target, got {shown}",
            "compare packages of the same task, both built with data",
        )
    return pairs[0][1]


def _label_columns(manifest: Manifest) -> tuple[str, ...]:
    if manifest.task == "outputs":
        return targets_of(manifest.schema_.outputs)
    target = manifest.schema_.target
    return () if target is None else (target.name,)


def _scores(answers: Sequence[Mapping[str, Any]], actual: Sequence[Any], task: str) -> Floats:
    """Scores, shape (n,): 1 for a correct label, 0 for a wrong one; for regression -|error|."""
    predictions = [answer["prediction"] for answer in answers]
    if task == "classification":
        right = [
            p is not None and (p == a or str(p) == str(a))
            for p, a in zip(predictions, actual, strict=True)
        ]
        return np.asarray(right, dtype=np.float64)
    if any(value is None for value in predictions):
        raise PackageError(
            "expected a number for every row, got none for some", "compare rows both can answer"
        )
    return -np.abs(np.asarray(predictions, dtype=np.float64) - np.asarray(actual, dtype=np.float64))
