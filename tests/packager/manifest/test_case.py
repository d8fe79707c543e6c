"""Each kind of case takes its own keys."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from packager.manifest.case import Case

VALID: list[dict[str, Any]] = [
    {"kind": "golden", "rows": [{"a": 1, "y": 2.0}], "tolerance": 0.1},
    {"kind": "golden", "rows": "file:known.csv"},
    {"kind": "invariance", "change": {"a": "pad"}},
    {"kind": "directional", "change": {"a": "* 2"}, "expect": "increases", "share": 0.9},
    {"kind": "monotonic", "column": "a", "expect": "decreases", "points": 5},
    {"kind": "bounds", "expect": "between 0 and 1", "rows": "where:a < 2"},
    {"kind": "metamorphic", "call": "cases:scale"},
    {"kind": "minimum", "rows": "file:k.csv", "metric": "accuracy", "limit": 0.0},
]


@pytest.mark.parametrize("keys", VALID, ids=lambda keys: keys["kind"])
def test_a_case_survives_the_manifest(keys: dict[str, Any]) -> None:
    case = Case(name="a case", **keys)
    assert Case.model_validate_json(case.dump()) == case


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"kind": "directional", "change": {"a": 1}}, "expected `expect` for kind directional"),
        ({"kind": "invariance"}, "expected `change` for kind invariance, got none"),
        ({"kind": "bounds", "expect": "between 0 and 1", "points": 3}, "`points` is not for kind"),
        ({"kind": "bounds", "expect": "increases"}, "expected one of between, label for kind"),
        ({"kind": "monotonic", "column": "a", "expect": "same"}, "one of increases, decreases"),
        ({"kind": "golden"}, "expected `rows` for kind golden, got none"),
        ({"kind": "golden", "rows": "sample:5"}, "expected rows with their answers"),
        ({"kind": "golden", "rows": []}, "expected at least one row, got none"),
        (
            {"kind": "minimum", "rows": "sample:5", "metric": "mae", "limit": 1},
            "expected the labelled rows of file:PATH",
        ),
        ({"kind": "invariance", "change": {"a": "x"}}, "got 'x'"),
        (
            {"kind": "bounds", "expect": "label:a", "label": "b"},
            "expected one of `label` and the expectation label:",
        ),
    ],
)
def test_a_mistake_names_the_case(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Case(name="mine", **keys)
    text = str(refused.value.errors()[0]["ctx"]["error"])
    assert text.startswith("[[test.case]] 'mine': ")
    assert message in text


def test_a_share_is_above_0_and_a_call_names_a_function() -> None:
    for keys in ({"share": 0}, {"share": 1.5}, {"call": "cases"}, {"tolerance": -1}):
        with pytest.raises(ValidationError):
            Case(name="a", kind="metamorphic", **{"call": "cases:scale", **keys})


def test_the_columns_of_changes_are_named() -> None:
    case = Case(name="a", kind="invariance", change={"x": "swap:y", "z": 1})
    assert case.columns == ("x", "z", "y")
