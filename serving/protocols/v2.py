"""Open Inference Protocol V2 over HTTP: metadata and infer.

Each column is one input: [n] or [n, 1], or [n, *shape] for arrays. A model with only numeric
features also accepts a single [n, features] input, and one whose only feature is an array an input
of any name. What it answers: :mod:`serving.protocols.v2_outputs`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from packager.manifest.evaluation import Golden
from packager.manifest.manifest import Column, Manifest
from serving.http.limits import Budget, LimitExceededError
from serving.http.messages import (
    PART_ELEMENTS,
    RequestError,
    check_json,
    encode_in_parts,
    encode_small,
)
from serving.protocols.parsing import json_object, malformed, quoted
from serving.protocols.protocol import ScoredRows
from serving.protocols.v2_outputs import OutputTensors, described
from serving.protocols.v2_row_answer import TensorRowAnswers
from serving.protocols.v2_tensors import (
    OutputTensor,
    Tensor,
    described_output,
    json_size,
    read_inputs,
)
from serving.protocols.v2_usual import UsualInputs
from serving.protocols.v2_values import (
    array_cells,
    bytes_cells,
    datatype,
    list_cells,
    plain_cells,
)

MAX_ID = 1_000
"""Characters of a request's id, which its answer repeats."""
_NUMERIC = ("number", "integer")


@dataclass(frozen=True)
class InferenceRequest:
    """The options of a request for its answer."""

    id: str | None
    outputs: tuple[tuple[str, bool], ...] | None
    """(name, whether binary) of each output; None for all available ones."""
    binary: bool
    """Whether outputs are binary by default."""


class Infer:
    """``POST /v2/models/{name}/infer``."""

    route = "/v2/models/{name}/infer"

    def __init__(self, manifest: Manifest, budget: Budget = Budget()) -> None:
        self._manifest = manifest
        self._version = manifest.tag  # a digest of the whole manifest
        self._budget = budget
        schema = manifest.schema_
        self._known = {column.name: column for column in (*schema.features, *schema.extras)}
        self.tensors = OutputTensors(manifest)
        self._refuse_extra = manifest.serve.extra_columns == "refuse"
        self._usual = UsualInputs(manifest)
        self._answers = TensorRowAnswers(manifest, self.tensors)

    def rows(
        self, body: bytes, headers: Mapping[bytes, bytes]
    ) -> tuple[list[dict[str, Any]], InferenceRequest]:
        """Rows of the columns sent as tensors; see ``ProtocolAdapter.rows``."""
        size = json_size(headers, len(body))
        head, raw = body[:size], memoryview(body)[size:]
        arrays = self._usual.arrays_after_head(head, raw)
        if arrays is not None:
            return arrays
        usual = self._usual.after_head(head, raw)
        if usual is None and not raw:
            check_json(head, self._budget)
            usual = self._usual.in_json(head, self.options)
        if usual is not None:
            return self.rows_of(usual[0]), usual[1]
        return self.exact_rows(head, raw)

    def exact_rows(
        self, head: bytes, raw: memoryview
    ) -> tuple[list[dict[str, Any]], InferenceRequest]:
        """``rows`` by the whole document in ``head``."""
        document = json_object(head, self._budget)
        options = self.options(document)
        tensors = read_inputs(document.get("inputs"), raw)
        rows = self.rows_of(tensors)
        self._usual.keep_head(head, tensors, options)
        return rows, options

    def options(self, document: Mapping[str, Any]) -> InferenceRequest:
        """The options among ``id``, ``parameters`` and ``outputs`` of a request."""
        return _parse_request(document, self.tensors.names)

    def rows_of(self, tensors: Sequence[Tensor]) -> list[dict[str, Any]]:
        """The rows of the columns that ``tensors`` hold, at least one; raises ``RequestError``."""
        names, columns = self._columns(tensors)
        return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]

    def outputs(
        self, context: InferenceRequest, scored: ScoredRows
    ) -> list[tuple[OutputTensor, bool]]:
        """The requested outputs in their order, each with whether it is to be binary."""
        available = self.tensors.tensors(scored)
        requested = context.outputs or tuple((name, context.binary) for name in available)
        for name, _ in requested:
            if name not in available:
                names = ", ".join(available)
                raise malformed(f"output {name!r}: this model has none", names, name)
        return [(available[name], binary) for name, binary in requested]

    def body(
        self, context: InferenceRequest, scored: ScoredRows
    ) -> tuple[bytes, Mapping[str, str]]:
        """The requested outputs, in that order; see ``ProtocolAdapter.body``."""
        requested, binary = context.outputs, context.binary
        written = self._answers.written(context.id, requested, scored, binary=binary)
        return self.exact_body(context, scored) if written is None else written

    def exact_body(
        self, context: InferenceRequest, scored: ScoredRows
    ) -> tuple[bytes, Mapping[str, str]]:
        """``body`` by tensors."""
        described, raw, elements = [], [], 0
        for output, binary in self.outputs(context, scored):
            entry, data = described_output(output, binary=binary)
            described.append(entry)
            raw.append(data)
            elements += 0 if binary else math.prod(output.shape)
        document: dict[str, Any] = {
            "model_name": self._manifest.name,
            "model_version": self._version,
        }
        if context.id is not None:
            document["id"] = context.id
        write = encode_small if elements <= PART_ELEMENTS else encode_in_parts
        text = write({**document, "outputs": described})
        if all("data" in entry for entry in described):
            return text, {}
        headers = {
            "content-type": "application/octet-stream",
            "inference-header-content-length": str(len(text)),
        }
        return b"".join([text, *raw]), headers

    def _columns(self, tensors: Sequence[Tensor]) -> tuple[list[str], list[Sequence[Any]]]:
        """Names and values of the columns, all of the same length, at least 1."""
        known, features = self._known, self._manifest.schema_.features
        first = tensors[0]
        if not first.shape[0]:
            raise malformed(f"input {quoted(first.name)} is empty", "at least one row", first.shape)
        if len(tensors) == 1 and first.name not in known:
            if len(features) == 1 and features[0].kind == "array":
                tensors = [first := replace(first, name=features[0].name)]
            elif len(first.shape) == 2:
                self._check(first.shape[0], first.elements)
                return self._matrix(first)
        rows = next((t.shape[0] for t in tensors if t.name in known), first.shape[0])
        self._check(rows, rows * len(tensors))
        columns = [self._cells(tensor, known.get(tensor.name), rows) for tensor in tensors]
        return [tensor.name for tensor in tensors], columns

    def _cells(self, tensor: Tensor, column: Column | None, rows: int) -> Sequence[Any]:
        """The cells of a column; None for each row of an unknown one, which is ignored."""
        if column is None and not self._refuse_extra:
            return [None] * rows
        if column is not None and column.kind == "array":
            if tensor.shape[0] != rows:
                raise malformed(f"input {quoted(tensor.name)}: rows", str(rows), tensor.shape)
            return array_cells(tensor, column)
        if tensor.shape not in ((rows,), (rows, 1)):
            expected = f"[{rows}] or [{rows}, 1]"
            raise malformed(f"input {quoted(tensor.name)}: shape", expected, tensor.shape)
        if column is not None and column.kind == "list":
            return list_cells(tensor, self._budget)
        if column is not None and column.kind == "bytes":
            return bytes_cells(tensor)
        return plain_cells(tensor)

    def _check(self, rows: int, values: int) -> None:
        """Raise ``RequestError`` (413) for more rows or values than the budget allows."""
        try:
            self._budget.check_rows(rows, 0)
            self._budget.check_values(values)
        except LimitExceededError as error:
            raise RequestError.of_bound(error) from error

    def _matrix(self, tensor: Tensor) -> tuple[list[str], list[Sequence[Any]]]:
        features = self._manifest.schema_.features
        names = [column.name for column in features]
        other = [column.name for column in features if column.kind not in _NUMERIC]
        if other or tensor.shape[1] != len(names):
            expected = (
                f"one input a column: {', '.join(names)}" if other else f"[rows, {len(names)}]"
            )
            raise malformed(f"input {quoted(tensor.name)}: shape", expected, tensor.shape)
        width, values = len(names), plain_cells(tensor)
        return names, [values[index::width] for index in range(width)]


def metadata(manifest: Manifest, golden: Golden | None, *, tokens: bool) -> dict[str, Any]:
    """``GET /v2/models/{name}``: inputs and outputs; -1 is the number of rows."""
    schema = manifest.schema_
    return {
        "name": manifest.name,
        "versions": [manifest.tag],
        "platform": "python",
        "inputs": [
            described(column.name, datatype(column), -1, *(column.shape or ()))
            for column in (*schema.features, *schema.extras)
        ],
        "outputs": OutputTensors(manifest).described(golden, tokens=tokens),
    }


def _parse_request(document: Mapping[str, Any], names: Sequence[str]) -> InferenceRequest:
    name = document.get("id")
    if name is not None and not isinstance(name, str):
        raise malformed("'id' is not text", "text", name)
    if name is not None and len(name) > MAX_ID:
        raise malformed("'id' is too long", f"at most {MAX_ID} characters", name)
    parameters = _parameters(document, "the request")
    binary = _flag(parameters, "binary_data_output", False)
    outputs = document.get("outputs")
    if outputs is None or outputs == []:
        return InferenceRequest(name, None, binary)
    if not isinstance(outputs, list):
        raise malformed("'outputs' is not a list", "a list of objects", outputs)
    if len(outputs) > len(names):  # too many: one of the first has a duplicate or unknown name
        outputs = outputs[: len(names) + 1]
    requested = tuple(_wanted(entry, names, binary) for entry in outputs)
    for index, (output, _) in enumerate(requested):
        if output in [earlier for earlier, _ in requested[:index]]:
            raise malformed(f"duplicate output {output!r}", "every name once", output)
    return InferenceRequest(name, requested, binary)


def _wanted(entry: Any, names: Sequence[str], binary: bool) -> tuple[str, bool]:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or name not in names:
        raise malformed("'outputs' names an unknown one", ", ".join(names), name or entry)
    parameters = _parameters(entry, f"output {name!r}")
    if parameters.get("classification"):
        raise malformed(f"output {name!r}: classification is not supported", "data", parameters)
    return name, _flag(parameters, "binary_data", binary)


def _parameters(owner: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    parameters = owner.get("parameters")
    if parameters is not None and not isinstance(parameters, dict):
        raise malformed(f"{what}: parameters", "an object", parameters)
    return parameters or {}


def _flag(parameters: Mapping[str, Any], name: str, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise malformed(f"parameter {name!r}", "true or false", value)
    return value
