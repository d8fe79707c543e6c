"""A form whose answers differ from the model's is detected."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from compile_samples import compiled, sample
from in_process import hosted
from sklearn import ensemble

from modelhost.fitted_parts import FittedParts
from modelhost.wire import Message
from packager.model.compiled.form import read
from packager.model.compiled.model import CompiledModel
from packager.model.hosted import HostEndedError, ProjectCodeError
from packager.model.hosted_model import HostedModel
from packager.worker.compile.equivalence import EquivalenceChecker

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["logistic", "ridge", "components"])
def test_a_form_that_differs_is_found_out(tmp_path: Path, name: str):
    made = sample(name, tmp_path / "form")
    form, trees = read(made.folder)
    (first, *others), *rows = form.head.coefficients
    head = form.head.model_copy(update={"coefficients": ((first + 1e-3, *others), *rows)})
    bent = CompiledModel(
        form.model_copy(update={"head": head}),
        trees,
        made.model.task,
        made.model.classes,
        FittedParts(made.model),
    )
    judged = EquivalenceChecker(made.model, made.schema, bent).judge(made.rows(), [])
    assert not judged.equal
    assert len(judged.differing) == 10
    assert all(len(row) == len("held-out row ") + 16 for row in judged.differing)


def test_a_form_that_answers_no_held_out_row_is_refused(tmp_path: Path):
    frame = pd.DataFrame({"a": np.linspace(0, 1, 200)})
    tied = ensemble.RandomForestClassifier(2, bootstrap=False, max_depth=1)
    made = compiled(tied, frame, np.array([0, 1] * 100), tmp_path / "form")
    assert made.verdict.verdict == "equal" or "no held-out row is in its domain" in (
        made.verdict.reason
    )


def test_a_model_that_raises_differs_and_one_that_ends_its_process_is_no_answer(tmp_path: Path):
    made = sample("ridge", tmp_path / "form")
    assert made.compiled is not None

    def raising(error: Exception) -> HostedModel:
        def send(*_: object) -> Message:
            raise error

        return replace(hosted(made.model), send=send)

    raises = raising(ProjectCodeError("the model raised KeyError: 3", kind="KeyError"))
    judged = EquivalenceChecker(raises, made.schema, made.compiled).judge(made.rows(), [])
    assert judged.differing == ["held-out rows: the model raises KeyError"]
    ends = raising(HostEndedError("the model's process ended with signal SIGSEGV"))
    with pytest.raises(HostEndedError, match="SIGSEGV"):
        EquivalenceChecker(ends, made.schema, made.compiled).judge(made.rows(), [])
