"""Answers of models with other outputs than one label or number."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from modelhost.errors import PackageError
from modelhost.output_spec import OutputSpec
from modelhost.outputs import complete, predict_outputs

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0]})


class Answering:
    """A model that returns what it is given."""

    def __init__(self, answer: Any, chances: Any = None) -> None:
        self._answer = answer
        if chances is not None:
            self.predict_proba = lambda _: chances

    def predict(self, _frame: Any) -> Any:
        """The answer."""
        return self._answer


def of(kind: str, answer: Any, **more: Any) -> list[Any]:
    return predict_outputs(Answering(answer), FRAME, [OutputSpec("y", kind, **more)]).labels


@pytest.mark.parametrize(
    ("kind", "answer", "more", "expected"),
    [
        ("label", np.array(["a", "b", "a"]), {}, ["a", "b", "a"]),
        ("number", np.array([1, 2, np.nan]), {}, [1.0, 2.0, None]),
        ("numbers", np.array([[1, 2], [3, 4], [5, np.inf]]), {}, [[1, 2], [3, 4], [5, None]]),
        ("array", np.zeros((3, 2, 1)), {}, [[[0.0], [0.0]]] * 3),
        (
            "quantiles",
            np.array([[1, 2], [3, 4], [5, 6]]),
            {"levels": (0.1, 0.5)},
            [{"0.1": 1, "0.5": 2}, {"0.1": 3, "0.5": 4}, {"0.1": 5, "0.5": 6}],
        ),
        (
            "quantiles",
            np.array([[[1, 2], [3, 4], [5, 6]]] * 3),
            {"levels": (0.1, 0.5), "shape": (3,)},
            [{"0.1": [1, 3, 5], "0.5": [2, 4, 6]}] * 3,
        ),
        (
            "quantiles",
            {0.1: [[1, 3]] * 3, 0.5: np.array([[2, np.nan]] * 3)},
            {"levels": (0.1, 0.5), "shape": (2,)},
            [{"0.1": [1, 3], "0.5": [2, None]}] * 3,
        ),
        (
            "labels",
            np.array([[1, 0], [0, 0], [1, 1]]),
            {"classes": ("x", "y")},
            [["x"], [], ["x", "y"]],
        ),
        ("labels", [{"y", "x"}, [], ("x",)], {}, [["x", "y"], [], ["x"]]),
        ("text", ["one", None, "three"], {}, ["one", None, "three"]),
        ("json", [{"a": [1]}, 2, None], {}, [{"a": [1]}, 2, None]),
        (
            "json",
            [{"a": np.array([1.0, np.inf])}, float("nan"), np.int64(2)],
            {},
            [{"a": [1.0, None]}, None, 2],
        ),
        ("array", [np.zeros(1), [1], np.ones(1)], {}, [[0.0], [1.0], [1.0]]),
        ("quantiles", {0.5: [1, 2, 3]}, {"levels": (0.5,)}, [{"0.5": 1}, {"0.5": 2}, {"0.5": 3}]),
    ],
)
def test_answers_of_each_kind(kind: str, answer: Any, more: Any, expected: list[Any]):
    assert of(kind, answer, **more) == expected


@pytest.mark.parametrize(
    ("kind", "answer", "more", "got"),
    [
        ("number", ["a", 1, 2], {}, "the model gave 'a', expected a number per row"),
        ("number", [1, 2], {}, "the model gave 2 values for 3 rows, expected one answer per row"),
        ("numbers", np.zeros(3), {}, r"an array of shape \(3,\), expected several numbers per row"),
        ("numbers", np.zeros((3, 2)), {"shape": (4,)}, r"of shape \(3, 2\), expected \(rows, "),
        ("quantiles", np.zeros((3, 3)), {"levels": (0.5,)}, r"expected \(rows, 1\) quantiles"),
        (
            "quantiles",
            np.zeros((3, 1, 3)),
            {"levels": (0.5,), "shape": (3,)},
            r"expected \(rows, 3, 1\) quantiles",
        ),
        ("labels", np.full((3, 2), 2), {"classes": ("x", "y")}, "expected 0 or 1 for 2"),
        ("text", [1, 2, 3], {}, "the model gave 1, expected text per row"),
        ("json", [object(), 1, 2], {}, "object is no JSON, expected values that JSON can hold"),
        ("array", [[1, 2], [3], [4, 5]], {}, "expected numbers, equally many per row"),
        ("array", np.full((3, 2), "a"), {}, "expected numbers"),
        ("quantiles", {0.1: [1, 2, 3]}, {"levels": (0.5,)}, r"the levels \[0.1\]"),
    ],
)
def test_answers_of_another_form_are_refused(kind: str, answer: Any, more: Any, got: str):
    with pytest.raises(PackageError, match=got):
        of(kind, answer, **more)


def test_several_outputs_are_objects_by_name():
    outputs = [OutputSpec("price", "number"), OutputSpec("cut", "label", ("a", "b"))]
    chances = {"cut": np.array([[0.5, 0.5]] * 3)}
    model = Answering({"cut": ["a", "b", "a"], "price": [1, 2, 3]}, chances)
    found = predict_outputs(model, FRAME, outputs)
    assert found.labels[1] == {"price": 2.0, "cut": "b"}
    assert found.more is not None
    assert found.more[1] == {"probabilities": {"cut": {"a": 0.5, "b": 0.5}}}
    assert found.at([2]).labels == [{"price": 3.0, "cut": "a"}]


def test_columns_of_an_array_are_several_numbers():
    outputs = [OutputSpec("p", "number"), OutputSpec("q", "number")]
    found = predict_outputs(Answering(np.array([[1, 2], [3, 4], [5, 6]])), FRAME, outputs)
    assert found.labels == [{"p": 1, "q": 2}, {"p": 3, "q": 4}, {"p": 5, "q": 6}]


def test_a_missing_output_is_named():
    outputs = [OutputSpec("p", "number"), OutputSpec("q", "number")]
    with pytest.raises(PackageError, match="expected the outputs p, q"):
        predict_outputs(Answering({"p": [1, 2, 3]}), FRAME, outputs)


def test_probabilities_of_labels_from_one_array_each():
    chances = [np.array([[0.9, 0.1]] * 3), np.array([[0.2, 0.8]] * 3)]
    model = Answering(np.array([[0, 1]] * 3), chances)
    found = predict_outputs(model, FRAME, [OutputSpec("tags", "labels", ("x", "y"))])
    assert found.probabilities is not None
    assert found.probabilities.tolist() == [[0.1, 0.8]] * 3


def test_a_score_is_higher_for_more_anomalous_rows():
    from sklearn.ensemble import IsolationForest

    rows = pd.DataFrame({"a": [*np.linspace(0, 1, 50), 90.0]})
    model = IsolationForest(random_state=0).fit(rows)
    found = predict_outputs(model, rows, [OutputSpec("score", "score")])
    assert int(np.argmax(found.labels)) == 50


def test_classes_of_the_model_complete_a_label():
    class Model:
        classes_ = np.array(["a", "b"])

    assert complete(Model(), [OutputSpec("y", "label")])[0].classes == ("a", "b")
    declared = [OutputSpec("y", "labels", ("c",))]
    assert complete(Model(), declared)[0].classes == ("c",)
    assert complete(Model(), [OutputSpec("y", "number")])[0].classes is None


def test_probabilities_are_in_the_order_of_the_models_classes():
    model = Answering(["b", "a", "b"], np.array([[0.1, 0.9]] * 3))
    model.classes_ = np.array(["a", "b"])  # type: ignore[attr-defined]
    (spec,) = complete(model, [OutputSpec("y", "label", ("b", "a"))])
    assert spec.classes == ("a", "b")
    with pytest.raises(PackageError, match=r"classes_ \('a', 'b'\), expected \('a', 'c'\)"):
        complete(model, [OutputSpec("y", "label", ("a", "c"))])


def test_probabilities_of_several_outputs_are_named_as_in_json_and_finite():
    specs = [OutputSpec("y", "label", (False, True)), OutputSpec("z", "number")]
    chances = {"y": np.array([[0.5, np.nan]] * 3)}
    model = Answering({"y": [True] * 3, "z": [1.0] * 3}, chances)
    found = predict_outputs(model, FRAME, specs)
    assert found.more == [{"probabilities": {"y": {"false": 0.5, "true": None}}}] * 3


def several_labels() -> tuple[Any, pd.DataFrame]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.multioutput import MultiOutputClassifier

    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]})
    target = pd.DataFrame({"one": list("xxxyyy"), "two": list("pqrpqr")})
    return MultiOutputClassifier(LogisticRegression()).fit(frame, target), frame


def test_a_classifier_of_several_labels_gives_probabilities_of_each():
    native, frame = several_labels()
    outputs = complete(native, [OutputSpec("one", "label"), OutputSpec("two", "label")])
    assert [one.classes for one in outputs] == [("x", "y"), ("p", "q", "r")]
    found = predict_outputs(native, frame, outputs)
    chances = native.predict_proba(frame)
    assert found.more is not None
    for row, more in enumerate(found.more):
        assert list(more["probabilities"]["one"].values()) == chances[0][row].tolist()
        assert list(more["probabilities"]["two"].values()) == chances[1][row].tolist()
        assert list(more["probabilities"]["two"]) == ["p", "q", "r"]
    assert found.labels[0] == {"one": "x", "two": native.predict(frame)[0, 1]}


def test_one_label_keeps_its_probabilities():
    from sklearn.linear_model import LogisticRegression

    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0]})
    native = LogisticRegression().fit(frame, list("xxyy"))
    outputs = complete(native, [OutputSpec("y", "label")])
    assert outputs[0].classes == ("x", "y")
    found = predict_outputs(native, frame, outputs)
    assert found.probabilities is not None
    assert found.probabilities.tolist() == native.predict_proba(frame).tolist()


def test_a_label_that_training_never_had_has_the_probability_0():
    from sklearn.ensemble import RandomForestClassifier

    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0]})
    target = np.array([[0, 0, 1], [0, 1, 1], [0, 0, 1], [0, 1, 1]])
    native = RandomForestClassifier(5, random_state=0).fit(frame, target)
    (output,) = complete(native, [OutputSpec("y", "labels", classes=("never", "some", "always"))])
    found = predict_outputs(native, frame, [output])
    assert found.probabilities is not None
    assert found.probabilities[:, 0].tolist() == [0, 0, 0, 0]
    assert found.probabilities[:, 2].tolist() == [1, 1, 1, 1]
    assert found.probabilities[:, 1].tolist() == native.predict_proba(frame)[1][:, 1].tolist()


def test_labels_whose_names_are_unknown_are_not_named_by_their_values():
    from sklearn.ensemble import RandomForestClassifier

    native = RandomForestClassifier(2).fit([[0.0], [1.0]], [[0, 1], [1, 0]])
    (output,) = complete(native, [OutputSpec("y", "labels")])
    assert output.classes is None


def test_a_model_may_name_classes_by_output():
    class Named(Answering):
        classes_: ClassVar = {"two": ["a", "b"]}

    outputs = [OutputSpec("one", "number"), OutputSpec("two", "label")]
    native = Named({"one": [1, 2, 3], "two": ["a", "b", "a"]}, {"two": np.full((3, 2), 0.5)})
    found = predict_outputs(native, FRAME, complete(native, outputs))
    assert found.more is not None
    assert found.more[0] == {"probabilities": {"two": {"a": 0.5, "b": 0.5}}}
