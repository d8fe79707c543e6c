"""The first step of a model that expects texts is found, whatever holds it."""

from __future__ import annotations

import pytest
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union

from modelhost.columns import ColumnSpec
from modelhost.text_input import text_column, text_step, wrap_text_model


@pytest.mark.parametrize(
    ("model", "step"),
    [
        (make_pipeline(TfidfVectorizer(), LogisticRegression()), "TfidfVectorizer"),
        (make_pipeline("passthrough", CountVectorizer()), "CountVectorizer"),
        (make_pipeline(make_union(CountVectorizer())), "CountVectorizer"),
        (make_pipeline(make_column_transformer((TfidfVectorizer(), "text"))), None),
        (GridSearchCV(make_pipeline(CountVectorizer()), {}), None),
        (LogisticRegression(), None),
    ],
)
def test_the_first_step_decides(model: object, step: str | None) -> None:
    assert text_step(model) == step


def test_one_answer_a_column_is_explained() -> None:
    error = wrap_text_model(2, 5, ["stars", "text"], "classification")
    assert error is not None
    assert "one for each column of the frame, 'stars', 'text'" in error.message
    assert wrap_text_model(2, 2, ["stars", "text"], "classification") is None


@pytest.mark.parametrize(
    ("specs", "name"),
    [
        ([("n", "number", "float64"), ("t", "string", "str")], "t"),
        ([("t", "string", "object")], "t"),
        ([("t", "string", "str"), ("gone", "string", "object")], "t"),
        ([("t", "string", "str"), ("c", "string", "category")], "t"),
        ([("t", "string", "str"), ("u", "string", "str")], None),
        ([("n", "number", "float64")], None),
    ],
)
def test_the_only_column_of_text_is_given(
    specs: list[tuple[str, str, str]], name: str | None
) -> None:
    assert text_column([ColumnSpec(*spec) for spec in specs]) == name
