"""Request parsing shared by adapters: an object, and errors of bounded length."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.http.limits import Budget
from serving.http.messages import RequestError
from serving.protocols.parsing import display, is_nan, json_object, malformed, quoted

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@given(JSON)
def test_a_value_is_shown_in_80_ascii_characters(value):
    text = display(value)
    assert text.isascii()
    assert len(text) <= 80
    if not text.endswith("..."):
        assert json.loads(text) == value


@pytest.mark.slow
@given(st.dictionaries(st.text(), JSON, max_size=3))
def test_an_object_is_read_as_it_was_written(document):
    assert json_object(json.dumps(document).encode(), Budget()) == document


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null"])
def test_anything_but_an_object_is_422(body):
    with pytest.raises(RequestError) as caught:
        json_object(body, Budget())
    assert (caught.value.status, caught.value.code) == (422, "malformed_request")
    assert caught.value.details["got"] == body.decode()


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
def test_what_is_no_json_is_400(body):
    with pytest.raises(RequestError) as caught:
        json_object(body, Budget())
    assert caught.value.status == 400


def test_nan_passes_as_clients_of_pandas_send_it():
    found = json_object(b'{"x": NaN}', Budget())
    assert is_nan(found["x"])
    assert not is_nan(1.0)
    assert not is_nan("nan")


def test_names_and_forms_are_reported_cut():
    assert len(quoted("x" * 500)) <= 82
    error = malformed("no", "an object", ["x" * 500])
    assert len(error.details["got"]) <= 80
