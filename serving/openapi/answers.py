"""JSON Schema of a row's answer, by the kinds of the model's outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from monitoring.metrics.class_labels import class_text
from monitoring.scoring.levels import number_name
from packager.manifest.base import Scalar
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Manifest
from packager.manifest.outputs import Output
from serving.protocols.v2_outputs import gives_probabilities, outputs_of

_NUMBER = {"type": ["number", "null"]}
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}
_LABEL = {"type": ["string", "number", "boolean", "null"]}


def prediction(manifest: Manifest) -> dict[str, Any]:
    """The schema of ``prediction``: the answer of the only output, or an object by their names."""
    outputs = outputs_of(manifest)
    if len(outputs) == 1:
        return _SCHEMAS[outputs[0].kind](outputs[0])
    schema = _record({output.name: _SCHEMAS[output.kind](output) for output in outputs})
    return {**schema, "description": "The answer of each output."}


def probabilities(manifest: Manifest, golden: Golden | None) -> dict[str, Any] | None:
    """The schema of ``probabilities``; None if answers have none."""
    outputs = outputs_of(manifest)
    several = len(outputs) > 1
    properties = {
        output.name: _by_label(output.classes or ())
        for output in outputs
        if gives_probabilities(output, golden, several=several)
    }
    if not properties:
        return None
    return _record(properties) if several else next(iter(properties.values()))


def _by_label(classes: tuple[Scalar, ...]) -> dict[str, Any]:
    schema = _record({class_text(label): _NUMBER for label in classes})
    return {**schema, "description": "The probability of each label."}


def _label(output: Output) -> dict[str, Any]:
    described: dict[str, Any] = {"description": "The label predicted."}
    return described if output.classes is None else {**described, **_one_of(output.classes)}


def _one_of(classes: tuple[Scalar, ...]) -> dict[str, Any]:
    """The schema of one of these labels or null, in a form that generators of clients read.

    They take enumerations of texts or of whole numbers, with their type.
    """
    kinds: dict[str, list[Scalar]] = {}
    for label in classes:
        kinds.setdefault(_TYPES[type(label)], []).append(label)
    if [*kinds] == ["boolean"] and len(classes) == 2:
        return {"type": ["boolean", "null"]}
    if [*kinds] == ["string"]:
        return {"type": ["string", "null"], "enum": [*classes, None]}
    some = [{"type": kind, "enum": labels} for kind, labels in kinds.items()]
    return {"anyOf": [*some, {"type": "null"}]}


def _number(_output: Output) -> dict[str, Any]:
    return {**_NUMBER, "description": "The number predicted; null if it is not finite."}


def _score(_output: Output) -> dict[str, Any]:
    return {**_NUMBER, "description": "The score: higher is more anomalous."}


def _labels(output: Output) -> dict[str, Any]:
    items = _LABEL if output.classes is None else _one_of(output.classes)
    return {"type": "array", "items": items, "description": "The labels predicted."}


def _quantiles(output: Output) -> dict[str, Any]:
    if output.shape is None:
        schema = _record({number_name(level): _NUMBER for level in output.levels or ()})
        return {**schema, "description": "The number predicted for each level."}
    (steps,) = output.shape
    each = {"type": "array", "items": _NUMBER, "minItems": steps, "maxItems": steps}
    schema = _record({number_name(level): each for level in output.levels or ()})
    return {**schema, "description": f"For each level the numbers predicted for {steps} steps."}


def _array(output: Output) -> dict[str, Any]:
    """Lists within lists, each with ``minItems`` equal to ``maxItems``."""
    if output.shape is None:
        return {"type": "array", "items": {}, "description": "Numbers, or lists of them."}
    schema: dict[str, Any] = dict(_NUMBER)
    for extent in reversed(output.shape):
        schema = {"type": "array", "items": schema, "minItems": extent, "maxItems": extent}
    shape = " x ".join(map(str, output.shape))
    return {**schema, "description": f"Numbers, shape {shape}; null if one is not finite."}


def _text(_output: Output) -> dict[str, Any]:
    return {"type": ["string", "null"], "description": "The text predicted."}


def _document(_output: Output) -> dict[str, Any]:
    return {"description": "Any JSON value."}


def _record(properties: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object with exactly these members."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_SCHEMAS: dict[str, Callable[[Output], dict[str, Any]]] = {
    "label": _label,
    "number": _number,
    "score": _score,
    "labels": _labels,
    "numbers": _array,
    "array": _array,
    "quantiles": _quantiles,
    "text": _text,
    "json": _document,
}
