"""Check that a package's compiled form, which the server uses, is equivalent to its model."""

from __future__ import annotations

import json
import pickle
import tempfile
from pathlib import Path

import pandas as pd

from modelhost.fitted_parts import FittedParts
from packager.digest import canonical_json
from packager.manifest.manifest import Manifest, Schema
from packager.model.compiled.form import read
from packager.model.compiled.model import FOLDER, CompiledModel, load_compiled, needs_model
from packager.model.integrity import MANIFEST, Check
from packager.model.model import Model, load_model
from packager.model.paths import Root
from packager.worker.compile.equivalence import EquivalenceChecker
from packager.worker.compile.held_out import accepted_rows, json_rows
from packager.worker.processes.child_process import run_child

EXPECTED = "the answers of the model"
COMPARE_TIMEOUT_SECONDS = 1_800.0
MAX_MESSAGE = 200
_ROWS = "rows.pickle"
_ANSWER = "compared.json"


def compiled_checks(
    root: Root, manifest: Manifest, model: Model, held_out: pd.DataFrame
) -> list[Check]:
    """One check that the form below ``root`` and the recorded ``model`` predict ``held_out`` alike.

    Empty if the package has no compiled form. Rows outside the form's domain are not compared,
    because the server predicts them with the model.
    """
    if manifest.compiled.verdict != "equal":
        return []
    try:
        form, _ = read(root.package / FOLDER)
        apart = needs_model(form)
        actual = _apart(root, held_out) if apart else _compared(root, manifest, model, held_out)
    except Exception as error:  # loading a form from an untrusted package may raise anything
        actual = f"{type(error).__name__}: {error}"[:MAX_MESSAGE]
    return [Check(name="compiled form", expected=EXPECTED, actual=actual, ok=actual == EXPECTED)]


def compare_here(root: Root, out: Path) -> None:
    """The comparison in a child process, for a form that calls the model's own parts.

    Reads ``out``/rows.pickle, writes ``out``/compared.json.
    """
    manifest = Manifest.load(root.package / MANIFEST)
    model = load_model(root, manifest.serve, manifest.task)
    held_out: pd.DataFrame = pickle.loads((out / _ROWS).read_bytes())
    compiled = load_compiled(root, manifest.schema_, manifest.task, FittedParts(model))
    assert compiled is not None
    (out / _ANSWER).write_bytes(
        canonical_json(_judged(manifest.schema_, model, compiled, held_out))
    )


def _apart(root: Root, held_out: pd.DataFrame) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / _ROWS).write_bytes(pickle.dumps(held_out))
        ended = run_child("compare", b"{}", root, folder, COMPARE_TIMEOUT_SECONDS)
        if not ended.finished:
            return ended.message[:MAX_MESSAGE]
        return str(json.loads((folder / _ANSWER).read_bytes()))


def _compared(root: Root, manifest: Manifest, model: Model, held_out: pd.DataFrame) -> str:
    compiled = load_compiled(root, manifest.schema_, manifest.task)
    assert compiled is not None
    return _judged(manifest.schema_, model, compiled, held_out)


def _judged(schema: Schema, model: Model, compiled: CompiledModel, held_out: pd.DataFrame) -> str:
    rows = accepted_rows(schema, json_rows(held_out, schema))
    judged = EquivalenceChecker(model, schema, compiled).judge(rows, ())
    if judged.equal:
        return EXPECTED
    if judged.differing:
        return f"different predictions for {', '.join(judged.differing[:3])}"
    return "no held-out row is in its domain"
