"""Compressed bodies: decoded in pieces of a bounded size, or refused with a reason."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from serving.http.decoding import (
    CODINGS,
    MAX_MEMBERS,
    PIECE_BYTES,
    Decoder,
    content_coding,
    decoded_headers,
)
from serving.http.messages import RequestError


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


ENCODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without its wrapper": ("deflate", raw_deflate),
    "zstd": ("zstd", zstd.compress),
}


def decoded(coding: str, *chunks: bytes) -> bytes:
    decoder, pieces = Decoder(coding), []
    for chunk in chunks:
        decoder.feed(chunk)
        while piece := decoder.piece():
            assert len(piece) <= PIECE_BYTES
            pieces.append(piece)
    decoder.finish()
    return b"".join(pieces)


def refused(coding: str, *chunks: bytes) -> RequestError:
    with pytest.raises(RequestError) as caught:
        decoded(coding, *chunks)
    return caught.value


@given(
    st.binary(max_size=300) | st.integers(1, 5).map(lambda n: b"row" * n * 40_000),
    st.integers(1, 50),
    st.sampled_from([*ENCODERS]),
)
def test_a_body_in_chunks_of_any_size_is_what_was_encoded(body: bytes, size: int, name: str):
    coding, encode = ENCODERS[name]
    packed = encode(body)
    chunks = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert decoded(coding, *chunks, b"") == body


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_several_members_follow_each_other(coding: str):
    encode = ENCODERS[coding][1]
    assert decoded(coding, encode(b"one, ") + encode(b"") + encode(b"two")) == b"one, two"


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_many_empty_members_are_413(coding: str):
    found = refused(coding, ENCODERS[coding][1](b"") * (MAX_MEMBERS + 1))
    assert (found.status, found.code) == (413, "too_large")
    assert found.message == f"the body has more than {MAX_MEMBERS} members"


@pytest.mark.parametrize("name", [*ENCODERS])
def test_what_ends_too_early_is_400_wherever_it_is_cut(name: str):
    coding, encode = ENCODERS[name]
    packed = encode(b'{"rows": []}')
    for end in range(len(packed)):
        found = refused(coding, packed[:end])
        assert (found.status, found.code) == (400, "unreadable_encoding"), end
        assert found.message == f"the body is not {coding}: it ends too early"


@pytest.mark.parametrize("name", [*ENCODERS])
def test_what_follows_the_end_is_400(name: str):
    coding, encode = ENCODERS[name]
    for rest in (b"xx and more", b"\n" * 9):
        found = refused(coding, encode(b"body") + rest)
        assert (found.status, found.code) == (400, "unreadable_encoding")
        assert found.message == f"the body is not {coding}: other data follow its end"


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("body", [b'{"rows": []}', b"\xff" * 40])
def test_another_format_is_400(coding: str, body: bytes):
    found = refused(coding, body)
    assert (found.status, found.code) == (400, "unreadable_encoding")


def test_a_wrong_checksum_is_400():
    packed = bytearray(gzip.compress(b"body"))
    packed[-6] ^= 1
    assert refused("gzip", bytes(packed)).message == "the body is not gzip: it is damaged"


def test_a_window_of_zstd_is_bounded():
    options = {zstd.CompressionParameter.window_log: 27}
    packer = zstd.ZstdCompressor(options=options)
    packed = packer.compress(b"row" * 100_000) + packer.flush()
    assert refused("zstd", packed).message == "the body is not zstd: it is damaged"


@pytest.mark.parametrize("name", [*ENCODERS])
def test_a_bomb_needs_little_memory_until_somebody_stops(name: str):
    coding, encode = ENCODERS[name]
    decoder = Decoder(coding)
    decoder.feed(encode(b"0" * 8_000_000))
    tracemalloc.start()
    size = sum(len(decoder.piece()) for _ in range(20))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0 < size <= 20 * PIECE_BYTES
    assert peak < 4 * PIECE_BYTES


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (None, None),
        (b"", None),
        (b" Identity ", None),
        (b"identity, gzip", "gzip"),
        (b" GZip ", "gzip"),
        (b"x-gzip", "gzip"),
        (b"deflate", "deflate"),
        (b"zstd", "zstd"),
    ],
)
def test_the_coding_of_a_header(header: bytes | None, coding: str | None):
    assert content_coding(header) == coding


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"br", "the body has an unknown encoding"),
        (b"gzip, zstd", "the body is encoded more than once"),
        (b"gzip,gzip", "the body is encoded more than once"),
        (b"gzip," * 10_000, "the body is encoded more than once"),
        (b"x" * 10_000, "the body has an unknown encoding"),
        (b"gzip;q=1", "the body has an unknown encoding"),
        (b"\xff", "the body has an unknown encoding"),
    ],
)
def test_other_codings_are_415_and_named(header: bytes, message: str):
    with pytest.raises(RequestError) as caught:
        content_coding(header)
    found = caught.value
    assert (found.status, found.code, found.message) == (415, "unsupported_encoding", message)
    assert found.headers == {"Accept-Encoding": "gzip, deflate, zstd"}
    assert found.details["expected"] == "one of gzip, deflate, zstd, or no Content-Encoding"


def test_a_decoded_body_has_no_coding():
    headers = {b"content-encoding": b"gzip", b"content-type": b"application/json"}
    assert decoded_headers(headers) == {b"content-type": b"application/json"}
