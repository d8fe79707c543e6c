"""Check that a package's compiled form, which the server uses, is equivalent to its model."""

from __future__ import annotations

import pandas as pd

from packager.manifest.manifest import Manifest, Schema
from packager.model.compiled.model import CompiledModel, load_compiled
from packager.model.hosted import HostEndedError
from packager.model.hosted_model import HostedModel
from packager.model.integrity import IntegrityCheck
from packager.model.paths import Root
from packager.worker.compile.equivalence import EquivalenceChecker
from packager.worker.compile.held_out import accepted_rows, json_rows

EXPECTED = "the answers of the model"
MAX_MESSAGE = 200


def compiled_checks(
    root: Root, manifest: Manifest, model: HostedModel, held_out: pd.DataFrame
) -> list[IntegrityCheck]:
    """One check that the form below ``root`` and the recorded ``model`` predict ``held_out`` alike.

    Empty if the package has no compiled form. Rows outside the form's domain are not compared,
    because the server predicts them with the model.
    """
    if manifest.compiled.verdict != "equal":
        return []
    try:
        compiled = load_compiled(root, manifest.schema_, manifest.task, model.parts)
        assert compiled is not None
        actual = _judged(manifest.schema_, model, compiled, held_out)
    except HostEndedError as error:
        actual = error.message[:MAX_MESSAGE]
    except Exception as error:  # loading a form from an untrusted package may raise anything
        actual = f"{type(error).__name__}: {error}"[:MAX_MESSAGE]
    return [
        IntegrityCheck(
            name="compiled form", expected=EXPECTED, actual=actual, ok=actual == EXPECTED
        )
    ]


def _judged(
    schema: Schema, model: HostedModel, compiled: CompiledModel, held_out: pd.DataFrame
) -> str:
    rows = accepted_rows(schema, json_rows(held_out, schema))
    judged = EquivalenceChecker(model, schema, compiled).judge(rows, ())
    if judged.equal:
        return EXPECTED
    if judged.differing:
        return f"different predictions for {', '.join(judged.differing[:3])}"
    return "no held-out row is in its domain"
