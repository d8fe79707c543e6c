from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from served_answers import output

from monitoring.profile.answers import answer_columns, values_of

CASES: list[tuple[Any, Any, dict[str, Any]]] = [
    (output("p", "number"), 2, {"__prediction__.p": 2.0}),
    (output("p", "score"), 0.5, {"__prediction__.p": 0.5}),
    (output("p", "label", (True, False)), True, {"__prediction__.p": "true"}),
    (
        output("p", "labels", ("b", "a")),
        ["b", "a"],
        {"__prediction__.p": "a, b", "__prediction__.p.count": 2},
    ),
    (
        output("p", "labels", ("b", "a")),
        [],
        {"__prediction__.p": "none", "__prediction__.p.count": 0},
    ),
    (
        output("p", "numbers", size=2),
        [3.0, 4.0],
        {
            "__prediction__.p.nearest": [3.0, 4.0],
            "__prediction__.p.norm": 5.0,
            "__prediction__.p.mean": 3.5,
        },
    ),
    (
        output("p", "quantiles", levels=(0.1, 0.5, 0.9)),
        {"0.1": 1.0, "0.5": 2.0, "0.9": 4.0},
        {"__prediction__.p": 2.0, "__prediction__.p.width": 3.0},
    ),
    (
        output("p", "quantiles", levels=(0.1, 0.9), size=2),
        {"0.1": [1.0, 2.0], "0.9": [4.0, 3.0]},
        {"__prediction__.p": 3.5, "__prediction__.p.width": 2.0},
    ),
    (output("p", "text"), "four", {"__prediction__.p.length": 4}),
    (output("p", "json"), {"a": 1}, {"__prediction__.p.length": 8}),
]


@pytest.mark.parametrize(("one", "answer", "expected"), CASES)
def test_what_is_watched_of_an_answer(one: Any, answer: Any, expected: dict[str, Any]) -> None:
    other = output("other", "number")
    for outputs, given in (([one], answer), ([one, other], {"p": answer, "other": None})):
        columns = [column for column in answer_columns(outputs) if column.output == "p"]
        found = values_of(columns, outputs, [given, None])
        values = {c.name: v[0] for c, v in zip(columns, found, strict=True)}
        arrays = {n: v.tolist() for n, v in values.items() if isinstance(v, np.ndarray)}
        assert {**values, **arrays} == expected
        assert all(values[1] is None for values in found)
