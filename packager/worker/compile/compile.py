"""Build time: make a compiled form of a model, and accept it only where it is shown to be equal.

The candidates are tried from the fastest on; the first that gives the model's own answers on
every held-out row and every edge row is taken. Nothing is assumed about a model: text is looked
up in tables that the model itself filled, numbers go through its transformers' own arithmetic.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from packager.errors import PackageError
from packager.manifest.evaluation import Compiled
from packager.manifest.manifest import Schema
from packager.model.compiled.form import read, write
from packager.model.compiled.model import CompiledModel
from packager.model.model import LoadedModel
from packager.worker.compile import candidates
from packager.worker.compile.determinism import check_deterministic
from packager.worker.compile.edge_rows import edge_rows
from packager.worker.compile.equivalence import EquivalenceChecker, EquivalenceResult
from packager.worker.compile.held_out import accepted_rows, json_rows
from packager.worker.compile.provenance import CannotCompileError, from_sklearn
from packager.worker.compile.trees import Refused

Mode = Literal["auto", "off", "require"]
Row = dict[str, Any]

MAX_FEATURES = 1_000
"""Each feature is asked about several times, in rows that hold all of them."""
BASE_ROWS = 50
"""Held-out rows that edge rows are made from."""


def compile_model(
    model: LoadedModel, schema: Schema, held_out: pd.DataFrame | None, folder: Path, mode: Mode
) -> Compiled:
    """The verdict on a compiled form of ``model``; an accepted one is written into ``folder``.

    ``held_out`` are the held-out rows with at least the schema's features. The same model and
    rows give the same bytes. Raise ``PackageError`` where ``mode`` is ``require`` and no form is
    equal.
    """
    if folder.exists():
        shutil.rmtree(folder)  # of an earlier run into the same folder
    if mode == "off":
        return Compiled(verdict="off")
    try:
        verdict = _compiled(model, schema, held_out, folder)
    except CannotCompileError as error:
        verdict = Compiled(verdict="refused", reason=str(error))
    except Exception as error:
        # Parts of a model may raise anything when they are called otherwise than they are used
        # to. That is a verdict too; the text, which may quote a row, stays out of the package.
        sys.stderr.write(f"the model is not compiled: {type(error).__name__}: {error}\n")
        reason = f"a part of the model raises {type(error).__name__} when called with arrays"
        verdict = Compiled(verdict="refused", reason=reason)
    if verdict.verdict != "equal" and folder.exists():
        shutil.rmtree(folder)
    if mode == "require" and verdict.verdict != "equal":
        raise PackageError(
            f"this model can't be compiled: {verdict.reason}",
            'change the model, or set compile = "auto" under [serve]: it is then served natively',
        )
    return verdict


def _compiled(
    model: LoadedModel, schema: Schema, held_out: pd.DataFrame | None, folder: Path
) -> Compiled:
    _check_known(model)
    _check_harmless(schema)
    if len(schema.features) > MAX_FEATURES:
        raise CannotCompileError(
            f"models of up to {MAX_FEATURES:,} features are compiled, got {len(schema.features):,}"
        )
    if held_out is None:
        raise CannotCompileError("there is no data to show that a compiled form is equal")
    rows = accepted_rows(schema, json_rows(held_out, schema))
    check_deterministic(model, schema, rows)
    verdicts: list[Compiled] = []
    reasons: list[str] = []
    for found in candidates.compiled_forms(model, schema, rows):
        if isinstance(found, Refused):
            reasons.append(found.reason)
            continue
        verdict = _judged(model, schema, found, rows, folder)
        if verdict.verdict == "equal":
            return verdict
        verdicts.append(verdict)
        reasons.append(verdict.reason)
    reason = "; ".join(dict.fromkeys(reasons)) or "no compiled form is known for its estimator"
    if not verdicts:
        return Compiled(verdict="refused", reason=reason)
    return verdicts[0].model_copy(update={"reason": reason})


def _judged(
    model: LoadedModel,
    schema: Schema,
    found: candidates.CompiledCandidate,
    rows: Sequence[Row],
    folder: Path,
) -> Compiled:
    """Write the form and judge it as it is read back: what was judged is what is served."""
    classes = schema.classes if model.task == "classification" else None
    write(found.form, found.trees, folder)
    compiled = CompiledModel(*read(folder), model.task, classes, model)
    edges = accepted_rows(schema, edge_rows(schema, rows[:BASE_ROWS], found))
    judged = EquivalenceChecker(model, schema, compiled).judge(rows, edges)
    form = found.form
    return Compiled(
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
        return f"{strategy}: its answers differ from the model's"
    return f"{strategy}: no held-out row lies in its domain"


def _check_known(model: LoadedModel) -> None:
    """A project's own class may do anything: only known frameworks' models are compiled."""
    kind = type(model.native)
    room = kind.__module__.split(".")[0]
    if not from_sklearn(model.native) and room not in ("lightgbm", "xgboost"):
        raise CannotCompileError(f"no compiled form is known for {kind.__module__}.{kind.__name__}")


def _check_harmless(schema: Schema) -> None:
    """Shown to be equal is a form by asking the model about nulls and the like, in this process."""
    for column in schema.features:
        if column.fatal:
            raise CannotCompileError(
                f"the model ends its process, or never answers, on some values of {column.name!r}"
            )
