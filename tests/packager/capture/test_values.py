"""A value is written as Python only if the text gives an equal value of the same types."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import fractions
import functools
import importlib
import logging
import math
import operator
import pathlib
import re
import uuid

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.capture.values import MAX_LITERAL, alias, written

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class Colour(enum.Enum):
    RED = 1


def again(value: object) -> object:
    """The value of the text that is written for ``value``, in a module of its own."""
    found = written(value)
    assert found is not None
    names = {alias(module): importlib.import_module(module) for module in found.modules}
    return eval(found.text, names)


@given(PLAIN)
def test_plain_values_come_back_equal(value: object) -> None:
    if written(value) is not None:
        assert again(value) == value


@pytest.mark.parametrize(
    "value",
    [
        *({1, 2}, frozenset({"a"}), set(), frozenset(), (1,), b"x", 1j, ..., math.inf),
        *(dt.datetime(2024, 1, 2, 3), dt.datetime(2024, 1, 2, tzinfo=dt.UTC)),
        *(dt.date(2024, 1, 2), dt.timedelta(days=1, seconds=2)),
        *(decimal.Decimal("1.10"), fractions.Fraction(1, 3), uuid.UUID(int=5)),
        *(re.compile("a+", re.I), pathlib.Path("a/b"), logging.getLogger("a.b")),
        *(np.float64(1.5), np.int32(3), pd.Timestamp("2024-01-02"), pd.Timedelta("1D")),
        {"limits": [np.float64(0.5), (1, 2)]},
    ],
)
def test_small_objects_come_back_equal_and_of_the_same_type(value: object) -> None:
    found = again(value)
    assert found == value
    assert type(found) is type(value)


def test_small_arrays_and_names_of_columns_come_back() -> None:
    for array in (np.arange(4.0).reshape(2, 2), np.array(["a", "bc"]), np.array([True])):
        found = again(array)
        assert isinstance(found, np.ndarray)
        assert found.dtype == array.dtype
        assert np.array_equal(found, array)
    columns = again(pd.DataFrame({"a": [1], "b": [2]}).columns)
    assert list(columns) == ["a", "b"]


def test_a_partial_function_and_a_member_name_what_the_session_defines() -> None:
    own = {id(Colour): "Colour"}
    assert written([Colour.RED], own) == written([Colour.RED], own)
    found = written([Colour.RED], own)
    assert found is not None
    assert (found.text, found.names) == ("[Colour.RED]", {"Colour"})
    assert again(functools.partial(operator.add, 2))(3) == 5


def test_special_floats_are_written_as_calls() -> None:
    assert math.isnan(again(math.nan))


@pytest.mark.parametrize(
    "value",
    [
        *(object(), [object()], lambda: 1, Colour.RED, pd.DataFrame({"a": [1]})),
        *(np.arange(MAX_LITERAL), np.array([object()])),
        pd.Index([object()]),
        dt.datetime(2024, 1, 2, tzinfo=__import__("zoneinfo").ZoneInfo("UTC")),
    ],
)
def test_other_objects_are_no_constants(value: object) -> None:
    assert written(value) is None


def test_what_is_long_or_deep_is_data() -> None:
    assert written("x" * MAX_LITERAL) is None
    deep: list[object] = []
    deep.append(deep)
    assert written(deep) is None


class Right(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


def test_several_flags_together_are_written_by_their_value() -> None:
    both = Right.READ | Right.WRITE
    found = written(both, {id(Right): "Right"})
    assert found is not None
    assert found.text == "Right(3)"
    assert eval(found.text, {"Right": Right}) == both
