"""A package's outputs as late labels and monitoring see them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from monitoring.scoring.measures import OutputForm
from monitoring.scoring.outputs import LabelledOutput, with_parts
from monitoring.slices.slices import ALL
from packager.manifest.evaluation import Evaluation
from packager.manifest.outputs import Output


def labelled_outputs(outputs: Sequence[Output]) -> tuple[LabelledOutput, ...]:
    """``outputs`` with the parts of their labels."""
    return with_parts(
        LabelledOutput(
            output.name,
            OutputForm(
                output.kind,
                _classes(output),
                output.levels,
                k=output.k,
                top=output.top,
                spans=output.spans,
                times=output.times or (),
            ),
            _size(output),
            bool(output.target),
            names=output.target
            if output.kind != "labels" and _size(output) == len(output.target)
            else (),
            survival=output.right if output.times else (),
        )
        for output in outputs
    )


def output_baseline(
    outputs: Sequence[LabelledOutput], evaluation: Evaluation | None
) -> Mapping[tuple[str, str], float]:
    """(Output, slice) → the output's headline measure on held-out rows."""
    if evaluation is None:
        return {}
    measured = {**evaluation.slices, ALL: evaluation.overall}
    baseline = {}
    for output in outputs:
        metric = headline_metric(output, len(outputs))
        for name, values in measured.items():
            if metric in values.values:
                baseline[output.name, name] = values.values[metric]
    return baseline


def headline_metric(output: LabelledOutput, outputs: int) -> str:
    """The metric of the package that is the headline of one of so many ``outputs``."""
    return f"{output.headline}" if outputs == 1 else f"{output.name}.{output.headline}"


def _classes(output: Output) -> tuple[str | bool | int | float, ...] | None:
    """The labels; of a set with a column for each label, the names of the columns."""
    if output.kind == "labels" and not output.classes and len(output.target) > 1:
        return output.target
    return output.classes


def _size(output: Output) -> int | None:
    if output.shape is not None:
        return math.prod(output.shape)
    return len(output.target) if len(output.target) > 1 else None
