"""Inspecting a pickle without loading it, compressed or not."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.project import pickles
from packager.project.pickles import read_header, refuse_pickles

NAMED = b"\x8c\x08__main__"


@pytest.mark.parametrize(
    "compress", [bytes, gzip.compress, bz2.compress, lzma.compress, zlib.compress]
)
def test_the_head_is_plain_however_it_is_compressed(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "model"
    path.write_bytes(compress(b"." * 5000 + NAMED))
    assert read_header(path).endswith(NAMED)


@pytest.mark.parametrize("magic", [b"\x1f\x8b", b"BZ", b"\xfd7zXZ", b"\x78"])
def test_what_only_looks_compressed_is_read_as_it_is(tmp_path: Path, magic: bytes) -> None:
    path = tmp_path / "model"
    path.write_bytes(magic + b"not at all" + NAMED)
    assert read_header(path) == magic + b"not at all" + NAMED


def test_a_call_is_refused_unless_it_is_allowed_and_unknown_classes_pass(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"cos\ngetcwd\n)R.")
    with pytest.raises(
        PackageError, match=r"m is refused: .* calls os\.getcwd, which is"
    ) as caught:
        refuse_pickles(path, "m")
    assert '[serve] pickle_allow = ["os.getcwd"]' in caught.value.hint
    refuse_pickles(path, "m", ["os.getcwd"])
    path.write_bytes(b"clibrary\nModel\n)\x81.")
    refuse_pickles(path, "m")


def test_a_class_of_the_script_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(b"c__main__\nModel\n)\x81.")
    with pytest.raises(PackageError, match="m needs 'Model' of the script it was made by"):
        refuse_pickles(path, "m")


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
