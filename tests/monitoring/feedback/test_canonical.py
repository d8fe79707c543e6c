from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.feedback.canonical import MAX_DEPTH, NO_ANSWER, canonical, digest

GOLDEN: list[tuple[Any, bytes, str]] = [
    (1, b"1.0", "d0ff5974b6aa52cf"),
    (True, b"true", "b5bea41b6c623f7c"),
    ("1", b'"1"', "391552c099c101b1"),
    (-0.0, b"0.0", "8aed642bf5118b9d"),
    (0.1, b"0.1", "14be4b45f18e0d8c"),
    (1e300, b"1e+300", "2b0de494c41db4c1"),
    (2**53 + 1, b"9007199254740992.0", "0ad10bbdda8db207"),
    ([], b"[]", "4f53cda18c2baa0c"),
    (
        {"b": [1, None], "a": {"é": "ü"}},
        b'{"a":{"\\u00e9":"\\u00fc"},"b":[1.0,null]}',
        "5c0388f0bb2544b9",
    ),
    ("\ud800", b'"\\ud800"', "8c0c59dd0d275aad"),
    ("😀", b'"\\ud83d\\ude00"', "e30439cb87e140c0"),
]


@pytest.mark.parametrize(("answer", "text", "digits"), GOLDEN)
def test_golden_vectors(answer: Any, text: bytes, digits: str) -> None:
    assert canonical(answer) == text
    assert digest(answer).hex() == digits


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (0, -0.0),
        ([1, 2], (1.0, 2.0)),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1.0}),
        ([float("nan")], [None]),
        ([float("inf")], [None]),
        ([10**400], [None]),
    ],
)
def test_the_same_json_has_the_same_digest(one: Any, other: Any) -> None:
    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (0, False),
        (1, "1"),
        ([], {}),
        ([1, 2], [2, 1]),
        ("é", "e\u0301"),
        ("a", "a "),
        ({"a": None}, {}),
        (0.1, 0.1 + 2**-55),
    ],
)
def test_another_answer_has_another_digest(one: Any, other: Any) -> None:
    assert digest(one) != digest(other)


def test_null_and_what_is_no_json_have_no_digest() -> None:
    deep: Any = 0
    for _ in range(MAX_DEPTH + 1):
        deep = [deep]
    for answer in (None, deep, {1: 2}, b"a", {"a": object()}):
        assert digest(answer) == NO_ANSWER
    assert digest(deep[0]) != NO_ANSWER


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON)
def test_an_answer_keeps_its_digest_on_its_way_to_a_client_and_back(answer: Any) -> None:
    back = json.loads(canonical(answer))
    assert canonical(back) == canonical(answer)
    if answer is not None:
        assert digest(json.loads(json.dumps(answer))) == digest(answer) != NO_ANSWER
