"""Files that are read again after they were hashed."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from host_samples import LOCK, write_project

from packager.digest import HashedFile, hash_files
from packager.errors import PackageError
from packager.image.layers import plain_layer
from packager.image.stack import entries, make_stack
from packager.image.unchanged import read_unchanged, unchanged
from packager.progress import NullProgress
from packager.project.config import load_project
from packager.project.files import read_files

CONTENT = b"channel,basket\nweb,1.5\n" * 100
CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "other bytes": (lambda path: path.write_bytes(CONTENT.swapcase()), "expected sha256 "),
    "longer": (lambda path: path.write_bytes(CONTENT + b"x"), "it is longer now"),
    "shorter": (lambda path: path.write_bytes(CONTENT[:-1]), "it is shorter now"),
    "empty": (lambda path: path.write_bytes(b""), "it is shorter now"),
    "gone": (lambda path: path.unlink(), "it can no longer be read: No such file or directory"),
}


@pytest.fixture
def hashed(tmp_path: Path) -> HashedFile:
    path = tmp_path / "rows.csv"
    path.write_bytes(CONTENT)
    return HashedFile.of(path)


def test_a_hashed_file_knows_digest_size_and_mode(hashed: HashedFile):
    assert (hashed.size, hashed.executable) == (len(CONTENT), False)
    hashed.path.chmod(0o755)
    assert HashedFile.of(hashed.path).executable
    assert HashedFile.of(hashed.path).sha256 == hashed.sha256


@pytest.mark.parametrize("size", [1, 7, len(CONTENT), len(CONTENT) + 1, -1])
def test_what_has_not_changed_is_read(hashed: HashedFile, size: int):
    with unchanged(hashed) as reader:
        assert b"".join(iter(lambda: reader.read(size), b"")) == CONTENT
    assert read_unchanged(hashed) == CONTENT


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_named(hashed: HashedFile, change: str):
    alter, told = CHANGES[change]
    alter(hashed.path)
    with pytest.raises(PackageError) as caught:
        read_unchanged(hashed)
    message = f"{hashed.path}: the file changed while this command ran: {told}"
    assert caught.value.message.startswith(message)
    assert caught.value.hint.startswith("wait until the program that writes it is done")
    with pytest.raises(PackageError, match="the file changed"):
        plain_layer("data", hashed.path.with_suffix(".tar"), entries({"a": hashed}, "data"))


def test_a_block_that_leaves_bytes_unread_has_not_seen_the_file(hashed: HashedFile):
    with pytest.raises(PackageError, match="it is longer now"), unchanged(hashed) as reader:
        reader.read(10)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["data/visits.csv", "train.py", "notes.txt"])
def test_a_file_that_changes_before_its_layer_is_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    folder = write_project(tmp_path / "shop", {"notes.txt": "some\n"})
    project = load_project(folder)
    files, before = read_files(project), (folder / name).read_bytes()
    (folder / name).write_bytes(before.swapcase())
    with pytest.raises(PackageError) as caught:
        make_stack(None, LOCK, files, tmp_path, NullProgress())
    assert caught.value.message.startswith(f"{folder / name}: the file changed while")
    # Nothing of it is in the cache: the next layer holds what was hashed.
    (folder / name).write_bytes(before)
    stack = make_stack(None, LOCK, files, tmp_path, NullProgress())
    layer = stack.data[0] if name.startswith("data/") else stack.below[-1]
    inside = f"data/source/{Path(name).name}" if name.startswith("data/") else f"code/{name}"
    with tarfile.open(layer.path) as tar:
        assert tar.extractfile(inside).read() == before


def test_digests_of_several_files_keep_their_names(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    found = hash_files({"x/a": tmp_path / "a", "b": tmp_path / "b"})
    assert [(name, file.path.name, file.size) for name, file in found.items()] == [
        ("x/a", "a", 1), ("b", "b", 1),
    ]  # fmt: skip
