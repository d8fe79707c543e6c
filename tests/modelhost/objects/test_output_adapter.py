"""An object that answers ``[outputs]`` is called once for values and probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from modelhost.objects.adapter import Inputs
from modelhost.objects.output_adapter import OutputValues, one_output, refuse_outputs
from modelhost.output_spec import OutputSpec
from modelhost.outputs import complete, predict_outputs

ROWS = pd.DataFrame({"a": [1.0, 2.0]})
TAGS = OutputSpec("tags", "labels", ("x", "y"))


def test_values_and_probabilities_are_of_one_call() -> None:
    calls = []

    def answer(rows: Any) -> OutputValues:
        calls.append(len(rows))
        return OutputValues(np.array([[1, 0], [0, 0]]), np.array([[0.9, 0.1], [0.2, 0.3]]))

    native = one_output("fitted", TAGS, answer, Inputs(["a"]), ["x", "y"])
    assert complete(native, [TAGS]) == (TAGS,)
    found = predict_outputs(native, ROWS, [TAGS])
    assert (found.labels, calls) == ([["x"], []], [2])
    assert found.probabilities is not None
    assert found.probabilities.tolist() == [[0.9, 0.1], [0.2, 0.3]]
    assert list(native.predict(ROWS)) == ["tags"]


def test_what_is_asked_is_named() -> None:
    error = refuse_outputs("Theta", "forecasts without spread", [TAGS, OutputSpec("n", "number")])
    assert error.message == (
        "Theta gives forecasts without spread, expected what [outputs] declares: 'tags' (labels),"
        " 'n' (number)"
    )
