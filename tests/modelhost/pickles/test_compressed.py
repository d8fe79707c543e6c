"""Compressed streams to their end."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable

import pytest

from modelhost.pickles.compressed import Decompressed, coding_of
from modelhost.pickles.source import UnreadableError

CONTENT = bytes(range(256)) * 4000
WAYS: list[Callable[[bytes], bytes]] = [gzip.compress, bz2.compress, lzma.compress, zlib.compress]


def whole(content: bytes) -> bytes:
    coding = coding_of(content[:16])
    assert coding is not None
    stream = Decompressed(io.BytesIO(content), coding)
    return b"".join(iter(lambda: stream.read(1000), b""))


@pytest.mark.slow
@pytest.mark.parametrize("compress", WAYS)
def test_one_and_several_streams(compress: Callable[[bytes], bytes]) -> None:
    assert whole(compress(CONTENT)) == CONTENT
    assert whole(compress(CONTENT) + compress(b"more")) == CONTENT + b"more"


@pytest.mark.slow
@pytest.mark.parametrize("compress", WAYS)
def test_what_follows_or_is_missing_is_refused(compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(UnreadableError, match="has bytes after the end of its"):
        whole(compress(CONTENT) + b"rest")
    with pytest.raises(UnreadableError, match=r"is cut off within its|is no .* stream"):
        whole(compress(CONTENT)[:-9])


def test_streams_without_a_magic_are_known_by_their_header() -> None:
    narrow = zlib.compressobj(6, zlib.DEFLATED, 9)
    assert whole(narrow.compress(CONTENT) + narrow.flush()) == CONTENT
    for filters in ({"lc": 0, "lp": 2, "pb": 0}, {"lc": 4, "lp": 0, "pb": 4}, {"dict_size": 5000}):
        chosen = [{"id": lzma.FILTER_LZMA1, **filters}]
        assert whole(lzma.compress(CONTENT, lzma.FORMAT_ALONE, filters=chosen)) == CONTENT


def test_a_magic_is_certain_and_a_header_without_one_is_not() -> None:
    codings = [coding_of(way(b"content")[:16]) for way in WAYS]
    certain = {one.name: one.certain for one in codings if one is not None}
    assert certain == {"gzip": True, "bzip2": True, "xz": True, "zlib": False}


def test_text_that_begins_with_x_is_not_compressed() -> None:
    assert coding_of(b"xyz") is None
    assert coding_of(b"\x80\x04") is None
