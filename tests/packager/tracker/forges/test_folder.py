from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.tracker.forges.folder import Folder
from packager.tracker.forges.forge import Draft

DRAFT = Draft("title", "body", ("model-packager", "P1"))


def test_an_issue_is_a_file_that_keeps_what_was_done(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "a" / "issues")
    assert folder.name == f"folder:{tmp_path}/a/issues"
    assert not folder.is_public
    made = folder.create(DRAFT)
    assert (made.number, made.open, made.title, made.body) == ("1", True, "title", "body")
    folder.comment("1", "hello")
    folder.close("1")
    folder.update("1", Draft("other", "text", ()))
    again = Folder(tmp_path / "a" / "issues")
    found = again.get("1")
    assert found is not None
    assert (found.open, found.title, found.comments) == (False, "other", 1)
    assert [(one.id, one.author, one.text) for one in again.comments("1")] == [
        ("1", "tracker", "hello")
    ]
    folder.reopen("1")
    assert [one.open for one in again.all()] == [True]


def test_numbers_go_on_after_the_largest(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for _ in range(11):
        folder.create(DRAFT)
    (tmp_path / "3.json").unlink()
    (tmp_path / "notes.json").write_text('{"open": true}')
    assert folder.create(DRAFT).number == "12"
    (tmp_path / "notes.json").unlink()
    assert [one.number for one in folder.all()] == [
        "1", "2", *map(str, range(4, 13)),
    ]  # fmt: skip
    assert folder.get("3") is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "1.json").write_text("{")
    with pytest.raises(PackageError, match=r"1\.json: expected an issue"):
        list(folder.all())
