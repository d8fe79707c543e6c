"""Shapes of arrays are those of the model's answers, unless they are declared."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pandas as pd

from packager.manifest.outputs import Output
from packager.model.predictions import Predictions
from packager.worker.train.output_shapes import with_shapes

ROWS = pd.DataFrame({"x": [1.0, 2.0]})


def model(answer: Any) -> Mock:
    return Mock(predict=Mock(return_value=Predictions([answer] * 2, None)))


def test_the_shape_of_the_answers_is_found() -> None:
    array = Output(name="e", kind="array")
    (found,) = with_shapes((array,), model([[1.0, None], [2.0, 3.0], [4.0, 5.0]]), ROWS)
    assert found.shape == (3, 2)
    number = Output(name="n", kind="number")
    several = with_shapes((number, array), model({"n": 1.0, "e": [1.0]}), ROWS)
    assert [one.shape for one in several] == [None, (1,)]


def test_a_declared_shape_needs_no_answer() -> None:
    asked = model(None)
    outputs = (Output(name="e", kind="array", shape=(4,)), Output(name="n", kind="number"))
    assert with_shapes(outputs, asked, ROWS) == outputs
    assert with_shapes((Output(name="e", kind="array"),), asked, ROWS[:0])[0].shape is None
    asked.predict.assert_not_called()
