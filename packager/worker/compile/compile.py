"""Compile a model at build time; a form is accepted only if it is shown to be equivalent.

Candidates are tried in order of speed; the first whose predictions equal the model's on every
held-out row and every edge row is accepted. Text is looked up in tables that are filled by the
model's own encoders; numbers are transformed with the arithmetic of its transformers.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from modelhost.compiling.provenance import CannotCompileError
from packager.errors import PackageError
from packager.manifest.evaluation import Compilation
from packager.manifest.manifest import Schema
from packager.model.compiled.form import read, write
from packager.model.compiled.model import CompiledModel
from packager.model.hosted import HostEndedError, kind_of
from packager.model.hosted_model import HostedModel
from packager.worker.compile import candidates
from packager.worker.compile.determinism import check_deterministic
from packager.worker.compile.edge_rows import edge_rows
from packager.worker.compile.equivalence import EquivalenceChecker, EquivalenceResult
from packager.worker.compile.fitted_model import FittedObject, FittedPartError
from packager.worker.compile.held_out import accepted_rows, json_rows
from packager.worker.compile.trees import RefusedStrategy

Mode = Literal["auto", "require"]
Row = dict[str, Any]

MAX_FEATURES = 1_000
"""Maximum number of features, because each needs several probes, in rows of all features."""
BASE_ROWS = 50
"""Held-out rows that edge rows are made from."""


def compile_model(
    model: HostedModel, schema: Schema, held_out: pd.DataFrame | None, folder: Path, mode: Mode
) -> Compilation:
    """The verdict on a compiled form of ``model``; write an accepted form into ``folder``.

    ``held_out`` are the held-out rows with at least the schema's features. The same model and
    rows give the same bytes. Raise ``PackageError`` if ``mode`` is ``require`` and no form is
    equal, and ``HostEndedError`` if the model ends its process; then ``folder`` does not exist.
    """
    if folder.exists():
        shutil.rmtree(folder)  # left by an earlier run
    try:
        verdict = _compiled(model, schema, held_out, folder)
    except HostEndedError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except CannotCompileError as error:
        verdict = Compilation(verdict="refused", reason=str(error))
    except Exception as error:
        # Parts of a model may raise anything when they are called directly: the model is refused.
        # The message may quote a row, so it is not recorded in the package.
        kind = error.kind if isinstance(error, FittedPartError) else kind_of(error)
        sys.stderr.write(f"the model is not compiled: {kind}: {error}\n")
        reason = f"a part of the model raises {kind} when called with arrays"
        verdict = Compilation(verdict="refused", reason=reason)
    if verdict.verdict != "equal" and folder.exists():
        shutil.rmtree(folder)
    if mode == "require" and verdict.verdict != "equal":
        raise PackageError(
            f"this model can't be compiled: {verdict.reason}",
            'change the model, or set compile = "auto" under [serve]: it is then served natively',
        )
    return verdict


def _compiled(
    model: HostedModel, schema: Schema, held_out: pd.DataFrame | None, folder: Path
) -> Compilation:
    if model.takes == "array":
        raise CannotCompileError("no compiled form is known for models that take arrays")
    FittedObject(model).check_supported()
    _check_harmless(schema)
    if len(schema.features) > MAX_FEATURES:
        raise CannotCompileError(
            f"models of up to {MAX_FEATURES:,} features are compiled, got {len(schema.features):,}"
        )
    if held_out is None:
        raise CannotCompileError("there is no data to show that a compiled form is equal")
    rows = accepted_rows(schema, json_rows(held_out, schema))
    check_deterministic(model, schema, rows)
    verdicts: list[Compilation] = []
    reasons: list[str] = []
    for candidate in candidates.compiled_forms(model, schema, rows):
        if isinstance(candidate, RefusedStrategy):
            reasons.append(candidate.reason)
            continue
        verdict = _judged(model, schema, candidate, rows, folder)
        if verdict.verdict == "equal":
            return verdict
        verdicts.append(verdict)
        reasons.append(verdict.reason)
    reason = "; ".join(dict.fromkeys(reasons)) or "no compiled form is known for its estimator"
    if not verdicts:
        return Compilation(verdict="refused", reason=reason)
    return verdicts[0].model_copy(update={"reason": reason})


def _judged(
    model: HostedModel,
    schema: Schema,
    candidate: candidates.CompiledCandidate,
    rows: Sequence[Row],
    folder: Path,
) -> Compilation:
    """Write the form, load it as for serving, and check its equivalence."""
    classes = schema.classes if model.task == "classification" else None
    write(candidate.form, candidate.content, folder)
    compiled = CompiledModel(*read(folder), model.task, classes, model.parts, schema.outputs)
    edges = accepted_rows(schema, edge_rows(schema, rows[:BASE_ROWS], candidate))
    judged = EquivalenceChecker(model, schema, compiled).judge(rows, edges)
    form = candidate.form
    return Compilation(
        verdict="equal" if judged.equal else "refused",
        strategy=form.strategy,
        reason="" if judged.equal else _reason(form.strategy, judged),
        domain=form.domain if judged.equal else (),
        held_out_rows=judged.held_out,
        edge_rows=judged.edges,
        tolerance=form.tolerance,
        largest_difference=judged.largest,
        differing=tuple(judged.differing),
    )


def _reason(strategy: str, judged: EquivalenceResult) -> str:
    if judged.differing:
        return f"{strategy}: its predictions differ from the model's"
    return f"{strategy}: no held-out row is in its domain"


def _check_harmless(schema: Schema) -> None:
    """Raise ``CannotCompileError`` if a probe could end or hang this process."""
    for column in schema.features:
        if column.fatal:
            raise CannotCompileError(
                f"the model ends its process, or does not return, on some values of {column.name!r}"
            )
