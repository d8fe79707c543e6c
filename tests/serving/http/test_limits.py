"""Bounds of one request, checked on its bytes before they are parsed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.http.limits import (
    MAX_ESCAPES,
    MAX_NAMES,
    MAX_SMALL_BYTES,
    MAX_WIDE_BYTES,
    Budget,
    LimitExceededError,
    count,
    csv_values,
    json_values,
)
from serving.http.limits import is_small as small

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


def leaves(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(leaves, value.values()))
    return sum(map(leaves, value)) if isinstance(value, list) else 1


@given(st.binary(max_size=60), st.sampled_from([1, 100, 40_000]))
def test_a_character_is_counted_in_bodies_of_any_size(part: bytes, times: int) -> None:
    body = part * times
    for character in (b",", b"{", part[:1] or b"x"):
        assert count(body, character) == body.count(character)


@pytest.mark.slow
@given(VALUES)
def test_json_has_no_more_values_than_are_counted(value: Any) -> None:
    assert leaves(value) <= json_values(json.dumps(value).encode()) + 1


@pytest.mark.slow
@given(st.lists(st.lists(st.sampled_from(["a", "", "1,5"]), min_size=1), min_size=1))
def test_csv_has_no_more_cells_than_are_counted(lines: list[list[str]]) -> None:
    body = "\n".join(",".join(f'"{cell}"' for cell in line) for line in lines)
    assert sum(map(len, lines)) <= csv_values(body.encode()) + 1


def test_more_values_than_the_budget_are_refused_by_number() -> None:
    Budget(values=20).check_json(b"[" + b"1," * 10 + b"1]")
    with pytest.raises(LimitExceededError) as caught:
        Budget(values=20).check_json(b"[" + b"[]," * 20 + b"1]")
    assert str(caught.value) == "the request has about 41 values"
    assert caught.value.expected == "at most 20 values: send fewer rows a request"
    with pytest.raises(LimitExceededError, match="about 100 values"):
        Budget(values=99).check_csv(b"," * 100)
    with pytest.raises(LimitExceededError, match="about 500 values"):
        Budget(values=99).check_csv(b"\r" * 100)
    with pytest.raises(LimitExceededError, match="about 150 values"):
        Budget(values=99).check_csv(b"\n" * 30)
    with pytest.raises(LimitExceededError, match="about 120 values"):
        Budget(values=99).check_json(b"{" * 60)


@pytest.mark.parametrize("colon", [b'":', b'" :', b'"\t\n:'])
def test_an_object_of_too_many_names_is_refused(colon: bytes) -> None:
    names = b",".join(b'"%x%s1' % (place, colon) for place in range(MAX_NAMES + 1))
    with pytest.raises(LimitExceededError, match="too many names"):
        Budget().check_json(b'{"rows":[{"a":1},{%s}]}' % names)


def test_names_of_many_objects_and_colons_in_text_are_no_names_of_one() -> None:
    Budget().check_json(b"[" + b'{"a":1,"b":2},' * MAX_NAMES + b"{}]")
    Budget().check_json(b'{"a":' * 2 * MAX_NAMES)
    Budget().check_json(b'["' + b"12:30:00, " * MAX_NAMES + b'"]')


def test_rows_count_with_their_probabilities() -> None:
    Budget(values=1_000).check_rows(100, 2)
    with pytest.raises(LimitExceededError) as caught:
        Budget(values=1_000).check_rows(101, 2)
    assert str(caught.value) == "the request has 101 rows"
    assert caught.value.expected == "at most 100 rows a request"


def test_an_answer_has_a_bound_in_bytes() -> None:
    Budget(answer_bytes=10).check_answer(10)
    with pytest.raises(LimitExceededError, match="the answer would have about 11 bytes"):
        Budget(answer_bytes=10).check_answer(11)


def test_small_is_what_takes_a_few_milliseconds() -> None:
    assert small(b"," * MAX_SMALL_BYTES)
    assert small(b"a" * 60_000)
    assert not small(b"a" * 70_000)
    assert not small(b"," * 60_000)
    assert not small(b"\r" * 60_000)
    assert not small(b"{" * 60_000)


def test_wide_characters_and_escapes_have_bounds_of_their_own() -> None:
    wide, plain = "\U0001f600".encode(), "\uffff".encode()
    Budget().check_json(b"a" * (MAX_WIDE_BYTES - 4) + wide)
    Budget().check_json(b"a" * MAX_WIDE_BYTES + plain)
    for check in (Budget().check_json, Budget().check_csv):
        with pytest.raises(LimitExceededError, match=r"characters beyond U\+FFFF"):
            check(b"a" * MAX_WIDE_BYTES + wide)
    Budget().check_json(b"\\" * MAX_ESCAPES + b"a")
    with pytest.raises(LimitExceededError, match="too many escapes"):
        Budget().check_json(b"\\" * (MAX_ESCAPES + 1))
