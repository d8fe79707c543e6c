"""Compression of answers, by what clients accept."""

from __future__ import annotations

import asyncio
import gzip
import threading

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from serving.http import encoding
from serving.http.encoding import (
    MAX_INLINE_BYTES,
    MIN_BYTES,
    VARY,
    accepted_coding,
    coding_for,
    compressed,
    encoded,
    encoded_aside,
)
from serving.http.messages import Response

UNPACK = {"gzip": gzip.decompress, "zstd": zstd.decompress}
LARGE = Response(200, b'{"prediction":1}' * MIN_BYTES)


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (None, None),
        (b"", None),
        (b"gzip", "gzip"),
        (b"gzip, deflate, br, zstd", "zstd"),
        (b"gzip, deflate", "gzip"),
        (b"GZIP", "gzip"),
        (b"x-gzip", "gzip"),
        (b"zstd;q=0.5, gzip;q=0.8", "gzip"),
        (b"zstd;q=0.5,gzip ; q=0.5", "zstd"),
        (b"gzip;q=0", None),
        (b"gzip;q=0.000, zstd", "zstd"),
        (b"*", "zstd"),
        (b"*, zstd;q=0", "gzip"),
        (b"*;q=0", None),
        (b"br, *;q=0.1", "zstd"),
        (b"identity", None),
        (b"identity, gzip;q=0.5", None),
        (b"identity;q=0.5, gzip;q=0.5", "gzip"),
        (b"identity;q=0, gzip", "gzip"),
        (b"br, deflate", None),
        (b"gzip;q=x", None),
        (b"gzip;q=nan", None),
        (b"gzip;q=7", None),
        (b"gzip;level=1", None),
        (b"gzip" + b", br" * 1_000, None),
    ],
)
def test_the_coding_that_is_most_welcome(header: bytes | None, coding: str | None):
    assert accepted_coding(header) == coding


@given(st.binary(max_size=60))
def test_any_header_is_read(header: bytes):
    assert accepted_coding(header) in (None, "gzip", "zstd")


@given(st.binary(max_size=5_000), st.sampled_from(["gzip", "zstd"]), st.booleans())
def test_what_is_compressed_is_the_answer(body: bytes, coding: encoding.Coding, fixed: bool):
    packed = compressed(body, coding, fixed=fixed)
    assert UNPACK[coding](packed) == body
    assert packed == compressed(body, coding, fixed=fixed)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_compressed_answer_says_so_and_that_it_varies(coding: encoding.Coding):
    found = encoded(LARGE, coding)
    assert found.headers == {**VARY, "Content-Encoding": coding}
    assert UNPACK[coding](found.body) == LARGE.body
    assert LARGE.headers == {}


def test_a_plain_answer_that_others_get_compressed_varies_too():
    assert encoded(LARGE, None).headers == VARY
    assert encoded(LARGE, None).body == LARGE.body


def test_a_tiny_answer_is_left_as_it_is():
    tiny = Response(200, b"x" * (MIN_BYTES - 1))
    assert coding_for({b"accept-encoding": b"gzip"}, tiny) is None
    assert encoded(tiny, None) is tiny
    assert coding_for({b"accept-encoding": b"gzip"}, Response(200, b"x" * MIN_BYTES)) == "gzip"


def test_what_does_not_become_smaller_is_left_as_it_is():
    noise = Response(200, bytes(range(256)) * 8)
    assert encoded(noise, "gzip").headers["Content-Encoding"] == "gzip"
    packed = Response(200, gzip.compress(bytes(hash((n, "x")) % 251 for n in range(4_000))))
    found = encoded(packed, "gzip")
    assert (found.body, found.headers) == (packed.body, VARY)


def test_an_answer_is_compressed_once():
    once = encoded(LARGE, "gzip")
    assert coding_for({b"accept-encoding": b"gzip"}, once) is None
    assert encoded(once, None) is once


@pytest.mark.parametrize("size", [MAX_INLINE_BYTES, MAX_INLINE_BYTES + 1])
def test_a_large_answer_is_compressed_in_a_thread(size: int, monkeypatch: pytest.MonkeyPatch):
    threads = []

    def noted(response: Response, coding: encoding.Coding | None) -> Response:
        threads.append(threading.current_thread() is threading.main_thread())
        return encoded(response, coding)

    monkeypatch.setattr(encoding, "encoded", noted)
    answer = Response(200, b"x" * size)
    for header in (b"gzip", b"identity"):
        asyncio.run(encoded_aside({b"accept-encoding": header}, answer))
    assert threads == [size == MAX_INLINE_BYTES, True]
