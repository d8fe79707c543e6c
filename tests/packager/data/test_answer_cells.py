"""Answers of each kind of output as cells of a table."""

from __future__ import annotations

from typing import Any

import pytest

from packager.data.answer_cells import answer_cells
from packager.manifest.outputs import Output


@pytest.mark.parametrize(
    ("output", "value", "expected"),
    [
        ({"kind": "number"}, 1.5, {"o": "1.5"}),
        ({"kind": "label"}, True, {"o": "true"}),
        ({"kind": "text"}, None, {"o": None}),
        (
            {"kind": "quantiles", "levels": (0.1, 0.9)},
            {"0.1": 1, "0.9": 2},
            {"o.0.1": 1, "o.0.9": 2},
        ),
        (
            {"kind": "quantiles", "levels": (0.1, 0.9), "shape": (2,)},
            {"0.1": [1, 2], "0.9": [3, None]},
            {"o.0.0.1": 1, "o.0.0.9": 3, "o.1.0.1": 2, "o.1.0.9": None},
        ),
        ({"kind": "numbers"}, [1.5, None], {"o.0": 1.5, "o.1": None}),
        ({"kind": "numbers"}, [[1, 2]], {"o": "[[1,2]]"}),
        ({"kind": "array"}, [1.5], {"o": "[1.5]"}),
        ({"kind": "labels"}, ["a", 1], {"o": '["a",1]'}),
        ({"kind": "json"}, {"b": [1]}, {"o": '{"b":[1]}'}),
    ],
)
def test_cells_of_each_kind(output: Any, value: Any, expected: dict[str, Any]) -> None:
    one = Output(name="o", **output)
    alone = answer_cells({"prediction": value}, (one,))
    assert {name.replace("prediction", "o", 1): cell for name, cell in alone.items()} == expected
    both = {"prediction": {"o": value, "n": 2.0}}
    assert answer_cells(both, (one, Output(name="n", kind="number"))) == {**expected, "n": "2.0"}


def test_probabilities_have_the_name_of_their_output_if_there_are_several() -> None:
    label = Output(name="y", kind="label")
    chances = {"a": 0.5, "b": None}
    alone = answer_cells({"prediction": "a", "probabilities": chances}, (label,))
    assert alone == {"prediction": "a", "probability a": 0.5, "probability b": None}
    answer = {"prediction": {"y": "a", "n": 1.0}, "probabilities": {"y": chances}}
    found = answer_cells(answer, (label, Output(name="n", kind="number")))
    assert list(found) == ["y", "n", "y.probability a", "y.probability b"]
