"""Keys as a browser sends them, and forms of other sites."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.http.messages import RequestError
from serving.try_page.origin import bearer_of, check_origin


@given(st.binary(max_size=30))
def test_the_password_is_the_key(key: bytes) -> None:
    for user in (b"", b"somebody"):
        header = b"Basic " + base64.b64encode(user + b":" + key)
        assert bearer_of(header) == b"Bearer " + key


@given(st.binary(max_size=40))
def test_any_header_is_read(header: bytes) -> None:
    found = bearer_of(b"basic " + header)
    assert found is None or found.startswith(b"Bearer ")


def test_other_headers_stay() -> None:
    assert bearer_of(None) is None
    assert bearer_of(b"Bearer key") == b"Bearer key"
    assert bearer_of(b"Basic ?") is None


@pytest.mark.parametrize(
    "headers",
    [
        {b"sec-fetch-site": b"cross-site"},
        {b"sec-fetch-site": b"same-site"},
        {b"sec-fetch-site": b""},
        {b"origin": b"null", b"host": b"null"},
        {b"origin": b"http://other", b"host": b"model"},
        {b"origin": b"http://model:81", b"host": b"model"},
        {b"origin": b"http://[", b"host": b"model"},
        {b"origin": b"http://model"},
    ],
)
def test_a_form_of_another_site_is_refused(headers: dict[bytes, bytes]) -> None:
    with pytest.raises(RequestError) as caught:
        check_origin(headers)
    assert (caught.value.status, caught.value.code) == (403, "foreign_form")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"sec-fetch-site": b"same-origin", b"origin": b"https://model", b"host": b"inside"},
        {b"sec-fetch-site": b"none"},
        {b"origin": b"https://Model:8443", b"host": b"model:8443"},
    ],
)
def test_the_own_page_and_programs_are_taken(headers: dict[bytes, bytes]) -> None:
    check_origin(headers)
