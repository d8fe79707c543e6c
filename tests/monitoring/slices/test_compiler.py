"""Compiled rules give the same result for single rows as for whole columns."""

from __future__ import annotations

import ast
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.slices.clock import DatetimeUnit
from monitoring.slices.compiler import RuleCompiler
from monitoring.slices.grammar import parse
from monitoring.slices.slices import SliceSet

RULES = [
    "x > 1",
    "not (x > 1 or s == 'a')",
    "x == 1 and s != 'b'",
    "0 <= x < 2",
    "x in [0, 1] or s not in ['a']",
    "x * 2 - 1 > y / 2",
    "b",
    "not b and x >= y",
    "-x > 0",
]
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-2, 3).map(float),
        st.none() | st.integers(-2, 3).map(float),
        st.none() | st.sampled_from("ab"),
        st.none() | st.booleans(),
    ),
    min_size=1,
    max_size=8,
)
PLACES = {"x": 0, "y": 1, "s": 2, "b": 3}


def compiled(text: str, clocks: dict[str, DatetimeUnit] | None = None) -> Any:
    """The rule as a function of cells."""
    source = RuleCompiler(PLACES, clocks or {})
    condition, names, _ = parse(text)
    expression = source.holds(condition, names)
    return eval(f"lambda v0, v1, v2, v3: {expression}", source.scope)


@pytest.mark.slow
@pytest.mark.parametrize("text", RULES)
@given(rows=ROWS)
def test_a_rule_holds_for_a_row_as_for_its_column(text, rows):
    frame = pd.DataFrame(
        {
            "x": pd.Series([row[0] for row in rows], dtype="float64"),
            "y": pd.Series([row[1] for row in rows], dtype="float64"),
            "s": pd.Series([row[2] for row in rows], dtype="str"),
            "b": pd.Series([row[3] for row in rows], dtype="boolean"),
        }
    )
    holds = compiled(text)
    wanted = SliceSet({}, {"r": text}).masks(frame)["r"].tolist()
    assert [bool(holds(*row)) for row in rows] == wanted


def test_text_beside_a_time_is_a_time_of_its_unit():
    holds = compiled("x >= '1970-01-02'", {"x": DatetimeUnit("s", None)})
    assert not holds(86_399, None, None, None)
    assert holds(86_400, None, None, None)
    assert not holds(None, None, None, None)


def test_times_of_two_units_are_compared_as_timestamps():
    clocks = {"x": DatetimeUnit("s", None), "y": DatetimeUnit("ms", None)}
    holds = compiled("x == y", clocks)
    assert holds(1, 1000, None, None)
    assert not holds(1, 1001, None, None)
    assert not holds(None, 1000, None, None)


def test_a_column_that_is_absent_is_named():
    with pytest.raises(ValueError, match="slices: column 'gone' is absent"):
        compiled("gone > 1")


@given(st.text(max_size=10).filter(lambda text: "\0" not in text))
def test_no_text_of_a_rule_gets_into_the_source(text):
    source = RuleCompiler(PLACES, {})
    condition, names, _ = parse(f"s == {text!r}")
    expression = source.holds(condition, names)
    names_used = {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}
    assert names_used <= {"v2", *source.scope}
    assert not [
        node
        for node in ast.walk(ast.parse(expression))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
