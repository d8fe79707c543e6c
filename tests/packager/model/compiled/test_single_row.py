"""A single row in plain Python gets the same answer as in a batch."""

from __future__ import annotations

import math

import numpy as np
import pytest
from form_samples import linear_forms, rows
from hypothesis import given

from packager.model.compiled.encode import Encoder
from packager.model.compiled.form import Domain, Linear, Matrix, Number
from packager.model.compiled.heads import HeadSpec, LinearModel
from packager.model.compiled.linear_batch import LinearSums
from packager.model.compiled.single_row import linear_row


@pytest.mark.slow
@pytest.mark.parametrize("classes", [None, ("no", "yes")])
@given(made=linear_forms(), chosen=rows())
def test_one_row_has_the_label_and_nearly_the_number_of_many(classes, made, chosen):
    head = made.head.model_copy(update={"link": "logistic" if classes else "none"})
    meaning = HeadSpec(
        "classification" if classes else "regression", classes, bool(classes), made.tolerance
    )
    encoder = Encoder(made.matrix, made.columns)
    row = linear_row(head, encoder, meaning)
    with np.errstate(all="ignore"):
        scores, sizes, inside = LinearSums(head, encoder)(list(zip(*chosen, strict=True)))
        many = LinearModel(head, meaning).answers(scores, sizes)
    for place, values in enumerate(chosen):
        found = row(values)
        if found is None or not (inside[place] and many.good[place]):
            continue
        label, chances = found
        if classes:
            assert label == many.labels[place]
            assert chances == pytest.approx(many.probabilities[place], abs=2 * made.tolerance)
        else:
            allowed = 2 * made.tolerance * max(1.0, abs(label))
            assert label == pytest.approx(many.labels[place], abs=allowed)


def row_of(link: str, classes: tuple[str, str] | None = None):
    matrix = Matrix(width=1, numbers=(Number(position=0, column=0),))
    domains = [Domain(name="x", used=True, nulls=False, low=-1e6, high=1e6)]
    linear = Linear(coefficients=((1.0,),), intercept=(0.0,), link=link)
    task = "regression" if classes is None else "classification"
    meaning = HeadSpec(task, classes, link == "logistic", 1e-9)
    return linear_row(linear, Encoder(matrix, domains), meaning)


@pytest.mark.parametrize("value", [None, 1e7, -1e7, math.nan])
def test_a_row_outside_the_domain_has_no_answer(value):
    assert row_of("none")([value]) is None


def test_what_a_link_makes_of_the_sum():
    assert row_of("none")([2.0]) == (2.0, None)
    assert row_of("exp")([0.0]) == (1.0, None)
    assert row_of("exp")([800.0]) is None
    assert row_of("labels", ("no", "yes"))([2.0]) == ("yes", None)
    label, chances = row_of("logistic", ("no", "yes"))([-2.0])
    assert label == "no"
    assert sum(chances) == pytest.approx(1)


def test_near_a_tie_there_is_no_answer():
    assert row_of("logistic", ("no", "yes"))([1e-12]) is None
    assert row_of("logistic", ("no", "yes"))([0.0]) is None
