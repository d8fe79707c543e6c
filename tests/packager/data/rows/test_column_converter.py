"""How the values of a column are judged by its training data, and the text of a refusal."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.rows.column_converter import ColumnConverter, RowError, short
from packager.manifest.manifest import Column

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def converter(kind: str = "number", dtype: str = "float64", *, strict: bool = False, **more):
    fields = {"name": "x", "kind": kind, "dtype": dtype, "nullable": True, **more}
    return ColumnConverter(Column.model_validate(fields), strict=strict)


RANGED = {"minimum": 1.0, "maximum": 9.0}


@pytest.mark.parametrize(
    ("value", "anomaly"),
    [(None, "missing"), (0.5, "below_range"), (9.5, "above_range"), (1, None), (9.0, None)],
)
def test_a_number_is_judged_by_the_range_of_training(value, anomaly):
    assert converter(**RANGED).judge(value) == anomaly


@pytest.mark.parametrize(("value", "anomaly"), [("a", None), ("c", "unseen"), (None, "missing")])
def test_a_text_is_judged_by_the_categories_of_training(value, anomaly):
    assert converter("string", "str", categories=("a", "b")).judge(value) == anomaly


def test_a_column_without_range_and_categories_has_only_nulls_to_flag():
    values = converter().anomalies([1e300, None, -1.0])
    assert list(values) == [(1, "missing")]


@given(st.floats(1.0, 9.0))
def test_a_value_of_the_range_is_never_flagged(value):
    assert converter(**RANGED).judge(value) is None


def test_a_time_is_judged_in_the_unit_of_its_range():
    told = converter("datetime", "datetime64[s]", minimum=1e18, maximum=2e18)
    assert told.judge(10**9) is None
    assert told.judge(10**9 - 1) == "below_range"
    assert told.expected("below_range") == "at least 2001-09-09T01:46:40, as in training"
    assert told.shown(10**9) == '"2001-09-09T01:46:40"'


def test_the_first_value_that_does_not_fit_is_named_by_its_row():
    with pytest.raises(RowError) as caught:
        converter().take([1, None, "2", "3"])
    assert (caught.value.row, caught.value.column, caught.value.got) == (2, "x", '"2"')
    assert caught.value.hint == "send a JSON number, without quotes"


def test_where_a_value_is_not_a_number_the_hint_says_what_to_send_for_unknown():
    for refuses, hint in (((), "send null where"), (("null",), "null is refused, too")):
        with pytest.raises(RowError) as caught:
            converter(refuses=refuses).take([math.nan])
        assert caught.value.hint.startswith(hint)


def test_beside_a_null_the_largest_integer_that_floats_lose_is_named():
    with pytest.raises(RowError) as caught:
        converter("integer", "int64").take([1, None, 2**53 + 1, 2**60 + 1])
    assert (caught.value.row, caught.value.got) == (3, str(2**60 + 1))


def test_an_extra_column_keeps_what_it_can_hold_and_loses_the_rest():
    assert converter("integer", "int64").take_any([1, "x", None, 2**53 + 1]) == [
        1,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("refuses", "fatal", "value", "barred"),
    [
        (("null",), (), None, True),
        (("unseen",), (), "c", False),
        (("unseen",), ("unseen",), "c", True),
        (("empty",), (), "", True),
        ((), (), None, False),
    ],
)
def test_the_model_is_queried_unless_the_build_saw_it_fail_for_sure(refuses, fatal, value, barred):
    told = converter("string", "str", categories=("a",), refuses=refuses, fatal=fatal)
    assert bool(told.barred([value])) == barred
    assert told.takes_null == ("null" not in refuses)


def test_an_empty_text_that_is_barred_is_reported_as_such():
    (error,) = converter("string", "str", refuses=("empty",)).barred(["a", "", ""])
    assert (error.row, error.expected) == (1, "text that is not empty")


def test_a_strict_model_refuses_nulls_only_where_training_had_none():
    rows = [{"x": None}]
    strict = converter(strict=True, nullable=False)
    assert [error.expected for error in strict.refusals([(0, "missing")], rows)] == [
        "a value, not null"
    ]
    assert not strict.takes_null
    assert not list(converter(strict=True).refusals([(0, "missing")], rows))


@given(JSON)
def test_a_shown_value_is_one_line_of_at_most_80_characters_that_utf8_holds(value):
    text = short(value)
    assert len(text) <= 80
    assert "\n" not in text
    text.encode()
    if not text.endswith("…"):
        json.loads(text)
