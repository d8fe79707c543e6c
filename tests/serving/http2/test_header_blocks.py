"""Header blocks are those of hpack, decoded once while the tables stay as they are."""

from __future__ import annotations

import pytest
from hpack import Decoder, Encoder
from hypothesis import given
from hypothesis import strategies as st

from serving.http2 import header_blocks
from serving.http2.frames import Code, ConnectionFailedError
from serving.http2.header_blocks import HeaderReader, changes_tables, literal

NAMES = st.sampled_from(["te", "grpc-timeout", "x", ":path", "authorization", "content-length"])
FIELDS = st.lists(st.tuples(NAMES, st.text("ab1", max_size=40)), max_size=6)


@given(st.lists(FIELDS, max_size=12), st.booleans())
def test_blocks_are_read_as_hpack_reads_them(blocks: list, huffman: bool) -> None:
    encoder, reader, other = Encoder(), HeaderReader(), Decoder()
    for block in blocks:
        encoded = encoder.encode(block, huffman=huffman)
        expected: dict[bytes, bytes] = {}
        for name, value in other.decode(encoded, raw=True):
            expected[name] = expected[name] + b"," + value if name in expected else value
        assert reader.read(encoded) == expected


@given(FIELDS)
def test_a_block_that_changes_no_table_is_known(fields: list) -> None:
    encoder = Encoder()
    encoder.encode(fields)
    again = encoder.encode(fields)
    known = {(name, value) for name, value in fields}
    if len(known) == len(fields):
        assert not changes_tables(again)
    secret = Encoder().encode([(name, value, True) for name, value in fields])
    assert not changes_tables(secret), "fields that are never indexed"


def test_a_known_block_isn_t_decoded_again_until_the_tables_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder, reader = Encoder(), HeaderReader()
    first = [("x", "1"), ("y", "2")]
    reader.read(encoder.encode(first))
    block = encoder.encode(first)
    assert reader.read(block) is reader.read(block)
    reader.read(encoder.encode([("z", "3")]))
    assert reader.read(encoder.encode(first)) == {b"x": b"1", b"y": b"2"}
    stale = reader.read(block)  # the same bytes mean other entries now
    assert stale == {b"y": b"2", b"z": b"3"}


@pytest.mark.parametrize("block", [b"\xff\xff\xff\xff\x7f", b"\x00\x7f", b"\x80", b"\x40\x01a\x7f"])
def test_an_invalid_block_ends_the_connection(block: bytes) -> None:
    with pytest.raises(ConnectionFailedError) as caught:
        HeaderReader().read(block)
    assert caught.value.code == Code.COMPRESSION_ERROR


def test_fields_beyond_the_bound_are_refused() -> None:
    encoder = Encoder()
    fields = [("x", "a" * 4_000)] * 20
    with pytest.raises(ConnectionFailedError):
        HeaderReader().read(encoder.encode(fields))


@given(st.binary(min_size=1, max_size=20), st.binary(max_size=20_000))
def test_a_literal_is_read_as_it_was_written(name: bytes, value: bytes) -> None:
    found = Decoder(max_header_list_size=1 << 20).decode(literal(name, value), raw=True)
    assert found == [(name, value)]
    assert header_blocks.STATUS_200 == b"\x88"
