"""A form as the server loads it: the domain decides which rows it answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from array_samples import arrays_of
from compile_samples import assert_same
from form_samples import linear_forms, rows
from hypothesis import given
from hypothesis import strategies as st

from modelhost.fitted_parts import FittedParts
from modelhost.model import LoadedModel
from packager.model.compiled.form import Domain, Form, Linear, Matrix, Native, Number
from packager.model.compiled.model import CompiledModel, needs_model


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 3])
@given(form_rows=rows(), form=linear_forms(3))
def test_rows_alone_and_together_agree_on_the_domain_and_the_label(count, form, form_rows):
    classes = ("a", "b", "c")
    model = CompiledModel(form, None, "classification", classes, None)
    together, inside = model.predict_rows([list(c) for c in zip(*form_rows, strict=True)])
    for place, row in enumerate(form_rows):
        alone = model.predict_row(row)
        if alone is not None and inside[place]:
            assert alone[0] == together.labels[place]
            assert alone[1] == pytest.approx(together.probabilities[place].tolist(), abs=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("count", [None, 2, 3])
@given(st.data(), rows())
def test_columns_that_are_arrays_already_have_the_same_answers(count, data, form_rows):
    form = data.draw(linear_forms(count))
    task = "regression" if count is None else "classification"
    classes = None if count is None else ("a", "b", "c")[:count]
    model = CompiledModel(form, None, task, classes, None)
    columns = [list(column) for column in zip(*form_rows, strict=True)]
    for limit in (math.inf, 1e7):  # with the larger one, a column may be in no array
        arrays = arrays_of(columns, limit)
        assert_same(model.predict_rows(columns, arrays), model.predict_rows(columns))
        some = np.arange(0, len(form_rows), 2)
        chosen = [[column[row] for row in some.tolist()] for column in columns]
        assert_same(model.predict_rows(chosen, arrays.at(some)), model.predict_rows(chosen))


NUMBER = Matrix(width=1, numbers=(Number(position=0, column=0),))
COLUMN = Domain(name="x", used=True, nulls=True, low=-1e6, high=1e6)


class Echo:
    """An estimator that gives its input back."""

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        return matrix[:, 0]


def test_the_models_own_estimator_is_queried_with_rows_of_the_domain_only():
    form = Form(
        columns=(COLUMN,),
        steps=(),
        matrix=NUMBER,
        head=Native(path=("inner",), probabilities=False),
        nan=False,
        tolerance=0.0,
    )
    holder = type("Holder", (), {"inner": Echo()})()
    model = CompiledModel(
        form,
        None,
        "regression",
        None,
        FittedParts(LoadedModel(holder, "regression", None, False)),
    )
    assert needs_model(form)
    found, inside = model.predict_rows([[1.0, None, 3.0, 1e9]])
    assert inside.tolist() == [True, False, True, False]
    assert [found.labels[row] for row in (0, 2)] == [1.0, 3.0]
    assert model.predict_row([2.0]) == (2.0, None)
    assert model.predict_row([None]) is None


def test_a_linear_form_needs_no_part_of_the_model():
    linear = Linear(coefficients=((2.0,),), intercept=(1.0,), link="none")
    form = Form(columns=(COLUMN,), steps=(), matrix=NUMBER, head=linear, nan=False, tolerance=1e-9)
    assert not needs_model(form)
    model = CompiledModel(form, None, "regression", None, None)
    assert model.predict_row([3.0]) == (7.0, None)
    found, inside = model.predict_rows([[3.0, None]])
    assert (found.labels[0], inside.tolist()) == (7.0, [True, False])


def test_no_rows_have_no_answers():
    linear = Linear(coefficients=((2.0,),), intercept=(1.0,), link="none")
    form = Form(columns=(COLUMN,), steps=(), matrix=NUMBER, head=linear, nan=False, tolerance=1e-9)
    found, inside = CompiledModel(form, None, "regression", None, None).predict_rows([[]])
    assert (found.labels, inside.tolist()) == ([], [])
