"""The inside of a fitted model as plain data, described by the model host."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelhost.columns import ColumnSpec, decode_columns, encode_values
from modelhost.compiling.provenance import CannotCompileError
from modelhost.compiling.transformers import Keys
from modelhost.wire import Buffer, Message
from packager.manifest.manifest import Schema
from packager.model.hosted_model import HostedModel
from packager.worker.compile.probe import ProbedRows

Arrays = Mapping[str, npt.NDArray[Any]]


class FittedPartError(Exception):
    """A part of the model raised an exception of the type ``kind``."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class DescribedHead:
    """A candidate head as the host describes it, with the arrays of its trees."""

    described: Mapping[str, Any]
    arrays: Arrays

    def parts(self) -> list[DescribedHead]:
        """The heads of several answers; of one answer, this head."""
        if "joined" not in self.described:
            return [self]
        return [
            DescribedHead(part, _below(f"{index}.", self.arrays))
            for index, part in enumerate(self.described["joined"])
        ]


@dataclass(frozen=True)
class DescribedText:
    """A text of a form: its n-grams and their stages, with the arrays of both."""

    described: Mapping[str, Any]
    arrays: Mapping[str, Any]


@dataclass(frozen=True)
class DescribedForm:
    """The parts of a model's form: all but head and texts, and its candidate heads.

    The fastest head is first.
    """

    form: Mapping[str, Any] | None
    unsupported: str | None
    """Why there is no form, whatever the head; None if there is one, or if no head needs it."""
    heads: Sequence[DescribedHead]
    texts: Sequence[DescribedText] = ()


@dataclass(frozen=True)
class FittedObject:
    """The inside of a model, as its process describes it.

    Its methods raise ``CannotCompileError``, ``FittedPartError``, and what the process raises.
    """

    model: HostedModel

    def check_supported(self) -> None:
        """Raise ``CannotCompileError`` unless its class is from a supported framework."""
        self._answer("supported", {})

    def keys(self, schema: Schema) -> Keys:
        """Place of a column → the values that the model's encoders know."""
        answer = self._answer("keys", {"specs": _specs(schema)})
        return {index: set(values) for index, values in answer.header["keys"]}

    def form(self, schema: Schema, probed: ProbedRows) -> DescribedForm:
        """Its form, from the model's answers to probes."""
        columns = encode_values(probed.columns, schema.features, probed.rows)
        header = {"specs": _specs(schema), "columns": columns.described, "rows": probed.rows}
        probes = json.dumps(probed.probe.as_json()).encode()
        answer = self._answer("compile", header, [*columns.buffers, probes])
        document = json.loads(bytes(answer.buffers[0]))
        buffers = iter(answer.buffers[1:])
        form = document["form"] or {}
        texts = [
            DescribedText(one, _arrays(one["arrays"], buffers)) for one in form.pop("texts", ())
        ]
        heads = [DescribedHead(one, _arrays(one["arrays"], buffers)) for one in document["heads"]]
        return DescribedForm(document["form"], document["unsupported"], heads, texts)

    def _answer(
        self, verb: str, header: Mapping[str, Any], buffers: Sequence[Buffer] = ()
    ) -> Message:
        answer = self.model.send(
            Message({"verb": verb, "model": self.model.number, **header}, buffers)
        )
        if "unsupported" in answer.header:
            raise CannotCompileError(answer.header["unsupported"])
        if "raised" in answer.header:
            raise FittedPartError(*answer.header["raised"])
        return answer


def _below(start: str, arrays: Arrays) -> dict[str, Any]:
    return {name[len(start) :]: one for name, one in arrays.items() if name.startswith(start)}


def _specs(schema: Schema) -> list[list[Any]]:
    return [ColumnSpec.of(column).as_json() for column in schema.features]


def _arrays(described: Sequence[Mapping[str, Any]], left: Any) -> dict[str, Any]:
    """Arrays by name, and lists of texts."""
    arrays = {}
    for one in described:
        buffers = [next(left) for _ in range(2 if one["as"] == "text" else 1)]
        (values,) = decode_columns([dict(one)], buffers, one["length"])
        arrays[one["name"]] = values if one["as"] == "text" else np.asarray(values)
    return arrays
