from __future__ import annotations

import pytest

from serving.http.cors import EXPOSED_HEADERS, PREFLIGHT, CorsPolicy

SHOP = b"https://shop.example"
EXPOSED = (b"access-control-expose-headers", EXPOSED_HEADERS)
VARY = (b"vary", b"Origin")
ASKED = {b"origin": SHOP, b"access-control-request-method": b"POST"}


def test_any_origin_may_read_and_caches_need_not_vary():
    found = [(b"access-control-allow-origin", b"*"), EXPOSED]
    policy = CorsPolicy(["*"])
    assert policy.headers(SHOP) == policy.headers(None) == policy.headers(b"null") == found


def test_a_listed_origin_may_read_and_others_not():
    policy = CorsPolicy([SHOP.decode(), "https://b.example"])
    assert policy.headers(SHOP) == [VARY, (b"access-control-allow-origin", SHOP), EXPOSED]
    for origin in (None, b"", b"null", b"https://shop.example.evil", b"http://shop.example", b"*"):
        assert policy.headers(origin) == [VARY], origin


@pytest.mark.parametrize("origins", [["*"], [SHOP.decode()]])
def test_a_preflight_of_an_allowed_page_is_answered(origins: list[str]):
    found = CorsPolicy(origins).preflight("OPTIONS", ASKED)
    assert found is not None
    assert (found.status, found.body, found.headers) == (204, b"", PREFLIGHT)
    for header in ("authorization", "content-type", "content-encoding"):
        assert header in found.headers["Access-Control-Allow-Headers"].split(", ")


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", ASKED),
        ("OPTIONS", {b"origin": SHOP}),
        ("OPTIONS", {b"access-control-request-method": b"POST"}),
        ("OPTIONS", {**ASKED, b"origin": b"https://other.example"}),
    ],
)
def test_other_requests_are_no_preflight(method: str, headers: dict[bytes, bytes]):
    assert CorsPolicy([SHOP.decode()]).preflight(method, headers) is None


def test_credentials_are_never_allowed():
    answers = [*CorsPolicy(["*"]).headers(SHOP), *CorsPolicy([SHOP.decode()]).headers(SHOP)]
    assert not [name for name, _ in answers if b"credentials" in name]
    assert not [name for name in PREFLIGHT if "Credentials" in name]
