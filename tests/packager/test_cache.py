from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import platformdirs
import pytest

from packager.cache import (
    atomic_directory,
    atomic_file,
    cache_directory,
    cache_limit,
    evict,
    temporary_directory,
)
from packager.errors import PackageError, UsageError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_variable_says_where_the_cache_is(cache: Path):
    assert cache_directory("layers", "x") == cache / "layers" / "x"
    assert (cache / "layers" / "x").is_dir()


@pytest.mark.parametrize("value", ["", None])
def test_without_the_variable_it_is_the_users_cache(tmp_path, monkeypatch, value):
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(tmp_path / name))
    if value is None:
        monkeypatch.delenv("MODEL_PACKAGER_CACHE", raising=False)
    else:
        monkeypatch.setenv("MODEL_PACKAGER_CACHE", value)
    assert cache_directory() == tmp_path / "model-packager"


def test_a_new_file_appears_whole_and_readable_for_all(tmp_path: Path):
    path = tmp_path / "deep" / "file"
    old = os.umask(0o077)
    try:
        with atomic_file(path) as temporary:
            temporary.write_text("whole")
            assert not path.exists()
    finally:
        os.umask(old)
    assert path.read_text() == "whole"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert names(path.parent) == ["file"]


def test_a_new_file_takes_the_place_of_an_older_one(tmp_path: Path):
    (tmp_path / "file").write_text("old")
    with atomic_file(tmp_path / "file") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "file").read_text() == "new"


def fill_and_fail(temporary: Path) -> None:
    (temporary / "half" if temporary.is_dir() else temporary).write_text("half")
    raise OSError("disk full")


def test_a_failure_leaves_the_older_file_and_no_litter(tmp_path: Path):
    (tmp_path / "file").write_text("old")
    with (
        pytest.raises(PackageError, match="disk full"),
        atomic_file(tmp_path / "file") as temporary,
    ):
        fill_and_fail(temporary)
    assert (tmp_path / "file").read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_new_folder_appears_whole(tmp_path: Path):
    with atomic_directory(tmp_path / "folder") as temporary:
        (temporary / "a").write_text("a")
        assert not (tmp_path / "folder").exists()
    assert names(tmp_path) == ["folder"]
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o755


def test_a_second_writer_leaves_the_folder_of_the_first(tmp_path: Path):
    with atomic_directory(tmp_path / "folder") as second:
        (second / "a").write_text("second")
        with atomic_directory(tmp_path / "folder") as first:
            (first / "a").write_text("first")
    assert (tmp_path / "folder" / "a").read_text() == "first"
    assert names(tmp_path) == ["folder"]


def test_a_folder_is_replaced_only_when_asked(tmp_path: Path):
    for text in ("old", "new"):
        with atomic_directory(tmp_path / "folder", replace=True) as temporary:
            (temporary / text).write_text(text)
    assert names(tmp_path / "folder") == ["new"]
    assert names(tmp_path) == ["folder"]


def test_a_failure_leaves_the_older_folder_and_no_litter(tmp_path: Path):
    with atomic_directory(tmp_path / "folder") as temporary:
        (temporary / "a").write_text("old")
    with (
        pytest.raises(PackageError, match="disk full"),
        atomic_directory(tmp_path / "folder", replace=True) as temporary,
    ):
        fill_and_fail(temporary)
    assert (tmp_path / "folder" / "a").read_text() == "old"
    assert names(tmp_path) == ["folder"]


def kept(cache: Path, kind: str, name: str, size: int, age: float) -> Path:
    """Something of ``size`` bytes in the cache that was of use ``age`` seconds ago."""
    path = cache / kind / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "layers":
        path.write_bytes(bytes(size))
        path.with_suffix(".json").write_text("{}")
    else:
        path.mkdir()
        (path / "content").write_bytes(bytes(size))
    os.utime(path, (NOW - age, NOW - age))
    return path


NOW = 2_000_000_000.0
DAY = 86_400.0


def test_least_recently_used_entries_are_evicted_until_the_limit_holds(cache: Path):
    old = kept(cache, "layers", "old.tar", 400, 3 * DAY)
    older = kept(cache, "environments", "older", 400, 4 * DAY)
    young = kept(cache, "wheels", "young", 400, 2 * DAY)
    assert evict(500, now=NOW) == 800
    assert [path.exists() for path in (old, old.with_suffix(".json"), older, young)] == [
        False,
        False,
        False,
        True,
    ]


def test_nothing_is_evicted_below_the_limit_or_while_in_use(cache: Path):
    used_now = kept(cache, "layers", "used.tar", 400, 60)
    named = kept(cache, "bases", "named-mine", 400, 9 * DAY)
    assert evict(1000, now=NOW) == 0
    assert evict(0, now=NOW) == 0
    assert used_now.exists()
    assert named.exists()


def test_what_another_build_takes_away_meanwhile_does_not_count(
    cache: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("stays", "goes"):
        (cache_directory("environments") / name).mkdir()
        (cache_directory("environments") / name / "file").write_bytes(bytes(100))
    lstat = Path.lstat

    def vanishing(path: Path):
        if path.parent.name == "goes":
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", vanishing)
    assert evict(0, now=time.time() + 7_200) == 100
    assert [path.name for path in cache_directory("environments").iterdir()] == ["goes"]


def test_an_environment_is_measured_once_as_long_as_it_is_there(
    cache: Path, monkeypatch: pytest.MonkeyPatch
):
    environment = kept(cache, "environments", "whole", 400, 3 * DAY)
    kept(cache, "environments", ".whole.half", 100, DAY)
    kept(cache, "checks", "report", 50, DAY)
    assert evict(550, now=NOW) == 0
    assert (cache / "sizes.json").read_text() == '{"environments/whole":400}'
    measured = []
    lstat = Path.lstat
    monkeypatch.setattr(
        Path, "lstat", lambda path: measured.append(path.parent.name) or lstat(path)
    )
    assert evict(550, now=NOW) == 0
    assert sorted(measured) == [".whole.half", "report"]
    assert evict(549, now=NOW) == 400
    assert not environment.exists()
    assert evict(549, now=NOW) == 0
    assert (cache / "sizes.json").read_text() == "{}"


@pytest.mark.parametrize("record", ["", "{", "[" * 100_000, "[]", '{"environments/a": "1"}'])
def test_a_damaged_record_of_sizes_is_written_again(cache: Path, record: str):
    kept(cache, "environments", "a", 400, 3 * DAY)
    (cache / "sizes.json").write_text(record)
    assert evict(500, now=NOW) == 0
    assert (cache / "sizes.json").read_text() == '{"environments/a":400}'


def test_the_limit_is_read_in_gigabytes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MODEL_PACKAGER_CACHE_GB", "1.5")
    assert cache_limit() == 1_500_000_000
    monkeypatch.setenv("MODEL_PACKAGER_CACHE_GB", "lots")
    with pytest.raises(UsageError, match="MODEL_PACKAGER_CACHE_GB: expected a number, got 'lots'"):
        cache_limit()


KILLED = """
import os, signal
from packager.cache import temporary_directory
with temporary_directory() as folder:
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_swept_and_a_running_ones_stays(cache: Path):
    with temporary_directory() as first:
        done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True)
        left = Path(done.stdout.strip())
        assert left.is_dir()
        assert first.is_dir()
        with temporary_directory() as second:
            assert not left.exists()
            assert first != second
            assert first.is_dir()
    assert list((cache / "work").iterdir()) == []


def test_a_cache_is_its_users_alone(tmp_path, monkeypatch):
    top = tmp_path / "new" / "cache"
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(top))
    cache_directory("layers")
    assert top.stat().st_mode & 0o777 == 0o700
    top.chmod(0o757)
    with pytest.raises(UsageError, match="expected a cache that this user owns and others can't"):
        cache_directory("layers")
    top.chmod(0o755)
    cache_directory("layers")
    # As another user would see it, whose own this is not.
    monkeypatch.setattr("packager.cache.os.geteuid", lambda: top.stat().st_uid + 1)
    if top.stat().st_uid != 0:  # root could read and change it anyway
        with pytest.raises(UsageError, match="expected a cache that this user owns"):
            cache_directory("layers")
