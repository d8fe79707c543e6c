"""Check that a package's compiled form, which the server uses, is equivalent to its model."""

from __future__ import annotations

import pandas as pd

from modelhost.fitted_parts import FittedParts
from packager.manifest.manifest import Manifest
from packager.model.compiled.model import load_compiled
from packager.model.integrity import Check
from packager.model.model import LoadedModel
from packager.model.paths import Root
from packager.worker.compile.equivalence import EquivalenceChecker
from packager.worker.compile.held_out import accepted_rows, json_rows


def compiled_checks(
    root: Root, manifest: Manifest, model: LoadedModel, held_out: pd.DataFrame
) -> list[Check]:
    """One check that the form below ``root`` and the recorded ``model`` predict ``held_out`` alike.

    Empty if the package has no compiled form. Rows outside the form's domain are not compared,
    because the server predicts them with the model.
    """
    if manifest.compiled.verdict != "equal":
        return []
    expected = "the answers of the model"
    schema = manifest.schema_
    try:
        compiled = load_compiled(root, schema, manifest.task, FittedParts(model))
        assert compiled is not None
        rows = accepted_rows(schema, json_rows(held_out, schema))
        judged = EquivalenceChecker(model, schema, compiled).judge(rows, ())
        actual = expected if judged.equal else _told(judged.differing)
    except Exception as error:  # loading a form from an untrusted package may raise anything
        actual = f"{type(error).__name__}: {error}"[:200]
    return [Check(name="compiled form", expected=expected, actual=actual, ok=actual == expected)]


def _told(differing: list[str]) -> str:
    return (
        f"different predictions for {', '.join(differing[:3])}"
        if differing
        else "no held-out row is in its domain"
    )
