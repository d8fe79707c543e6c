"""The answers of a model as tensors of the Open Inference Protocol V2.

A model with one output gives ``prediction``, one with several a tensor by the name of each. The
probabilities of labels are ``probabilities``, or ``NAME.probabilities``. Then follow ``flags`` and
``token``. What a kind of output becomes:

- ``label``: [n] of a datatype that every label fits into
- ``number``, ``score``: FP64 [n]; ``quantiles``: FP64 [n, levels], of several steps [n, steps,
  levels]
- ``numbers``, ``array``: FP64 [n, *shape]
- ``text``: BYTES [n]; ``labels``, ``json``: BYTES [n], each the JSON text of the answer
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.metrics.class_labels import class_text
from packager.manifest.base import Scalar
from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Manifest
from packager.manifest.outputs import Output
from serving.http.messages import RequestError
from serving.protocols.protocol import ScoredRows
from serving.protocols.v2_tensors import OutputTensor
from serving.protocols.v2_values import datatype

PREDICTION, PROBABILITIES, FLAGS, TOKEN = "prediction", "probabilities", "flags", "token"
_INT64 = np.iinfo(np.int64)
_DATATYPES = {
    "number": "FP64",
    "score": "FP64",
    "quantiles": "FP64",
    "numbers": "FP64",
    "array": "FP64",
}

_OTHER_FORMS = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""Errors of an answer that is not of its output's kind."""


@dataclass(frozen=True)
class _Part:
    """One output of the model, and its tensors."""

    output: Output
    name: str
    chances: str
    """The name of the tensor with the probabilities."""
    datatype: str

    @property
    def width(self) -> tuple[int, ...] | None:
        """The dimensions after that of the rows; None if they are unknown."""
        if self.output.kind == "quantiles":
            return (*(self.output.shape or ()), len(self.output.levels or ()))
        return self.output.shape if self.output.kind in ("numbers", "array") else ()

    @property
    def parameters(self) -> dict[str, str]:
        """The meaning of a row's numbers, for the metadata: the protocol allows only text."""
        levels = self.output.levels
        return {} if levels is None else {"levels": json.dumps(levels, separators=(",", ":"))}


class OutputTensors:
    """Turns scored rows into tensors, and describes them."""

    def __init__(self, manifest: Manifest) -> None:
        schema = manifest.schema_
        self._several = len(schema.outputs) > 1
        self._parts = [_part(manifest, one, several=self._several) for one in outputs_of(manifest)]
        labelled = [part.chances for part in self._parts if part.output.kind in ("label", "labels")]
        if not self._several:
            labelled = [PROBABILITIES]
        self.names = (*(part.name for part in self._parts), *labelled, FLAGS, TOKEN)
        """Every name that a request may ask for; the model may not give all of them."""

    @property
    def is_number(self) -> bool:
        """Whether the model has one output, a number a row."""
        return not self._several and self._parts[0].output.kind in ("number", "score")

    def tensors(self, scored: ScoredRows) -> dict[str, OutputTensor]:
        """The tensors by name, in the order of the metadata.

        Raises ``RequestError`` (500) for answers of another form than the package declares.
        """
        rows = len(scored.labels)
        tensors: dict[str, OutputTensor] = {}
        for part in self._parts:
            try:
                tensors |= {one.name: one for one in self._of_part(part, scored)}
            except _OTHER_FORMS as error:
                message = f"output {part.output.name!r}: the model's answers have another form"
                raise RequestError(500, "model_failed", message) from error
        flags = [";".join(flags) for flags in scored.checked.flags]
        tensors[FLAGS] = OutputTensor(FLAGS, "BYTES", (rows,), flags)
        if scored.tokens is not None:
            tensors[TOKEN] = OutputTensor(TOKEN, "BYTES", (rows,), scored.tokens)
        return tensors

    def described(self, golden: Golden | None, *, tokens: bool) -> list[dict[str, Any]]:
        """The tensors for the metadata; -1 is the number of rows, or a size that varies."""
        tensors: list[dict[str, Any]] = []
        for part in self._parts:
            width = (-1,) if part.width is None else part.width
            one = described(part.name, part.datatype, -1, *width)
            tensors.append({**one, "parameters": part.parameters} if part.parameters else one)
            if gives_probabilities(part.output, golden, several=self._several):
                classes = part.output.classes or ()
                tensors.append(described(part.chances, "FP64", -1, len(classes)))
        tensors.append(described(FLAGS, "BYTES", -1))
        return [*tensors, described(TOKEN, "BYTES", -1)] if tokens else tensors

    def _of_part(self, part: _Part, scored: ScoredRows) -> Iterator[OutputTensor]:
        """The tensors of one output; raises one of ``_OTHER_FORMS``."""
        name = part.output.name
        yield _tensor(
            part, [row[name] for row in scored.labels] if self._several else scored.labels
        )
        probabilities: Any = scored.probabilities
        if self._several and scored.more is not None and name in scored.more[0]["probabilities"]:
            probabilities = [[*row["probabilities"][name].values()] for row in scored.more]
        if probabilities is not None:
            shape = (len(scored.labels), len(part.output.classes or ()))
            chances = np.array(probabilities, np.float64).reshape(shape)
            chances[~np.isfinite(chances)] = np.nan
            yield OutputTensor(part.chances, "FP64", shape, chances)


def described(name: str, datatype: str, *shape: int) -> dict[str, Any]:
    """A tensor for the metadata."""
    return {"name": name, "datatype": datatype, "shape": list(shape)}


def outputs_of(manifest: Manifest) -> tuple[Output, ...]:
    """The outputs of the model; a package with a task has one, of a label or a number."""
    schema = manifest.schema_
    if schema.outputs:
        return schema.outputs
    kind = "number" if manifest.task == "regression" else "label"
    return (Output.model_validate({"name": "prediction", "kind": kind, "classes": schema.classes}),)


def gives_probabilities(output: Output, golden: Golden | None, *, several: bool) -> bool:
    """Whether answers hold the probabilities of ``output``: as the golden rows' answers do.

    Without golden rows, if its classes are known. ``several``: whether it is one of several.
    """
    if output.kind not in ("label", "labels") or output.classes is None:
        return False
    if golden is None or not golden.expected:
        return True
    probabilities = golden.expected[0].get("probabilities", {})
    return output.name in probabilities if several else "probabilities" in golden.expected[0]


def label_datatype(classes: Sequence[Scalar]) -> str:
    """A datatype that every label fits into."""
    if all(isinstance(label, bool) for label in classes):
        return "BOOL"
    if all(type(label) is int and _INT64.min <= label <= _INT64.max for label in classes):
        return "INT64"
    return "FP64" if all(type(label) is float for label in classes) else "BYTES"


def _part(manifest: Manifest, output: Output, *, several: bool) -> _Part:
    kind = _DATATYPES.get(output.kind, "BYTES")
    target = manifest.schema_.target
    if output.kind == "label" and output.classes is not None:
        kind = label_datatype(output.classes)
    elif output.kind == "label" and target is not None:
        kind = datatype(target)
    if several:
        return _Part(output, output.name, f"{output.name}.probabilities", kind)
    return _Part(output, PREDICTION, PROBABILITIES, kind)


def _tensor(part: _Part, answers: Sequence[Any]) -> OutputTensor:
    rows, kind = len(answers), part.output.kind
    if kind in ("labels", "json"):
        texts = [json.dumps(answer, separators=(",", ":")) for answer in answers]
        return OutputTensor(part.name, "BYTES", (rows,), texts)
    if kind == "label":
        labels = [_label(answer, part.datatype) for answer in answers]
        return OutputTensor(part.name, part.datatype, (rows,), labels)
    if kind == "text":
        if not all(answer is None or isinstance(answer, str) for answer in answers):
            raise TypeError("expected text")
        return OutputTensor(part.name, "BYTES", (rows,), answers)
    if kind == "quantiles":
        answers = [np.transpose(_floats(answer.values())) for answer in answers]
    return OutputTensor(part.name, "FP64", *_numbers(part, answers))


def _floats(values: Iterable[Any]) -> npt.NDArray[np.float64]:
    """The numbers of each level, shape (levels,) or (levels, steps)."""
    return np.array([*values], np.float64)


def _numbers(
    part: _Part, answers: Sequence[Any]
) -> tuple[tuple[int, ...], npt.NDArray[np.float64]]:
    """The shape and the elements of answers that are numbers; null is NaN."""
    array = np.array(answers, np.float64)
    if part.width is not None and array.shape[1:] != part.width:
        raise ValueError(f"expected answers of shape {part.width}, got {array.shape[1:]}")
    return array.shape, array


def _label(label: Scalar | None, datatype: str) -> Scalar | None:
    """A label as an element of ``datatype``.

    Raises ``RequestError`` (500) if the model returned a type other than that of its classes.
    """
    if label is None or (datatype == "BYTES" and isinstance(label, str)):
        return label
    if datatype == "BYTES":
        return class_text(label)
    kind = {"BOOL": bool, "FP64": float}.get(datatype, int)
    if kind is not bool and isinstance(label, int | float) and kind(label) == label:
        return kind(label)
    if kind is bool and isinstance(label, bool):
        return label
    raise RequestError(500, "model_failed", f"the model gave a prediction that is no {datatype}")
