"""Targets of other forms than their outputs need are refused before a training."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from packager.errors import UsageError
from packager.manifest.outputs import Output
from packager.worker.train.output_targets import check_targets

FRAME = pd.DataFrame(
    {
        "flag": [True, False],
        "bit": [0, 1],
        "count": [0, 2],
        "below": [-1.0, 2.0],
        "word": ["yes", "no"],
        "doc": ["[1]", '"a"'],
        "tags": [["a"], []],
    }
)


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "label", "target": ("word",)},
        {"kind": "number", "target": ("below",)},
        {"kind": "score", "target": ("flag",)},
        {"kind": "labels", "target": ("flag", "bit")},
        {"kind": "labels", "target": ("tags",)},
        {"kind": "numbers", "target": ("count", "below")},
        {"kind": "numbers", "target": ("count",), "event": "bit", "times": (1.0,)},
        {"kind": "json", "target": ("doc",)},
        {"kind": "text", "target": ("word",)},
        {"kind": "array"},
    ],
)
def test_fitting_targets_are_taken(more: Any) -> None:
    check_targets(FRAME, [Output(name="y", **more)])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"kind": "number", "target": ("word",)}, "expected numbers in 'word'"),
        ({"kind": "quantiles", "target": ("tags",)}, "expected numbers in 'tags'"),
        ({"kind": "labels", "target": ("bit", "count")}, "expected 0 and 1, or booleans in 'cou"),
        ({"kind": "labels", "target": ("bit", "word")}, "expected 0 and 1, or booleans in 'word'"),
        ({"kind": "labels", "target": ("word",)}, "expected a list or an array in each row in"),
        ({"kind": "numbers", "target": ("count",)}, "expected a list or an array in each row"),
        ({"kind": "text", "target": ("count",)}, "expected text in 'count'"),
        ({"kind": "json", "target": ("word",)}, "expected JSON in 'word'"),
        (
            {"kind": "score", "target": ("below",), "group": "word", "k": 3},
            "expected relevances of 0 or more in 'below', got -1",
        ),
        (
            {"kind": "score", "target": ("below",), "event": "bit"},
            "expected times of 0 or more in 'below', got -1",
        ),
        (
            {"kind": "score", "target": ("count",), "event": "word"},
            "expected booleans or 0 and 1 in 'word'",
        ),
    ],
)
def test_other_targets_are_refused_by_output_and_column(more: Any, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_targets(FRAME, [Output(name="y", **more)])
    assert message in refused.value.message
