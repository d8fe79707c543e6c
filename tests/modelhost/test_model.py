from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from fixed_models import FRAME, Fixed, classifier, regressor

from modelhost.errors import PackageError
from modelhost.model import LoadedModel, load_model


@pytest.mark.parametrize(
    ("answer", "labels"),
    [
        (["a", 1], ["a", 1]),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array([[1], [2]]), [1, 2]),
        (pd.Series([True, False]), [True, False]),
        (pd.DataFrame({"label": ["a", "b"]}), ["a", "b"]),
        (pd.Categorical(["a", None]), ["a", None]),
        ([np.str_("a"), np.int64(3)], ["a", 3]),
    ],
)
def test_labels_become_plain_values_whatever_form_they_come_in(
    answer: Any, labels: list[Any]
) -> None:
    got = classifier(answer).predict(FRAME).labels
    assert got == labels
    assert [type(label) for label in got] == [type(label) for label in labels]


def test_numbers_that_are_not_finite_become_none() -> None:
    assert regressor([1, float("nan")]).predict(FRAME).labels == [1.0, None]
    assert regressor(np.array([np.inf, 2])).predict(FRAME).labels == [None, 2.0]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (classifier(["a"]), "predict gave 1 values for 2 rows, expected one label per row"),
        (regressor(["a", "b"]), "predict gave 'a', expected a number"),
        (regressor([True, False]), "predict gave True, expected a number"),
        (
            classifier(np.zeros((2, 3))),
            r"expected one value per row, got ndarray of shape \(2, 3\)",
        ),
        (classifier([{}, {}]), "expected text, a number or a boolean as label, got dict"),
        (
            LoadedModel(Fixed(["a", "b"], np.zeros((2, 3))), "classification", ("a", "b"), True),
            r"predict_proba gave an array of shape \(2, 3\), expected \(2, 2\)",
        ),
    ],
)
def test_an_answer_of_another_shape_is_refused_naming_it(model: LoadedModel, message: str) -> None:
    with pytest.raises(PackageError, match=message):
        model.predict(FRAME)


def test_no_rows_are_answered_without_asking_the_model() -> None:
    assert classifier(["not asked"]).predict(FRAME.iloc[:0]).labels == []


def test_a_model_that_changes_its_frame_leaves_the_callers_alone() -> None:
    class Adding:
        def predict(self, frame: pd.DataFrame) -> list[float]:
            frame["b"] = frame["a"] * 2
            return list(frame["b"])

    frame = FRAME.copy()
    assert LoadedModel(Adding(), "regression", None, False).predict(frame).labels == [2.0, 4.0]
    assert list(frame.columns) == ["a"]


@pytest.mark.parametrize(
    ("native", "message"),
    [
        ("text", r"expected a model with predict\(frame\), got str"),
        ({"a": 1}, r"the model is a group of objects \(a: int\): .* but a does neither"),
        (Fixed(["a"]), "Fixed has predict_proba but no classes_"),
        (Fixed(["a"], classes=["a", None]), "expected distinct labels"),
    ],
)
def test_what_cannot_serve_is_refused_when_read(tmp_path: Path, native: Any, message: str) -> None:
    joblib.dump(native, tmp_path / "model")
    with pytest.raises(PackageError, match=message):
        load_model(tmp_path / "model", "auto", "joblib", "classification")


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"expected the model at .*model, found nothing"):
        load_model(tmp_path / "model", "auto", "joblib", "regression")


@pytest.mark.parametrize(
    ("classes", "answer", "labels"),
    [
        ((0, 1), [1.0, 0.0], [1, 0]),
        ((0, 1), [True, False], [1, 0]),
        ((False, True), np.array([1, 0]), [True, False]),
        ((0.5, 1.5), [1.5, 0.5], [1.5, 0.5]),
        (("0", "1"), ["1", "0"], ["1", "0"]),
        (("a", "b"), ["a", "c"], ["a", "c"]),
        ((0, 1), [None, 2.0], [None, 2.0]),
    ],
)
def test_labels_have_the_type_of_their_class(
    classes: tuple[Any, ...], answer: Any, labels: list[Any]
) -> None:
    got = LoadedModel(Fixed(answer), "classification", classes, False).predict(FRAME).labels
    assert [(label, type(label)) for label in got] == [(label, type(label)) for label in labels]
