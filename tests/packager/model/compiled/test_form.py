"""A compiled form on disk: stored without pickle, loaded unchanged, readable by people."""

from __future__ import annotations

import pytest
from form_samples import linear_forms
from hypothesis import given

from packager.errors import PackageError
from packager.model.compiled.form import (
    FORM,
    TREES,
    Domain,
    FittedStep,
    Form,
    Linear,
    Matrix,
    Native,
    Trees,
    read,
    write,
)

LINEAR = Linear(coefficients=((1.0,),), intercept=(0.0,), link="logistic")
FOREST = Trees(float32=True, link="none")


def form(head: Linear | Trees | Native = LINEAR, **more: object) -> Form:
    fields = {"columns": (), "steps": (), "matrix": Matrix(width=1), "nan": False}
    return Form.model_validate({**fields, "head": head, "tolerance": 1e-9, **more})


@pytest.mark.slow
@given(linear_forms())
def test_what_is_written_is_read_and_equal_forms_give_equal_bytes(tmp_path_factory, made):
    one, other = tmp_path_factory.mktemp("form"), tmp_path_factory.mktemp("form")
    write(made, None, one)
    write(made.model_copy(), None, other)
    assert read(one) == (made, None)
    assert (one / FORM).read_bytes() == (other / FORM).read_bytes()
    assert not (one / TREES).exists()


def test_trees_lie_beside_the_form_and_are_missed_by_name(tmp_path):
    write(form(FOREST), b"trees", tmp_path / "new")
    assert read(tmp_path / "new") == (form(FOREST), b"trees")
    (tmp_path / "new" / TREES).unlink()
    with pytest.raises(PackageError, match=r"trees\.bin: expected the trees of the compiled model"):
        read(tmp_path / "new")


def test_a_form_without_trees_does_not_lie_beside_those_of_another(tmp_path):
    write(form(FOREST), b"trees", tmp_path)
    write(form(LINEAR), None, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["form.json"]


def test_a_form_that_is_not_there_or_damaged_is_refused(tmp_path):
    with pytest.raises(PackageError, match=r"form\.json: expected Form, got"):
        read(tmp_path)
    (tmp_path / FORM).write_text('{"columns": []}')
    with pytest.raises(PackageError, match="expected Form, got"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("made", "way"),
    [
        (form(), "encoders + linear model in NumPy"),
        (form(FOREST), "encoders + treelite"),
        (form(Native(path=(), probabilities=False)), "encoders + native estimator"),
        (
            form(steps=(FittedStep(path=("a",), matrix=Matrix(width=1)),)),
            "encoders + native transformers + linear model in NumPy",
        ),
    ],
)
def test_the_strategy_is_named(made, way):
    assert made.strategy == way


@pytest.mark.parametrize(
    ("column", "line"),
    [
        (Domain(name="x", used=False), "x: anything (the model does not use it)"),
        (Domain(name="x", used=True, low=0, high=2.5), "x: a number from 0 to 2.5, not null"),
        (
            Domain(name="x", used=True, known_only=True, nulls=True),
            "x: a category that the model's encoders know, or null",
        ),
        (Domain(name="x", used=True), "x: any value, not null"),
    ],
)
def test_each_column_has_its_condition(column, line):
    assert form(Native(path=(), probabilities=False), columns=(column,)).domain == (line,)


def test_close_calls_are_a_condition_of_heads_that_could_differ():
    sums = "the sums are small enough that rounding stays below the tolerance"
    gap = "the two likeliest classes differ by more than 1e-09"
    assert form().domain == (sums, gap)
    assert form(LINEAR.model_copy(update={"link": "exp"})).domain == (sums,)
    assert form(FOREST).domain == ()
    assert form(FOREST.model_copy(update={"link": "softmax"})).domain == (gap,)
