"""Wheels of the shipped lock are downloaded without a project, and by their sha256 alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from host_samples import RecordedProgress, in_wheelhouse, locked, make_wheel

from packager.environment.locked_downloads import fetch_shipped
from packager.environment.platform import host_target
from packager.environment.wheels import wheel_path
from packager.errors import PackageError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("cache")]


def from_folder(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("PIP_NO_INDEX", "1")
    patch.setenv("PIP_FIND_LINKS", str(folder))
    patch.setenv("UV_FIND_LINKS", str(folder))
    patch.setenv("UV_NO_INDEX", "1")


def test_absent_wheels_come_from_the_users_indexes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_folder(tmp_path / "links", monkeypatch)
    absent = locked(make_wheel(tmp_path / "links", "one", {"one.py": "x = 1\n"}), "server")
    held = in_wheelhouse(make_wheel(tmp_path, "two", {"two.py": "x = 2\n"}), "server")
    target, progress = host_target(), RecordedProgress()
    assert target is not None
    fetch_shipped([absent, held], target, progress)
    assert wheel_path(absent).is_file()


def test_another_file_of_the_same_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_folder(tmp_path / "links", monkeypatch)
    absent = locked(make_wheel(tmp_path / "links", "one", {"one.py": "x = 1\n"}), "server")
    make_wheel(tmp_path / "links", "one", {"one.py": "x = 2\n"})
    target = host_target()
    assert target is not None
    with pytest.raises(PackageError, match=r"shipped\.lock\.json: one-1\.0-.* is offered by none"):
        fetch_shipped([absent], target, RecordedProgress())
