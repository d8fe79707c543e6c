"""What a process answers is checked: its code is the project's, which could write anything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from modelhost.columns import ColumnSpec, encode_array, encode_labels
from modelhost.state import OpaqueError
from modelhost.wire import Message
from packager.errors import PackageError
from packager.model.hosted_model import HostedModel, untraced

FRAME = pd.DataFrame({"x": [1.0, 2.0]})
TOLD = {
    "number": 0,
    "type": "Model",
    "classes": ["a", "b"],
    "has_probabilities": True,
    "feature_names": ["x"],
    "feature_count": 1,
    "text_step": None,
    "takes": "frame",
    "outputs": [],
}


def model(answer: Message, **told) -> HostedModel:
    """A model whose process gives ``answer`` to everything."""
    said = Message({"model": {**TOLD, **told}})
    return HostedModel.read(lambda *_: answer, "classification", said)


def answer(labels, shares=None, **header) -> Message:
    encoded = encode_labels(labels)
    header = {"labels": encoded.described[0], **header}
    if shares is None:
        return Message(header, encoded.buffers)
    described, buffers = encode_array(np.array(shares))
    return Message({**header, "probabilities": described}, [*encoded.buffers, *buffers])


def test_an_answer_is_labels_and_probabilities_in_the_order_of_the_classes():
    made = model(answer(["a", "b"], [0.5, 0.5, 0.25, 0.75]))
    assert (made.classes, made.feature_names, made.type_name) == (("a", "b"), ("x",), "Model")
    found = made.predict(FRAME)
    assert found.labels == ["a", "b"]
    assert found.probabilities is not None
    assert found.probabilities.tolist() == [[0.5, 0.5], [0.25, 0.75]]


@pytest.mark.parametrize(
    "wrong",
    [
        Message({}),
        Message({"labels": 3}),
        answer(["a"], [0.5, 0.5]),
        answer(["a", "b"]),
        answer(["a", "b"], [0.5, 0.5, 0.5]),
        answer(["a", ["b"]], [0.5, 0.5, 0.5, 0.5]),
        Message({"labels": {"as": "array", "type": "O", "nulls": False}}, [b"", b""]),
    ],
)
def test_another_answer_is_an_error_of_the_model(wrong):
    with pytest.raises(PackageError):
        model(wrong).predict(FRAME)


def test_checked_columns_and_calls_of_parts_go_to_the_model_with_its_options():
    asked: list[tuple[Message, float | None]] = []

    def send(request: Message, seconds: float | None = None) -> Message:
        asked.append((request, seconds))
        return answer(["a", "b"], [0.5, 0.5, 0.25, 0.75], rows=2, shape=[2, 2])

    made = replace(model(Message({})), send=send, number=3).untraced().within(9.0)
    specs = [ColumnSpec("x", "number", "float64")]
    assert made.predict_columns([[1.0, None]], specs, 2).labels == ["a", "b"]
    assert made.parts.predict(["inner"], np.zeros((2, 1))).labels == ["a", "b"]
    (rows, _), (call, seconds) = asked
    assert rows.header["specs"] == [["x", "number", "float64", None, None, None]]
    assert rows.header["columns"] == [{"as": "json", "values": [1.0, None]}]
    assert (call.header["path"], call.header["method"]) == (["inner"], "predict")
    for request, _ in asked:
        assert (request.header["model"], request.header["traced"]) == (3, False)
    assert seconds == 9.0


def test_numbers_that_are_not_finite_are_null():
    told = {"classes": None, "has_probabilities": False}
    found = model(answer([float("nan"), 1]), **told).predict(FRAME)
    assert found.labels == [None, 1]


def test_a_state_that_python_cannot_see_into_is_said():
    with pytest.raises(OpaqueError, match="a lock"):
        model(Message({"opaque": "a lock"})).state()


def test_limits_and_tracebacks_are_options_of_a_copy():
    made = model(Message({}))
    assert made.within(3.0).seconds == 3.0
    assert (made.seconds, made.traced) == (None, True)
    quiet = untraced(made)
    assert isinstance(quiet, HostedModel)
    assert not quiet.traced
