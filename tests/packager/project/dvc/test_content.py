from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest

from packager.errors import PackageError, UsageError
from packager.progress import NullProgress
from packager.project.dvc.content import local_content
from packager.project.dvc.digests import folder_digest
from packager.project.dvc.outputs import DvcAddress, tracked_output
from packager.project.dvc.repository import dvc_repository

ROWS = b"a,y\r\n1,x\r\n"
ADDRESS = DvcAddress("x.csv.dvc", "")


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose file is not in the workspace; no dvc is installed."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "repo/.dvc").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    state(tmp_path / "repo", md5(ROWS))
    return tmp_path / "repo"


def state(top: Path, digest: str, extra: str = "\n  hash: md5") -> None:
    (top / "x.csv.dvc").write_text(f"outs:\n- md5: {digest}{extra}\n  path: x.csv\n")


def keep(store: Path, digest: str, content: bytes) -> Path:
    file = store / digest[:2] / digest[2:]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def content(top: Path) -> Path:
    folder = top.parent / "work"
    folder.mkdir(exist_ok=True)
    found = tracked_output(ADDRESS, top)
    return local_content(found, ADDRESS, dvc_repository(found.file), folder, NullProgress())


def test_the_workspace_comes_first_and_is_compared(top: Path) -> None:
    (top / "x.csv").write_bytes(ROWS)
    assert content(top) == top / "x.csv"
    (top / "x.csv").write_bytes(b"other")
    keep(top / ".dvc/cache/files/md5", md5(ROWS), ROWS)
    with pytest.raises(
        UsageError, match=r"x\.csv: expected .* as x\.csv\.dvc states, got"
    ) as error:
        content(top)
    assert "dvc checkout x.csv.dvc" in error.value.hint


@pytest.mark.parametrize("store", [".dvc/cache/files/md5", ".dvc/cache"])
def test_a_file_comes_from_the_cache_of_either_version(top: Path, store: str) -> None:
    keep(top / store, md5(ROWS), ROWS)
    found = content(top)
    assert (found.name, found.read_bytes()) == ("x.csv", ROWS)
    assert found.is_relative_to(top.parent / "work")


def test_version_2_hashed_text_with_the_line_ends_of_unix(top: Path) -> None:
    state(top, md5(ROWS.replace(b"\r\n", b"\n")), "")
    (top / "x.csv").write_bytes(ROWS)
    assert content(top) == top / "x.csv"


def test_a_remote_that_is_a_folder_serves(top: Path) -> None:
    (top / ".dvc/config").write_text("['remote \"a\"']\n    url = ../../store\n")
    keep(top.parent / "store/files/md5", md5(ROWS), ROWS)
    assert content(top).read_bytes() == ROWS


def test_damaged_content_is_named_and_not_used(top: Path) -> None:
    kept = keep(top / ".dvc/cache/files/md5", md5(ROWS), b"damaged")
    with pytest.raises(PackageError, match="expected content with md5") as caught:
        content(top)
    assert str(kept) in caught.value.message
    assert not (top.parent / "work/x.csv").exists()


def test_content_that_is_nowhere_is_named_with_the_command(top: Path) -> None:
    with pytest.raises(PackageError, match="neither the cache nor a local remote has") as caught:
        content(top)
    assert "dvc pull x.csv.dvc" in caught.value.hint


def test_content_that_dvc_keeps_no_copy_of_is_looked_for_in_git(top: Path) -> None:
    state(top, md5(ROWS), "\n  hash: md5\n  cache: false")
    with pytest.raises(PackageError, match="DVC keeps no copy of it") as caught:
        content(top)
    assert caught.value.hint.startswith(f"`git checkout {top / 'x.csv'}` brings it back")
    (top / "x.csv").write_bytes(b"other")
    with pytest.raises(UsageError, match=r"x\.csv: expected .*, got") as changed:
        content(top)
    assert changed.value.hint.startswith(f"`git checkout {top / 'x.csv'}` brings the recorded")


def folder(top: Path, entries: dict[str, bytes]) -> None:
    """State a folder, and keep its content in the cache."""
    store = top / ".dvc/cache/files/md5"
    digests = {name: md5(text) for name, text in entries.items()}
    listed = [{"md5": digests[name], "relpath": name} for name in sorted(digests)]
    keep(store, folder_digest(digests), json.dumps(listed, sort_keys=True).encode())
    for name, text in entries.items():
        keep(store, digests[name], text)
    state(top, folder_digest(digests))


def test_a_folder_comes_file_by_file(top: Path) -> None:
    folder(top, {"p1.csv": b"1", "in/p2.csv": b"2"})
    found = content(top)
    names = {path.relative_to(found).as_posix(): path.read_bytes() for path in found.rglob("*.csv")}
    assert names == {"p1.csv": b"1", "in/p2.csv": b"2"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("p1.csv", b"other", "p1.csv has changed"),
        ("p3.csv", b"3", "p3.csv is new"),
        ("p1.csv", None, "p1.csv is missing"),
    ],
)
def test_the_file_of_a_folder_that_differs_is_named(
    top: Path, name: str, text: bytes | None, said: str
) -> None:
    folder(top, {"p1.csv": b"1", "p2.csv": b"2"})
    (top / "x.csv").mkdir()
    for own, written in (("p1.csv", b"1"), ("p2.csv", b"2"), (name, text)):
        (top / "x.csv" / own).unlink(missing_ok=True)
        if written is not None:
            (top / "x.csv" / own).write_bytes(written)
    with pytest.raises(UsageError, match=said):
        content(top)


@pytest.mark.parametrize("name", ["../out.csv", "/etc/out.csv"])
def test_names_that_leave_the_folder_are_refused(top: Path, name: str) -> None:
    folder(top, {name: b"1"})
    with pytest.raises(UsageError, match="expected names below the folder"):
        content(top)


def test_files_that_dvcignore_names_are_no_content(top: Path) -> None:
    (top / "x.csv/deep/tmp").mkdir(parents=True)
    (top / "x.csv/a.csv").write_bytes(ROWS)
    for name in ("x.csv/notes.tmp", "x.csv/deep/tmp/b.csv", "x.csv/deep/.DS_Store"):
        (top / name).write_bytes(b"other")
    state(top, folder_digest({"a.csv": md5(ROWS)}))
    (top / ".dvcignore").write_text("*.tmp\ntmp/\n.DS_Store\n")
    assert content(top) == top / "x.csv"
    (top / ".dvcignore").write_text("*.tmp\n.DS_Store\n")
    with pytest.raises(UsageError, match=r"x\.csv: expected "):
        content(top)


def test_a_folder_where_a_file_is_stated_is_refused(top: Path) -> None:
    (top / "x.csv").mkdir()
    with pytest.raises(UsageError, match=r"expected a file, .* got a folder"):
        content(top)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo no remote >&2; exit 1", "dvc fetch failed: no remote"),
        ("exit 0", "dvc fetched it, and .* is still not there"),
    ],
)
def test_a_dvc_that_brings_nothing_is_an_error(top: Path, script: str, said: str) -> None:
    program = top.parent / "bin/dvc"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(PackageError, match=said):
        content(top)
