from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st

from packager import tar_reader
from packager.errors import PackageError
from packager.tar_reader import TarReader, Window, plain_tar, unpack_plain


def member(name: str, kind: bytes = tarfile.REGTYPE, content: bytes = b"", link: str = ""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode = kind, link, len(content), 0o755
    return info, content


def tar_of(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> io.BytesIO:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return file


def reader(file: io.BytesIO) -> TarReader:
    return TarReader(file, plain_tar("x.tar"))


def refused(file: io.BytesIO) -> str:
    with pytest.raises(PackageError) as caught:
        list(reader(file))
    assert caught.value.hint.startswith("the file is damaged or malicious")
    return caught.value.message


def unpack(folder: Path, *members, inside: bool = True) -> None:
    unpack_plain(reader(tar_of(*members)), folder, inside=inside)


def test_only_what_is_below_the_named_tops_is_unpacked(tmp_path: Path):
    names = ("code/a", "./models/b", "code2/c", "other/code/d", "models/code/e")
    made = tar_of(*(member(name, content=b"x") for name in names))
    unpack_plain(reader(made), tmp_path, inside=True, tops=("code", "models"))
    found = {
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()
    }
    assert found == {"code/a", "models/b", "models/code/e"}


@pytest.mark.parametrize("name", ["/code/a", "../code/a"])
def test_a_name_that_leaves_the_folder_is_refused_beside_the_named_tops(tmp_path: Path, name: str):
    made = tar_of(member(name, content=b"x"))
    with pytest.raises(PackageError, match="which leaves its folder"):
        unpack_plain(reader(made), tmp_path, inside=True, tops=("code",))


@given(content=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=3))
def test_a_window_reads_as_a_file_of_its_own(content: bytes, cuts: list[int]):
    offset, size = 7, len(content)
    window = io.BufferedReader(Window(io.BytesIO(b"before!" + content + b"after"), offset, size))
    assert window.read() == content
    for cut in cuts:
        window.seek(min(cut, size))
        assert window.read(5) == content[min(cut, size) :][:5]


@pytest.mark.slow
@settings(max_examples=many(50))
@given(
    files=st.dictionaries(
        st.text(st.characters(categories=("L", "N")), min_size=1, max_size=180),
        st.binary(max_size=2000),
        max_size=5,
    ),
    form=st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
)
def test_it_reads_what_tarfile_reads(files: dict[str, bytes], form: int):
    file = tar_of(*(member(name, content=content) for name, content in files.items()), form=form)
    read = reader(file)
    assert {info.name: read.content(info, 2000) for info in read} == files


def test_more_than_requested_is_not_read():
    read = reader(tar_of(member("big", content=b"x" * 11)))
    with pytest.raises(PackageError) as caught:
        read.content(next(iter(read)), 10)
    assert (
        caught.value.message == "x.tar: expected a plain tar, got 11 bytes in 'big', more than 10"
    )


def test_an_extended_header_is_bounded():
    info, content = member("a")
    info.pax_headers = {"comment": "x" * (tar_reader.MAX_HEADER + 1)}
    assert "got a header of 66,048 bytes, more than 65,536" in refused(tar_of((info, content)))


def test_a_run_of_digits_that_a_regular_expression_would_pay_for_is_refused():
    info, content = member("a")
    info.pax_headers = {"comment": "1" * 600}
    assert "got an extended header with 500 digits in a row" in refused(tar_of((info, content)))


def test_members_are_bounded_in_number():
    four = tar_of(*(member(str(n)) for n in range(4)))
    assert len(list(TarReader(four, plain_tar("x.tar"), 4))) == 4
    with pytest.raises(PackageError, match="more than 3 members"):
        list(TarReader(four, plain_tar("x.tar"), 3))


def old_sparse_file(blocks: int) -> io.BytesIO:
    """A sparse file as old GNU tar writes it, with a map of ``blocks`` further blocks."""
    info, _ = member("hole")
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = b"S"
    header[482] = 1
    total = sum(header[:148]) + 256 + sum(header[156:512])
    header[148:156] = b"%06o\0 " % total
    entry = b"00000000001\0" * 2
    block = entry * 21 + b"\1" + bytes(7)
    return io.BytesIO(bytes(header) + block * blocks + bytes(1024))


def test_the_map_of_a_sparse_file_is_not_read():
    assert "a sparse file" in refused(old_sparse_file(3))


@pytest.mark.parametrize("size", [-1, -512])
def test_a_header_of_negative_size_reads_nothing(size: int):
    info, _ = member("long")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, size
    file = io.BytesIO(info.tobuf(tarfile.GNU_FORMAT) + b"x" * 4096)
    assert "got " in refused(file)


def records(count: int) -> bytes:
    return b"".join(b"%d k%06d=v\n" % (13, number) for number in range(count))


def extended(kind: bytes, content: bytes) -> bytes:
    info, _ = member("pax")
    info.type, info.size = kind, len(content)
    return info.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)


def test_extended_headers_are_bounded_in_records(monkeypatch):
    plain = member("a")[0].tobuf()
    many = extended(tarfile.XHDTYPE, records(1001)) + plain + bytes(1024)
    assert "more than 1,000 records" in refused(io.BytesIO(many))
    monkeypatch.setattr(tar_reader, "MAX_ALL_RECORDS", 150)
    few = extended(tarfile.XHDTYPE, records(100)) + plain
    assert len(list(reader(io.BytesIO(few + bytes(1024))))) == 1
    assert "records" in refused(io.BytesIO(few * 2 + bytes(1024)))


def test_global_headers_do_not_pile_up():
    plain = member("a")[0].tobuf()
    content = b""
    for start in range(3):
        some = records(900).replace(b" k", b" %c" % (97 + start))
        content += extended(tarfile.XGLTYPE, some) + plain
    assert "more than 1,000 global records" in refused(io.BytesIO(content + bytes(1024)))


def test_headers_that_follow_each_other_for_ever_are_refused():
    link = extended(tarfile.XHDTYPE, records(1))
    assert "got " in refused(io.BytesIO(link * 5000 + bytes(1024)))


def test_a_sparse_file_is_refused():
    info, _ = member("hole", content=b"")
    info.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": "1000000000000"}
    assert "the sparse file 'hole'" in refused(tar_of((info, b"")))


def test_a_cut_tar_is_refused_and_so_is_one_with_more_behind_a_bad_header():
    whole = tar_of(member("a", content=b"1" * 2000), member("b")).getvalue()
    assert "unexpected end of data" in refused(io.BytesIO(whole[:1500]))
    second = bytearray(whole)
    at = 512 + 2048
    second[at : at + 10] = b"\xff" * 10
    assert f"a header that can't be read, at byte {at}" in refused(io.BytesIO(bytes(second)))


def test_files_folders_and_links_are_unpacked_with_mode_and_time(tmp_path: Path):
    run, _ = member("bin/run", content=b"#!")
    run.mtime = 1_000_000_000
    unpack(
        tmp_path,
        member("bin", tarfile.DIRTYPE),
        (run, b"#!"),
        member("here", tarfile.SYMTYPE, link="bin/run"),
        member("also", tarfile.LNKTYPE, link="bin/run"),
    )
    assert (tmp_path / "bin/run").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "bin/run").stat().st_mtime == 1_000_000_000
    assert os.readlink(tmp_path / "here") == "bin/run"
    assert (tmp_path / "also").samefile(tmp_path / "bin/run")


def test_a_later_member_replaces_an_earlier_one_and_never_writes_through_it(tmp_path: Path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"untouched")
    unpack(
        tmp_path / "in" if (tmp_path / "in").mkdir() is None else tmp_path,
        member("a", tarfile.SYMTYPE, link=str(outside)),
        member("a", content=b"new"),
        inside=False,
    )
    assert outside.read_bytes() == b"untouched"
    assert (tmp_path / "in/a").read_bytes() == b"new"


@pytest.mark.parametrize(
    "members",
    [
        [member("../out", content=b"1")],
        [member("/tmp/out", content=b"1")],
        [member("a/../../out", content=b"1")],
        [member("a", tarfile.SYMTYPE, link="/tmp"), member("a/out", content=b"1")],
        [member("a", tarfile.SYMTYPE, link=".."), member("a/b/out", content=b"1")],
        [member("a", tarfile.LNKTYPE, link="../secret")],
        [member("a", tarfile.FIFOTYPE)],
        [member("a", tarfile.CHRTYPE)],
    ],
)
def test_what_leaves_the_folder_or_is_no_file_is_refused(tmp_path: Path, members):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "in").mkdir()
    with pytest.raises(PackageError, match="expected a plain tar, got "):
        unpack(tmp_path / "in", *members, inside=False)
    assert sorted(os.listdir(tmp_path)) == ["in", "secret"]
    assert (tmp_path / "secret").read_bytes() == b"secret"


@pytest.mark.parametrize(
    ("name", "link", "stays"),
    [
        ("a", "b", True),
        ("deep/a", "../b", True),
        ("deep/a", "../../b", False),
        ("deep/a", "/b", False),
        ("a", "..", False),
        ("a", "link/../..", False),
        ("deep/er/a", "../../b/c", True),
    ],
)
def test_a_link_stays_inside_if_required(tmp_path: Path, name: str, link: str, stays: bool):
    members = [member(name, tarfile.SYMTYPE, link=link)]
    if stays:
        unpack(tmp_path, *members)
        assert os.readlink(tmp_path / name) == link
    else:
        with pytest.raises(PackageError, match="which leaves its folder"):
            unpack(tmp_path, *members)


def test_a_hard_link_to_a_link_changes_nothing_of_what_that_names(tmp_path: Path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"1")
    outside.chmod(0o600)
    (tmp_path / "in").mkdir()
    unpack(
        tmp_path / "in",
        member("link", tarfile.SYMTYPE, link=str(outside)),
        member("hard", tarfile.LNKTYPE, link="link"),
        inside=False,
    )
    assert outside.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "in/hard").is_symlink()
