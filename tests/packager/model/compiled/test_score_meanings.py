from __future__ import annotations

import pytest
from form_samples import linear_forms
from hypothesis import given

from packager.manifest.outputs import Output
from packager.model.compiled.form import Form
from packager.model.compiled.score_meanings import score_meanings


@pytest.mark.slow
@given(linear_forms(classes=3))
def test_a_form_of_one_output_has_the_meaning_of_its_task(form: Form) -> None:
    [found] = score_meanings(form, "classification", ("a", "b", "c"), ())
    assert (found.task, found.classes, found.tolerance) == (
        "classification", ("a", "b", "c"), form.tolerance
    )  # fmt: skip
    assert score_meanings(form, "regression", None, ())[0].task == "regression"


@pytest.mark.slow
@given(linear_forms())
def test_an_output_of_one_head_is_interpreted_by_itself(form: Form) -> None:
    number = Output(name="price", kind="number")
    [found] = score_meanings(form, "regression", None, (number,))
    assert (found.task, found.classes) == ("regression", None)
