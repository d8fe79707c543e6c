"""Headers that engines read in another way than ``tarfile`` are refused."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.digest import sha256_file
from packager.errors import PackageError
from packager.image.config import image_of
from packager.image.export import write_oci
from packager.image.layers import Layer
from packager.image.tar_headers import is_end, read_member
from packager.image.trees import tree_of

GOOD, EVIL = b"GOOD = True\n", b"EVIL = True\n"
END = bytes(2 * tarfile.BLOCKSIZE)


def header(name: str, size: int = 0, **more: object) -> bytes:
    """One ustar header."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    for key, value in more.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.USTAR_FORMAT)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % tarfile.BLOCKSIZE)


def patched(block: bytes, place: int, field: bytes) -> bytes:
    """A header with other bytes at ``place``, and its checksum."""
    block = block[:place] + field + block[place + len(field) :]
    unsigned = sum(block[:148]) + sum(block[156:]) + 8 * ord(" ")
    return block[:148] + b"%06o\0 " % unsigned + block[156:]


def records(**told: str) -> bytes:
    """The body of an extended header."""
    lines = b""
    for key, value in told.items():
        rest = f" {key}={value}\n".encode()
        size = len(rest) + 1
        while len(str(size)) + len(rest) != size:
            size += 1
        lines += str(size).encode() + rest
    return lines


def extended(kind: bytes, body: bytes) -> bytes:
    return header("pax", len(body), type=kind) + padded(body)


def file(name: str, content: bytes) -> bytes:
    return header(name, len(content)) + padded(content)


def layer(folder: Path, content: bytes) -> Layer:
    path = folder / "raw.tar"
    path.write_bytes(content)
    return Layer("code", path, f"sha256:{sha256_file(path)}", len(content))


def swapped_by_a_global_header() -> bytes:
    """To ``tarfile`` a.py is good; readers that ignore global headers find the evil one there."""
    return b"".join(
        [
            *(extended(b"g", records(path="code/a.py")), file("code/b.py", GOOD)),
            *(extended(b"g", records(path="code/b.py")), file("code/a.py", EVIL)),
        ]
    )


def gnu_name_and_record() -> bytes:
    long = header("././@LongLink", len(b"code/b.py\0"), type=b"L") + padded(b"code/b.py\0")
    return extended(b"x", records(path="code/a.py")) + long + file("x", GOOD)


def zero_before_the_digits() -> bytes:
    """``tarfile`` takes the size for 0, so it reads the content as the next headers."""
    inner = file("code/hidden.py", EVIL)
    outer = patched(header("code/a.py", 0), 124, b"\0" + b"%010o\0" % len(inner))
    return outer + inner


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a global header renames files": swapped_by_a_global_header,
    "a long name of GNU and a record": gnu_name_and_record,
    "a size after a zero byte": zero_before_the_digits,
    "a size with a sign": lambda: patched(header("code/a.py"), 124, b"+0000000000\0"),
    "a size as Python writes octal": lambda: patched(header("code/a.py"), 124, b"0o000000000\0"),
    "a record twice": lambda: (
        extended(b"x", records(path="code/b.py") + records(path="code/a.py")) + file("x", GOOD)
    ),
    "a record without value": lambda: extended(b"x", records(path="")) + file("code/a.py", GOOD),
    "a record with a longer number": lambda: (
        extended(b"x", b"0" + records(path="code/a.py")) + file("x", GOOD)
    ),
    "a character set": lambda: (
        extended(b"x", records(hdrcharset="BINARY", path="code/a.py")) + file("x", GOOD)
    ),
    "a size that is no number": lambda: (
        extended(b"x", records(size="1_2")) + file("code/a.py", GOOD)
    ),
    "two extended headers": lambda: (
        extended(b"x", records(path="code/b.py"))
        + extended(b"x", records(path="code/a.py"))
        + file("x", GOOD)
    ),
    "the prefix of GNU": lambda: patched(
        patched(header("a.py"), 345, b"code\0"), 257, b"ustar  \0"
    ),
    "no magic": lambda: patched(header("code/a.py"), 257, bytes(8)),
    "the trailer of star": lambda: patched(header("code/a.py"), 508, b"tar\0"),
    "the old type of files": lambda: patched(header("code/a.py"), 156, b"\0"),
    "a contiguous file": lambda: patched(header("code/a.py"), 156, b"7"),
    "a file called like a folder": lambda: header("code/a.py/"),
    "a name after a name": lambda: patched(header("code/a.py"), 50, b"b.py"),
    "a folder with content": lambda: header("code/a", 512, type=b"5") + file("code/b", EVIL),
    "a checksum of signed bytes": lambda: _signed(header("code/ä.py")),
    "one block at the end": lambda: file("code/a.py", GOOD) + bytes(512) + file("b", EVIL),
}


def _signed(block: bytes) -> bytes:
    """The header with the sum of its bytes as signed numbers, as some old programs wrote it."""
    sign = sum(one - 256 if one > 127 else one for one in block[:148] + block[156:])
    return block[:148] + b"%06o\0 " % (sign + 8 * ord(" ")) + block[156:]


@pytest.mark.parametrize("name", HOSTILE)
def test_headers_of_two_meanings_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PackageError, match="layer code: expected a plain tar, got") as caught:
        tree_of(layer(tmp_path, HOSTILE[name]() + END))
    assert caught.value.hint


@pytest.mark.skipif(shutil.which("umoci") is None, reason="umoci is not installed")
def test_two_readers_do_find_other_files_in_such_a_layer(tmp_path: Path) -> None:
    """Why they are refused: umoci, written in Go as engines are, against ``tarfile``."""
    made = layer(tmp_path, zero_before_the_digits() + END)
    with tarfile.open(made.path) as tar:
        assert {one.name: one.size for one in tar} == {"code/a.py": 0, "code/hidden.py": len(EVIL)}
    write_oci([image_of("shop:1", "linux/amd64", {}, [made])], tmp_path / "oci")
    rootless = ["--rootless"] if os.getuid() else []
    command = ["umoci", "unpack", *rootless, "--image", f"{tmp_path / 'oci'}:1", tmp_path / "out"]
    subprocess.run(command, capture_output=True, check=True)
    code = tmp_path / "out" / "rootfs" / "code"
    assert {one.name: one.stat().st_size for one in code.iterdir()} == {"a.py": 1024}


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT])
def test_members_that_other_programs_write_are_read(tmp_path: Path, form: int) -> None:
    path = tmp_path / "raw.tar"
    with tarfile.open(path, "w", format=form) as tar:
        for name in ("code/a.py", f"code/{'long/' * 25}b.py", "code/ünï.py"):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(GOOD), 1.5 if form == tarfile.PAX_FORMAT else 1
            tar.addfile(info, io.BytesIO(GOOD))
        link, folder = tarfile.TarInfo("code/link"), tarfile.TarInfo("code/folder")
        link.type, link.linkname = tarfile.SYMTYPE, "a.py"
        folder.type = tarfile.DIRTYPE
        tar.addfile(link)
        tar.addfile(folder)
    found = tree_of(layer(tmp_path, path.read_bytes()))
    assert len(found) == 4
    assert found["code/link"].link == "a.py"


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=150)


@given(names.filter(lambda name: name.strip("/") == name), st.integers(0, 1 << 40))
def test_what_tarfile_writes_is_read_as_it_was_meant(name: str, size: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.uid = size, 0o755, 65532
    content = info.tobuf(tarfile.PAX_FORMAT)
    member = read_member(io.BytesIO(content), 0)
    assert (member.name, member.size, member.mode, member.owner) == (name, size, 0o755, 65532)
    assert member.content == len(content)
    assert not is_end(io.BytesIO(content), 0)


@pytest.mark.parametrize("start", [b"\x1f\x8b\x08\x04", b"BZh9", b"\xfd7zXZ", b"\x50\x2a\x4d\x18"])
def test_a_tar_that_begins_as_a_compressed_file_is_refused(tmp_path: Path, start: bytes) -> None:
    """Engines would unpack what is in it: the name of an extended header is free otherwise."""
    pax = extended(b"x", records(path="code/a.py"))
    rest = file("x", GOOD) + END
    assert set(tree_of(layer(tmp_path, pax + rest))) == {"code/a.py"}
    both = patched(pax[: tarfile.BLOCKSIZE], 0, start) + pax[tarfile.BLOCKSIZE :]
    with pytest.raises(PackageError, match="with the first bytes of a compressed file"):
        tree_of(layer(tmp_path, both + rest))
