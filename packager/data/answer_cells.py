"""The answer to a row as cells of a table: ``package predict --format csv``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitoring.metrics.class_labels import class_text
from packager.digest import canonical_json
from packager.manifest.outputs import Output


def answer_cells(answer: Mapping[str, Any], outputs: Sequence[Output]) -> dict[str, Any]:
    """Column → cell: the predictions, then their probabilities.

    ``outputs``: none for a label or a number. One output is ``prediction``, several have their
    names; a quantile is ``NAME.LEVEL``, of several steps ``NAME.STEP.LEVEL`` from 0, the numbers of
    a row are ``NAME.0``, ``NAME.1`` and so on.
    Label sets, arrays and documents are JSON text. A probability is ``probability LABEL``, of
    several outputs ``NAME.probability LABEL``.
    """
    prediction, chances = answer["prediction"], answer.get("probabilities") or {}
    if len(outputs) < 2:
        kind = outputs[0].kind if outputs else "label"
        cells = _cells("prediction", prediction, kind)
        return cells | {f"probability {label}": value for label, value in chances.items()}
    cells = {}
    for output in outputs:
        cells |= _cells(output.name, prediction[output.name], output.kind)
    for name, own in chances.items():
        cells |= {f"{name}.probability {label}": value for label, value in own.items()}
    return cells


def _cells(name: str, value: Any, kind: str) -> dict[str, Any]:
    if kind == "quantiles":
        return _quantiles(name, value)
    if kind == "numbers" and not any(isinstance(one, list) for one in value):
        return {f"{name}.{index}": number for index, number in enumerate(value)}
    if kind in ("labels", "numbers", "array", "json"):
        return {name: canonical_json(value).decode()}
    return {name: value if value is None else class_text(value)}


def _quantiles(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """The cells of a number for each level, or of a list of steps for each."""
    if not all(isinstance(one, list) for one in value.values()):
        return {f"{name}.{level}": number for level, number in value.items()}
    steps = enumerate(zip(*value.values(), strict=True))
    return {
        f"{name}.{step}.{level}": number
        for step, numbers in steps
        for level, number in zip(value, numbers, strict=True)
    }
