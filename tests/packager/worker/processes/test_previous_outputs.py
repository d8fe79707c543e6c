"""Leftovers of a first training are removed before the second one."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.model.paths import Root
from packager.worker.processes.previous_outputs import hide_new_files, snapshot


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Root:
    """A project of two files, and a temporary folder of its own."""
    made = Root(tmp_path / "root")
    (made.code / "parts").mkdir(parents=True)
    (made.code / "train.py").write_text("x = 1")
    (made.path / "tmp").mkdir()
    (made.path / "tmp" / "old").write_text("old")
    monkeypatch.setenv("HOME", str(tmp_path))  # not below the root: not looked at
    monkeypatch.setattr("tempfile.tempdir", str(made.path / "tmp"))
    return made


def names(root: Root) -> list[str]:
    found = (path.relative_to(root.path).as_posix() for path in root.path.rglob("*"))
    return sorted(name for name in found if ".aside-" not in name)


def test_new_files_and_folders_are_away_and_come_back(root: Root, tmp_path: Path) -> None:
    before = snapshot(root, tmp_path / "out")
    as_it_was = names(root)
    (root.path / "tmp" / "cache").mkdir()
    (root.path / "tmp" / "cache" / "model").write_text("first")
    (root.code / "parts" / "model").write_text("first")
    (tmp_path / "elsewhere").write_text("of somebody else")
    with hide_new_files(before):
        assert names(root) == as_it_was
        assert (tmp_path / "elsewhere").exists()
        (root.code / "parts" / "model").write_text("second")
    assert set(names(root)) - set(as_it_was) == {"tmp/cache", "tmp/cache/model", "code/parts/model"}
    assert (root.code / "parts" / "model").read_text() == "first"
    assert not list(root.path.rglob(".aside-*"))


@pytest.mark.parametrize("text", ["x = 2, and more", None])
def test_a_file_of_the_project_that_was_changed_is_refused(
    root: Root, tmp_path: Path, text: str | None
) -> None:
    before = snapshot(root, tmp_path / "out")
    if text is None:
        (root.code / "train.py").unlink()
    else:
        (root.code / "train.py").write_text(text)
    with pytest.raises(PackageError) as caught, hide_new_files(before):
        pass
    assert caught.value.message == "the recipe changed train.py, a file of its own project"
    assert "write to the temporary folder" in caught.value.hint


def test_results_of_the_worker_stay_where_they_are(root: Root) -> None:
    out = root.path / "tmp" / "out"
    before = snapshot(root, out)
    out.mkdir()
    (out / "model").write_text("first")
    with hide_new_files(before):
        assert (out / "model").exists()
