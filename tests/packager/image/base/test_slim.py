"""The files of Debian packages that a slim base keeps: Python's, requested ones, licences."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.image.base.packages import Deb
from packager.image.base.slim import bundle_certificates, drop_unneeded, unpack
from packager.tar_reader import TarReader


def deb(name: str, *files: str) -> Deb:
    return Deb(name, "1", frozenset(), frozenset(), files)


def laid(folder: Path, debs: dict[str, Deb], asked=(), links=(), mode: int = 0o4777) -> set[str]:
    """The files below ``folder`` of these packages' tree."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name in (name for one in debs.values() for name in one.files):
            info = tarfile.TarInfo(f"./{name}")
            info.size, info.mode = 1, mode
            tar.addfile(info, io.BytesIO(b"x"))
        for name, target, kind in links:
            info = tarfile.TarInfo(f"./{name}")
            info.type, info.linkname = kind, target
            tar.addfile(info)
    stream.seek(0)
    folder.mkdir(exist_ok=True)
    reader = TarReader(stream, lambda why: PackageError(why), 1000)
    unpack(reader, folder, debs, asked)
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}


COPYRIGHT = "usr/share/doc/tool/copyright"
TOOL = deb("tool", "usr/bin/tool", "usr/share/tool/data", "usr/share/man/tool.1", COPYRIGHT)


def test_programs_and_data_stay_of_packages_that_were_requested_alone(tmp_path: Path):
    debs = {"tool": TOOL}
    assert laid(tmp_path / "a", debs) == {COPYRIGHT}
    asked = laid(tmp_path / "b", debs, ["tool"])
    assert asked == {"usr/bin/tool", "usr/share/tool/data", COPYRIGHT}


@pytest.mark.parametrize(
    ("name", "stays"),
    [
        ("usr/bin/python3.11", True),
        ("usr/bin/perl", False),
        ("usr/lib/python3.11/json/__init__.py", True),
        ("usr/lib/python3.11/test/support.py", False),
        ("usr/lib/python3.11/testing.py", True),
        ("usr/lib/python3.11/_pydecimal.py", False),
        ("usr/lib/python3.11/_pyio.py", False),
        ("usr/lib/python3.12/_pydatetime.py", False),
        ("usr/lib/python3.12/_pylong.py", True),
        ("usr/share/zoneinfo/Europe/Berlin", True),
        ("usr/share/zoneinfo/right/Europe/Berlin", False),
        ("usr/lib/x86_64-linux-gnu/libz.so.1", True),
        ("var/lib/dpkg/status", False),
        ("etc/machine-id", False),
        ("etc/ssl/openssl.cnf", True),
    ],
)
def test_what_a_running_python_reads_stays(tmp_path: Path, name: str, stays: bool):
    assert (name in laid(tmp_path / "r", {"p": deb("p", name)})) is stays


def test_no_file_is_writable_for_others_or_runs_as_somebody_else(tmp_path: Path):
    laid(tmp_path / "r", {"p": deb("p", "lib/x")})
    assert (tmp_path / "r" / "lib" / "x").stat().st_mode & 0o7777 == 0o755


def test_a_second_name_of_a_file_becomes_a_link_within_the_tree(tmp_path: Path):
    links = [("opt/b/two", "lib/one", tarfile.LNKTYPE)]
    laid(tmp_path / "r", {"p": deb("p", "lib/one")}, links=links)
    two = tmp_path / "r" / "opt" / "b" / "two"
    assert two.is_symlink()
    assert two.resolve() == (tmp_path / "r" / "lib" / "one").resolve()


def test_libraries_that_nothing_needs_any_more_go_and_other_files_stay(tmp_path: Path):
    debs = {
        "libc6": deb("libc6", "lib/libc.so.6"),
        "asked": deb("asked", "lib/libasked.so.1"),
        "gone": deb("gone", "lib/libgone.so.1", "lib/gone.txt"),
    }
    laid(tmp_path / "r", debs)
    drop_unneeded(tmp_path / "r", debs, ["asked"])
    left = {path.name for path in (tmp_path / "r" / "lib").iterdir()}
    assert left == {"libc.so.6", "libasked.so.1", "gone.txt"}


def test_certificates_become_one_file_in_the_order_of_their_names(tmp_path: Path):
    folder = tmp_path / "usr/share/ca-certificates/mozilla"
    folder.mkdir(parents=True)
    for name in ("b.crt", "a.crt", "c.txt"):
        (folder / name).write_text(f"{name}\n")
    bundle_certificates(tmp_path)
    assert (tmp_path / "etc/ssl/certs/ca-certificates.crt").read_text() == "a.crt\nb.crt\n"
    assert not folder.exists()
