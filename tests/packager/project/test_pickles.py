"""Inspecting a pickle without loading it, compressed or not."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from packager.project import pickles
from packager.project.pickles import read_header, references_main

NAMED = b"\x8c\x08__main__"


@pytest.mark.parametrize(
    "compress", [bytes, gzip.compress, bz2.compress, lzma.compress, zlib.compress]
)
def test_main_is_found_and_the_head_is_plain_however_it_is_compressed(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "model"
    path.write_bytes(compress(b"." * 5000 + NAMED))
    assert references_main(path)
    assert read_header(path).endswith(NAMED)
    path.write_bytes(compress(b"." * 5000))
    assert not references_main(path)


@pytest.mark.parametrize("offset", [-20, -9, -1, 0, 1, 20])
def test_main_is_found_where_two_blocks_meet(tmp_path: Path, offset: int) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"." * ((1 << 20) + offset) + NAMED)
    assert references_main(path)


@pytest.mark.parametrize("magic", [b"\x1f\x8b", b"BZ", b"\xfd7zXZ", b"\x78"])
def test_what_only_looks_compressed_is_read_as_it_is(tmp_path: Path, magic: bytes) -> None:
    path = tmp_path / "model"
    path.write_bytes(magic + b"not at all" + NAMED)
    assert references_main(path)


def test_a_class_that_cloudpickle_took_along_is_not_asked_of_main(tmp_path: Path) -> None:
    path = tmp_path / "model"
    content = b"\x80\x05\x8c\x17cloudpickle.cloudpickle\x94\x8c\x14_make_skeleton_class\x94\x93"
    path.write_bytes(content + b"." * (1 << 20) + NAMED)
    assert not references_main(path)
    path.write_bytes(NAMED + b"." * (1 << 20) + content)
    assert not references_main(path)


@pytest.mark.slow
@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress, zlib.compress])
def test_a_small_file_that_decompresses_to_very_much_is_read_in_part_and_in_pieces(
    tmp_path: Path, compress: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pickles, "HEAD_BYTES", 1 << 20)
    path = tmp_path / "model"
    path.write_bytes(compress(bytes(64 << 20)))
    sizes = [len(chunk) for chunk in pickles._chunks(path)]
    assert max(sizes) <= pickles.CHUNK
    assert sum(sizes) <= (2 << 20) + pickles.MAX_GROWTH * path.stat().st_size
