from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from packager.project.dvc.repository import dvc_repository

CONFIG = """[core]
    remote = second
[cache]
    dir = ../shared
['remote "first"']
    url = /mnt/first
['remote "second"']
    url = ../../second
['remote "web"']
    url = https://h/x
['remote "bucket"']
    url = s3://b/x
"""


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "data").mkdir()
    return tmp_path


def test_the_cache_is_in_the_repository_by_default(top: Path) -> None:
    found = dvc_repository(top / "data/x.dvc")
    assert (found.top, found.stores) == (top, (top / ".dvc/cache",))


def test_cache_and_remotes_of_the_configuration_the_default_first(top: Path) -> None:
    (top / ".dvc/config").write_text(CONFIG)
    assert dvc_repository(top / "x.dvc").stores == (
        top / "shared",
        top.parent / "second",
        Path("/mnt/first"),
    )
    (top / ".dvc/config.local").write_text("[cache]\n    dir = /big/cache\n")
    assert dvc_repository(top / "x.dvc").stores[0] == Path("/big/cache")


def test_configurations_of_machine_and_user_come_first(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("machine", "[cache]\n    dir = /machine\n"), ("user", CONFIG)):
        (top / name).mkdir()
        (top / name / "config").write_text(text)
        monkeypatch.setenv(f"DVC_{'SYSTEM' if name == 'machine' else 'GLOBAL'}_CONFIG_DIR", name)
    monkeypatch.chdir(top)
    (top / ".dvc/config").write_text("['remote \"second\"']\n    url = ../mine\n")
    assert [str(one) for one in dvc_repository(top / "x.dvc").stores] == [
        *("shared", str(top / "mine"), "/mnt/first"),
    ]


def test_content_is_found_in_the_layouts_of_both_versions(top: Path) -> None:
    new, old = top / ".dvc/cache/files/md5/ab/cd", top / ".dvc/cache/ab/cd"
    for file in (new, old):
        file.parent.mkdir(parents=True)
        file.write_text("x")
    assert list(dvc_repository(top / "x.dvc").candidates("abcd")) == [new, old]


def test_no_repository_and_a_damaged_configuration_are_named(top: Path, tmp_path: Path) -> None:
    (top / ".dvc/config").write_text("nonsense\n")
    with pytest.raises(UsageError, match="expected DVC's configuration"):
        dvc_repository(top / "x.dvc")
    with pytest.raises(UsageError, match=r"got no folder \.dvc above it"):
        dvc_repository(Path("/x.dvc"))
