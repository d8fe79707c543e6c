"""Candidate forms of a described model, one for each head."""

from __future__ import annotations

import pytest

from modelhost.compiling.provenance import CannotCompileError
from packager.model.compiled.form import Domain, Matrix, Native, Number
from packager.worker.compile import candidates
from packager.worker.compile.candidates import CompiledCandidate, compiled_forms
from packager.worker.compile.fitted_model import DescribedForm, DescribedHead
from packager.worker.compile.trees import RefusedStrategy

FORM = {
    "columns": [{"name": "x", "used": True, "low": -1.0, "high": 1.0}],
    "steps": [],
    "matrix": {"width": 1, "numbers": [{"position": 0, "column": 0, "ops": []}]},
    "nan": False,
}
HEAD = {"kind": "native", "path": ["steps", 0], "probabilities": True}
NATIVE = DescribedHead({"head": HEAD, "tolerance": 1e-9}, {})
REFUSED = DescribedHead({"refused": "no"}, {})


def found(monkeypatch: pytest.MonkeyPatch, described: DescribedForm) -> list[object]:
    class Fitted:
        def __init__(self, _: object) -> None:
            pass

        def keys(self, _: object) -> dict:
            return {}

        def form(self, *_: object) -> DescribedForm:
            return described

    monkeypatch.setattr(candidates, "query_probes", lambda *_: None)
    monkeypatch.setattr(candidates, "FittedObject", Fitted)
    return list(compiled_forms(None, None, []))  # type: ignore[arg-type]


def test_a_head_completes_the_form(monkeypatch):
    refused, made = found(monkeypatch, DescribedForm(FORM, None, [REFUSED, NATIVE]))
    assert refused == RefusedStrategy("treelite", "no")
    assert isinstance(made, CompiledCandidate)
    assert made.form.head == Native(path=("steps", 0), probabilities=True)
    assert made.form.columns == (Domain(name="x", used=True, low=-1.0, high=1.0),)
    assert made.form.matrix == Matrix(width=1, numbers=(Number(position=0, column=0),))


def test_a_form_that_there_is_not_matters_only_for_a_head_that_needs_it(monkeypatch):
    assert found(monkeypatch, DescribedForm(None, None, [REFUSED])) == [
        RefusedStrategy("treelite", "no")
    ]
    with pytest.raises(CannotCompileError, match="it reads the moon"):
        found(monkeypatch, DescribedForm(None, "it reads the moon", [REFUSED, NATIVE]))
