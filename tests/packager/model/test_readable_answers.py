"""Answers of another form are errors of the model's process, not of this program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelhost.wire import Message
from packager.errors import PackageError
from packager.model.hosted_model import HostedModel

TOLD: dict[str, Any] = {
    "number": 1,
    "classes": ["a", "b"],
    "has_probabilities": True,
    "feature_names": None,
    "feature_count": None,
    "text_step": None,
    "type": "Model",
    "takes": "frame",
    "outputs": [],
}
FRAME = pd.DataFrame({"x": np.arange(3.0)})


def refused(action: Any) -> str:
    with pytest.raises(PackageError, match="that can't be read") as caught:
        action()
    assert "It must not" in caught.value.hint
    return caught.value.message


def model(header: Any, buffers: Any = ()) -> HostedModel:
    def send(_: Message, _seconds: float | None = None) -> Message:
        return Message(header, buffers)

    return HostedModel.read(send, "classification", Message({"model": TOLD}))


@pytest.mark.parametrize(
    "header",
    [{}, {"model": None}, {"model": []}, {"model": {**TOLD, "classes": 5}}, {"model": {}}],
)
def test_what_is_no_model_is_refused(header: dict[str, Any]) -> None:
    refused(lambda: HostedModel.read(model({}).send, "classification", Message(header)))


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"labels": None},
        {"labels": {"as": "json"}, "probabilities": 1},
        {"labels": {"as": "json", "values": 7}, "probabilities": {}},
        {"labels": 1e400, "probabilities": {"as": "array", "type": "x", "nulls": []}},
    ],
)
def test_what_is_no_prediction_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(PackageError, match=r"that can't be read|columns on the model's connection"):
        model(header, [b""]).predict(FRAME)


@pytest.mark.parametrize("header", [{}, {"measured": 3}, {"measured": ["a"]}])
def test_what_is_no_measure_is_refused(header: dict[str, Any]) -> None:
    from modelhost.predictions import Predictions

    found = Predictions(["a", "b", "a"], None)
    refused(lambda: model(header).measure("m:f", FRAME, ["x"], [], found))


@pytest.mark.parametrize("holds", [None, 3, [True], [1, 0, 1], ["a", "b", "c"]])
def test_what_is_no_relation_is_refused(holds: Any) -> None:
    refused(lambda: model({"holds": holds}).relate("m:f", FRAME))


def test_what_is_no_state_is_refused() -> None:
    refused(lambda: model({}, [b"{}"]).state())
