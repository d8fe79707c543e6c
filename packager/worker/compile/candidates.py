"""Candidate forms of a model: one for each possible head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelhost.compiling.provenance import CannotCompileError
from packager.manifest.manifest import Schema
from packager.model.compiled.form import Form
from packager.model.compiled.stored_arrays import ArrayWriter
from packager.model.hosted_model import HostedModel
from packager.worker.compile.fitted_model import DescribedForm, DescribedHead, FittedObject
from packager.worker.compile.held_out import Row
from packager.worker.compile.probe import query_probes
from packager.worker.compile.text_tables import text_of
from packager.worker.compile.trees import RefusedStrategy, trees_of


@dataclass(frozen=True)
class CompiledCandidate:
    """A form with its serialized trees or arrays."""

    form: Form
    content: bytes | None


def compiled_forms(
    model: HostedModel, schema: Schema, rows: Sequence[Row]
) -> Iterator[CompiledCandidate | RefusedStrategy]:
    """Candidate forms of ``model``, the fastest first; ``rows`` are held-out rows.

    Raise ``CannotCompileError``, naming the unsupported part, if there is none.
    """
    fitted = FittedObject(model)
    probed = query_probes(model, schema, rows, fitted.keys(schema))
    described = fitted.form(schema, probed)
    for head in described.heads:
        yield _candidate(described, head)


def _candidate(
    described: DescribedForm, head: DescribedHead
) -> CompiledCandidate | RefusedStrategy:
    fields = head.described
    if described.texts:
        return _with_texts(described, head)
    if "joined" in fields:
        return _joined(described, head)
    if "head" in fields:
        return CompiledCandidate(_form(described, fields["head"], fields["tolerance"]), None)
    trees = trees_of(head)
    if isinstance(trees, RefusedStrategy):
        return trees
    form = _form(described, trees.head.model_dump(), trees.tolerance)
    return CompiledCandidate(form, trees.content)


def _joined(described: DescribedForm, head: DescribedHead) -> CompiledCandidate | RefusedStrategy:
    """A form of several answers, each with a head of its own."""
    heads: list[Any] = []
    contents: list[bytes] = []
    tolerance = 0.0
    for part in head.parts():
        if "head" in part.described:
            heads.append(part.described["head"])
            tolerance = max(tolerance, part.described["tolerance"])
            continue
        trees = trees_of(part)
        if isinstance(trees, RefusedStrategy):
            return trees
        heads.append(trees.head.model_dump())
        contents.append(trees.content)
        tolerance = max(tolerance, trees.tolerance)
    joined = {"kind": "joined", "heads": heads, "sizes": [*map(len, contents)]}
    content = b"".join(contents) if contents else None
    return CompiledCandidate(_form(described, joined, tolerance), content)


def _with_texts(described: DescribedForm, head: DescribedHead) -> CompiledCandidate:
    writer = ArrayWriter()
    texts = tuple(text_of(text.described, text.arrays, writer) for text in described.texts)
    parts = head.parts()
    heads: Any = [_stored(part, writer) for part in parts]
    whole = {"kind": "joined", "heads": heads} if "joined" in head.described else heads[0]
    form = _form(described, whole, parts[0].described["tolerance"])
    return CompiledCandidate(form.model_copy(update={"texts": texts}), writer.content())


def _stored(head: DescribedHead, writer: ArrayWriter) -> dict[str, Any]:
    head_fields = head.described["head"]
    weights = np.asarray(head.arrays["weights"]).reshape(-1, len(head_fields["intercept"]))
    return {**head_fields, "weights": writer.add(weights)}


def _form(described: DescribedForm, head: Any, tolerance: float) -> Form:
    if described.unsupported is not None:
        raise CannotCompileError(described.unsupported)
    return Form.model_validate({**(described.form or {}), "head": head, "tolerance": tolerance})
