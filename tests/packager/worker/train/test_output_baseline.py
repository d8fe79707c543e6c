"""Constant answers of each kind of output."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from packager.manifest.outputs import Output
from packager.model.predictions import Predictions
from packager.worker.train.output_baseline import baseline_rows
from packager.worker.train.output_rows import scored_rows


def constant(output: Output, train: dict[str, Any]) -> Any:
    training = pd.DataFrame(train)
    rows = scored_rows(training, output, Predictions([None] * len(training), None), ())
    found = baseline_rows(training, training, output, rows)
    assert found is not None
    assert len(found.answers) == len(training)
    return found.answers[0]


@pytest.mark.parametrize(
    ("more", "train", "expected"),
    [
        ({"kind": "label"}, {"y": ["b", "a", "a"]}, "a"),
        ({"kind": "number"}, {"y": [1.0, 2.0, 6.0]}, 3.0),
        ({"kind": "labels", "target": ("a", "b")}, {"a": [1, 1, 0], "b": [0, 0, 1]}, ["a"]),
        ({"kind": "numbers", "target": ("a", "b")}, {"a": [1, 3], "b": [0, 4]}, [2.0, 2.0]),
        (
            {"kind": "quantiles", "levels": (0.25, 0.5)},
            {"y": [0.0, 1.0, 2.0, 3.0, 4.0]},
            {"0.25": 1.0, "0.5": 2.0},
        ),
        (
            {"kind": "quantiles", "levels": (0.5,), "shape": (2,), "target": ("a", "b")},
            {"a": [1, 3, 5], "b": [0, 4, 4]},
            {"0.5": [3.0, 4.0]},
        ),
        ({"kind": "score"}, {"y": [True, False]}, 0.0),
        ({"kind": "text"}, {"y": ["no", "yes", "yes"]}, "yes"),
        ({"kind": "json"}, {"y": ['{"a": 1}', '{"a": 1.5}', '{"a": 1.5}']}, {"a": 1.5}),
        ({"kind": "json", "top": 2}, {"y": ["[1, 2]", "[3, 2]", "[3]"]}, [2, 3]),
        ({"kind": "json", "spans": True}, {"y": ['[[0, 1, "P"]]']}, []),
        (
            {"kind": "numbers", "event": "seen", "times": (1.0, 3.0)},
            {"y": [2.0, 4.0], "seen": [True, True]},
            [1.0, 0.5],
        ),
    ],
)
def test_the_constant_answer(more: dict[str, Any], train: dict[str, Any], expected: Any) -> None:
    assert constant(Output(**{"name": "y", "target": ("y",), **more}), train) == expected


def test_without_a_target_there_is_none() -> None:
    output = Output(name="y", kind="score")
    frame = pd.DataFrame({"x": [1.0]})
    rows = scored_rows(frame, output, Predictions([1.0], None), ())
    assert baseline_rows(frame, frame, output, rows) is None
