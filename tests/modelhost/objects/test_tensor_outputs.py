"""Tensors as ``[outputs]``: by name or in order, labels and probabilities from scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelhost.errors import PackageError
from modelhost.objects.adapter import Inputs
from modelhost.objects.scores import LOG_SOFTMAX, OPEN, SIGMOID, SOFTMAX
from modelhost.objects.tensor_outputs import TensorModel, adapt_tensors
from modelhost.output_spec import OutputSpec
from modelhost.outputs import complete, predict_outputs

ROWS = np.zeros((2, 1))
CHANCES = np.array([[0.25, 0.75], [0.5, 0.5]])
LABEL = OutputSpec("kind", "label", ("no", "yes"))
TAGS = OutputSpec("tags", "labels", ("new", "red"))
NUMBER, VECTOR = OutputSpec("price", "number"), OutputSpec("vector", "array")


def answered(found: Any, outputs: list[OutputSpec], endings: Any = (), widths: Any = ()) -> Any:
    model = TensorModel(None, "the net", lambda _: found, Inputs(), endings, widths)
    native = adapt_tensors(model, outputs)
    return predict_outputs(native, ROWS, complete(native, outputs))


def test_tensors_are_matched_by_name_or_in_order() -> None:
    whole = {"vector": np.ones((2, 3)), "spare": np.zeros(2), "price": np.array([[1.5], [2]])}
    expected = [
        {"price": 1.5, "vector": [1.0, 1.0, 1.0]},
        {"price": 2.0, "vector": [1.0, 1.0, 1.0]},
    ]
    assert answered(whole, [NUMBER, VECTOR]).labels == expected
    assert answered([whole["price"], whole["vector"]], [NUMBER, VECTOR]).labels == expected
    assert answered({"other": whole["price"]}, [NUMBER]).labels == [1.5, 2.0]


def test_a_different_number_of_tensors_is_refused() -> None:
    with pytest.raises(PackageError, match=r"gives 1 tensors, expected what .outputs. declares"):
        answered([np.zeros(2)], [NUMBER, VECTOR])
    with pytest.raises(PackageError, match=r"'up', 'down'.*'price' .number."):
        answered({"up": np.zeros(2), "down": np.zeros(2)}, [NUMBER])
    with pytest.raises(PackageError, match="the net gives 2 tensors"):
        answered(None, [NUMBER, VECTOR, TAGS], widths=(1, 2))


@pytest.mark.parametrize(
    ("found", "ending"),
    [(CHANCES, SOFTMAX), (np.log(CHANCES), LOG_SOFTMAX), (CHANCES[:, 1:], SIGMOID)],
)
def test_a_label_has_the_probabilities_of_its_tensor(found: Any, ending: str) -> None:
    told = answered([np.zeros(2), found], [NUMBER, LABEL], [OPEN, ending])
    assert [one["kind"] for one in told.labels] == ["yes", "no"]
    assert told.more[0] == {"probabilities": {"kind": {"no": 0.25, "yes": 0.75}}}


def test_open_scores_give_labels_alone() -> None:
    told = answered(np.array([[-1.0, 2], [3, 1]]), [LABEL])
    assert (told.labels, told.probabilities) == (["yes", "no"], None)
    assert answered(np.array([[2.0], [-1]]), [LABEL]).labels == ["yes", "no"]
    assert answered(np.array([[2.0, 1], [-3, -1]]), [TAGS]).labels == [["new", "red"], []]


def test_a_set_of_labels_has_a_probability_each() -> None:
    told = answered(np.array([[0.5, 0.4], [0.2, 0.9]]), [TAGS], [SIGMOID])
    assert told.labels == [["new"], ["red"]]
    assert told.probabilities.tolist() == [[0.5, 0.4], [0.2, 0.9]]


def test_classes_are_numbered_if_only_their_number_is_known() -> None:
    told = answered(np.array([[0.1, 0.2, 0.7], [1, 0, 0]]), [OutputSpec("kind", "label")], [], (3,))
    assert told.labels == [2, 0]
    with pytest.raises(PackageError, match="does not record the classes of output 'kind'") as told:
        answered(CHANCES, [OutputSpec("kind", "label")])
    assert "[outputs.kind]" in told.value.hint


@pytest.mark.parametrize(
    ("output", "found", "ending", "message"),
    [
        (
            LABEL,
            np.zeros((2, 3)),
            OPEN,
            r"scores of shape \(2, 3\), expected a score for each of 2",
        ),
        (OutputSpec("kind", "label", (1, 2, 3)), np.zeros(2), OPEN, "each of 3 classes"),
        (TAGS, np.zeros((2, 3)), SIGMOID, "each of 2 classes"),
        (TAGS, CHANCES, SOFTMAX, "add up to 1: that is one label a row"),
    ],
)
def test_scores_of_another_form_are_refused(
    output: OutputSpec, found: Any, ending: str, message: str
) -> None:
    with pytest.raises(PackageError, match=message):
        answered(found, [output], [ending])


def test_other_kinds_are_the_tensor_itself() -> None:
    texts = np.array(["a", "b"], object)
    assert answered(texts, [OutputSpec("t", "text")]).labels == ["a", "b"]
    steps = OutputSpec("days", "quantiles", levels=(0.1, 0.9), shape=(3,))
    assert answered(np.zeros((2, 3, 2)), [steps]).labels[0] == {"0.1": [0.0] * 3, "0.9": [0.0] * 3}
