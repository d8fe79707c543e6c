"""Large bodies are parsed to json's own values, and other threads run meanwhile."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.http import json_bodies
from serving.http.json_bodies import is_heavy, load_json
from serving.http.limits import Budget
from serving.http.messages import RequestError, read_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.slow
@given(VALUES)
def test_both_parsers_read_the_same(value: Any) -> None:
    text = json.dumps(value)
    patient = json_bodies._YIELDING.decode(text)
    assert json.dumps(patient) == text
    assert repr(patient) == repr(json.loads(text))


@pytest.mark.parametrize("text", ["[1,]", '{"a":1,"a":2}', "[1] 2", "\ufeff[]", "nul", "9" * 5_000])
def test_both_parsers_refuse_the_same(text: str) -> None:
    def outcome(parse: Any) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            return type(error)

    by_json = outcome(json.loads)
    patient = outcome(json_bodies._YIELDING.decode)
    assert patient == by_json or (
        issubclass(patient, ValueError) and issubclass(by_json, ValueError)
    )


def test_many_bytes_or_values_are_heavy() -> None:
    assert not is_heavy(b"1," * 1_000)
    assert is_heavy(b"1," * (json_bodies.MIN_HEAVY_VALUES + 1))
    assert is_heavy(b" " * (json_bodies.MIN_HEAVY_BYTES + 1))


def test_a_heavy_body_has_turns_for_other_threads() -> None:
    body = b"[" + b'{"a":1},' * 60_000 + b"1.5]"
    calls = 0

    def counted(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    def parse() -> None:
        sys.setprofile(counted)
        load_json(body, heavy=is_heavy(body))
        sys.setprofile(None)

    thread = threading.Thread(target=parse)
    thread.start()
    thread.join()
    assert calls > 60_000


def test_beyond_the_budget_nothing_is_parsed() -> None:
    with pytest.raises(RequestError, match="about 31 values") as told:
        read_json(b"[" + b"!," * 30, Budget(values=20))
    assert told.value.status == 413
