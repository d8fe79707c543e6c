"""Scores of rows, which two packages with outputs are compared by."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from packager.errors import PackageError, UsageError
from packager.manifest.outputs import Output
from packager.run.output_scores import check_compared, output_scores

FRAME = pd.DataFrame(
    {"a": [1, 0], "b": [1, 1], "price": [1.0, 4.0], "text": ["red fox", "no"], "doc": ["[1]", "2"]}
)


@pytest.mark.parametrize(
    ("more", "given", "expected"),
    [
        ({"kind": "label", "target": ("a",)}, [1, 1], [1, 0]),
        ({"kind": "number", "target": ("price",)}, [2.0, 2.0], [-1, -2]),
        ({"kind": "labels", "target": ("a", "b")}, [["a"], ["b"]], [0.5, 1]),
        ({"kind": "numbers", "target": ("a", "b")}, [[1, 2], [0, 1]], [-0.5, 0]),
        (
            {"kind": "quantiles", "target": ("price",), "levels": (0.5,)},
            [{"0.5": 2.0}, {"0.5": 2.0}],
            [-0.5, -1],
        ),
        ({"kind": "text", "target": ("text",)}, ["red", "no"], [2 / 3, 1]),
        ({"kind": "json", "target": ("doc",)}, [[1], 3], [1, 0]),
    ],
)
def test_a_higher_score_is_better(more: Any, given: list[Any], expected: list[float]) -> None:
    answers = [{"prediction": one} for one in given]
    found = output_scores(answers, FRAME, Output(name="y", **more))
    assert found.tolist() == pytest.approx(expected)


def test_a_row_without_an_answer_is_refused() -> None:
    output = Output(name="y", kind="number", target=("price",))
    with pytest.raises(PackageError, match="expected an answer for every row"):
        output_scores([{"prediction": None}, {"prediction": 1.0}], FRAME, output)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (
            [Output(name="a", kind="label"), Output(name="b", kind="number")],
            "--data: expected packages with one output, got a (label), b (number)",
        ),
        (
            [Output(name="a", kind="score", target=("y",))],
            "--data: expected an output with a score of each row, got a (score)",
        ),
        (
            [Output(name="a", kind="number", target=("y",), group="q", k=5)],
            "--data: expected an output with a score of each row, got a (number) with group",
        ),
    ],
)
def test_what_has_no_score_of_a_row_is_refused_by_name(outputs, message) -> None:
    with pytest.raises(UsageError) as refused:
        check_compared(outputs)
    assert refused.value.message == message
