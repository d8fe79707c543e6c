"""The requests by which the harness compiles a model of this process, and their answers.

    supported  → {}
    keys       specs → keys: [place of a column, the values that the model's encoders know] each
    compile    specs, columns, rows; last buffer: ``Probe.as_json`` → candidates, in JSON, in the
               first buffer, and the arrays of its texts and of their heads in the others

The candidates are ``{"form", "unsupported", "heads"}``: the form without a head, or why there is
none, and the heads, the fastest first (:class:`modelhost.compiling.trees.Head`). A head of several
answers holds ``joined``: a head for each, whose arrays have its number before their name. A head
with ``arrays``, and a text of the form, tell the name, length and encoding of each array.

Instead of these, an answer holds ``unsupported``: why the model can't be compiled; or ``raised``:
the type and the message of what a part of the model raised.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from modelhost.columns import ColumnSpec, encode_array
from modelhost.compiling.forms import FittedForm, check_known, known_keys
from modelhost.compiling.probe import Probe
from modelhost.compiling.provenance import CannotCompileError
from modelhost.compiling.trees import Head
from modelhost.model import LoadedModel
from modelhost.wire import Buffer, Message


def supported(model: LoadedModel) -> Message:
    """Whether the class of ``model`` is from a supported framework."""

    def answer() -> Message:
        check_known(model.native)
        return Message({})

    return _guarded(answer)


def keys(model: LoadedModel, specs: list[ColumnSpec]) -> Message:
    """The values that the encoders of ``model`` know."""

    def answer() -> Message:
        known = known_keys(model.native, specs)
        return Message({"keys": [[index, list(values)] for index, values in known.items()]})

    return _guarded(answer)


def candidates(model: LoadedModel, specs: list[ColumnSpec], frame: Any, probes: Buffer) -> Message:
    """The candidate forms of ``model``; ``frame`` holds the rows of ``probes``."""

    def answer() -> Message:
        probe = Probe.read(specs, frame, json.loads(bytes(probes)))
        fitted = FittedForm(model.native, model.task, probe, model.outputs)
        return _encoded(fitted)

    return _guarded(answer)


def _encoded(fitted: FittedForm) -> Message:
    heads = list(fitted.heads())
    fields: dict[str, Any] = {"form": None, "unsupported": None}
    buffers: list[Buffer] = []
    try:
        if any(_is_known(head) for head in heads):
            fields["form"], buffers = fitted.form()
    except CannotCompileError as error:
        fields["unsupported"] = str(error)
    fields["heads"] = [_head(head, buffers) for head in heads]
    return Message({}, [json.dumps(fields).encode(), *buffers])


def _is_known(head: Head) -> bool:
    parts = head.described.get("joined", [head.described])
    return not any("refused" in part for part in parts)


def _head(head: Head, buffers: list[Buffer]) -> dict[str, Any]:
    arrays = []
    for name, array in head.arrays.items():
        described, own_buffers = encode_array(array)
        arrays.append({"name": name, "length": len(array), **described})
        buffers.extend(own_buffers)
    return {**head.described, "arrays": arrays}


def _guarded(answer: Callable[[], Message]) -> Message:
    try:
        return answer()
    except CannotCompileError as error:
        return Message({"unsupported": str(error)})
    except Exception as error:  # parts of a model may raise anything when they are called directly
        return Message({"raised": [type(error).__name__, str(error)]})
