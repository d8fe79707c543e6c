from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Serve
from packager.model.model import LoadedModel, load_model_from
from packager.model.predictions import Predictions, scalars
from packager.model.storage import save_model

FRAME = pd.DataFrame({"a": [1.0, 2.0]})
SERVE = Serve(predictor="auto", compile="auto", workers=1, strict=False)


class Fixed:
    """Answers what it was given."""

    def __init__(self, answer: Any, probabilities: Any = None, classes: Any = None) -> None:
        self.answer = answer
        self.probabilities = probabilities
        self.classes_ = classes

    def predict(self, frame: pd.DataFrame) -> Any:
        return self.answer

    def predict_proba(self, frame: pd.DataFrame) -> Any:
        return self.probabilities


def classifier(answer: Any) -> LoadedModel:
    return LoadedModel(Fixed(answer), "classification", None, False)


def regressor(answer: Any) -> LoadedModel:
    return LoadedModel(Fixed(answer), "regression", None, False)


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
        (classifier(["a"]), "predict gave 1 values for 2 rows, expected one label a row"),
        (regressor(["a", "b"]), "predict gave 'a', expected a number"),
        (regressor([True, False]), "predict gave True, expected a number"),
        (classifier(np.zeros((2, 3))), r"expected one value a row, got ndarray of shape \(2, 3\)"),
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


def test_answers_name_probabilities_by_the_text_of_their_class() -> None:
    predictions = Predictions([1, 0], np.array([[0.25, 0.75], [1.0, np.nan]]))
    assert predictions.answers((0, 1)) == [
        {"prediction": 1, "probabilities": {"0": 0.25, "1": 0.75}},
        {"prediction": 0, "probabilities": {"0": 1.0, "1": None}},
    ]
    assert Predictions(["a"], None).answers(None) == [{"prediction": "a"}]


def test_scalars_take_what_a_series_with_nulls_holds() -> None:
    assert scalars(pd.Series([1, None], dtype="Int64")) == [1, None]
    assert scalars(pd.Series(["x", None])) == ["x", None]


def test_a_saved_model_is_read_back_with_its_classes(tmp_path: Path) -> None:
    loader = save_model(Fixed(["a"], [[0.5, 0.5]], np.array(["a", "b"])), tmp_path, ModuleType("t"))
    loaded = load_model_from(tmp_path / "model", SERVE, "classification")
    assert loader == "joblib"
    assert loaded.classes == ("a", "b")
    assert loaded.has_probabilities


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save_model({"weights": np.arange(100.0)}, tmp_path / name, ModuleType("t"))
    assert (tmp_path / "one/model").read_bytes() == (tmp_path / "two/model").read_bytes()


def test_nothing_returned_by_train_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="train returned nothing, expected the fitted model"):
        save_model(None, tmp_path, ModuleType("t"))


def test_a_lambda_in_the_model_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="the model, Fixed, can't be written") as caught:
        save_model(Fixed(lambda: 1), tmp_path, ModuleType("t"))
    assert "keep lambdas" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_class_of_main_is_refused_when_saved_and_when_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import __main__

    stray = type("Stray", (Fixed,), {"__module__": "__main__"})
    monkeypatch.setattr(__main__, "Stray", stray, raising=False)
    with pytest.raises(PackageError, match="the model needs 'Stray' of the script") as saved:
        save_model(stray(["a"]), tmp_path, ModuleType("t"))
    assert saved.value.hint.startswith("move Stray to a module of the project")
    joblib.dump(stray(["a"]), tmp_path / "model", compress=3)
    with pytest.raises(PackageError, match="the model needs 'Stray' of the script"):
        load_model_from(tmp_path / "model", SERVE, "classification")


def test_save_without_load_is_refused_unless_a_predictor_reads_the_model(tmp_path: Path) -> None:
    module = ModuleType("t")
    module.save = lambda _, path: path.mkdir()  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match=r"module 't' has save\(model, path\) but no load"):
        save_model(1, tmp_path, module)
    assert save_model(1, tmp_path, module, "predict:Predictor") == "joblib"
    assert (tmp_path / "model").is_dir()


def test_a_save_that_writes_nothing_is_refused(tmp_path: Path) -> None:
    module = ModuleType("t")
    module.save = module.load = lambda *_: None  # type: ignore[attr-defined]
    with pytest.raises(PackageError, match="save of module 't' wrote nothing"):
        save_model(1, tmp_path, module)


@pytest.mark.parametrize(
    ("native", "message"),
    [
        ({"a": 1}, r"expected a model with predict\(frame\), got dict"),
        (Fixed(["a"]), "Fixed has predict_proba but no classes_"),
        (Fixed(["a"], classes=["a", None]), "expected distinct labels"),
    ],
)
def test_what_cannot_serve_is_refused_when_read(tmp_path: Path, native: Any, message: str) -> None:
    joblib.dump(native, tmp_path / "model")
    with pytest.raises(PackageError, match=message):
        load_model_from(tmp_path / "model", SERVE, "classification")


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"expected the model at .*model, got nothing there"):
        load_model_from(tmp_path / "model", SERVE, "regression")


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


@given(
    st.sampled_from(
        [
            (False, True),
            (True, False),
            (0, 1),
            (-1, 10**12),
            (0.5, 1e300, 1e-7),
            ("true", "no", "1"),
        ]
    ),
    st.data(),
)
def test_a_probability_is_found_by_the_json_of_its_prediction(
    classes: tuple[Any, ...], data: st.DataObject
) -> None:
    label = data.draw(st.sampled_from(classes))
    (answer,) = Predictions([label], np.full((1, len(classes)), 0.5)).answers(classes)
    told = answer["prediction"]
    assert (told if isinstance(told, str) else json.dumps(told)) in answer["probabilities"]
