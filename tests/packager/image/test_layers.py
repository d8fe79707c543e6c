from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.digest import sha256_file
from packager.image.layers import (
    Entry,
    file_mode,
    tree_entries,
    with_parents,
    write_tar,
)

part = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=120
).filter(lambda text: text not in (".", ".."))
names = st.lists(part, min_size=1, max_size=4).map("/".join)
trees = st.dictionaries(names, st.binary(max_size=40), max_size=8)


def written(folder: Path, entries) -> bytes:
    write_tar(folder / "layer.tar", entries)
    return (folder / "layer.tar").read_bytes()


def read(path: Path) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(path) as tar:
        return {info.name: info for info in tar}


def as_entries(tree: dict[str, bytes]) -> list[Entry]:
    """A tree as entries, without names that are both a file and a folder."""
    above = {name.rsplit("/", n)[0] for name in tree for n in range(1, name.count("/") + 1)}
    return [Entry(name, source=content) for name, content in tree.items() if name not in above]


@pytest.mark.slow
@settings(max_examples=many(60))
@given(trees, st.randoms())
def test_the_order_of_entries_does_not_show(tmp_path_factory, tree, random):
    folder = tmp_path_factory.mktemp("layer")
    entries = as_entries(tree)
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert written(folder, entries) == written(folder, iter(shuffled))


def described(info: tarfile.TarInfo) -> tuple[object, ...]:
    """What a reader of a layer uses of a member."""
    where = (info.offset, info.offset_data, info.size)
    return (info.name, info.type, info.linkname, info.mode, info.uid, info.gid, *where)


@pytest.mark.slow
@settings(max_examples=many(60))
@given(trees)
def test_any_name_and_content_reads_back_below_its_folders(tmp_path_factory, tree):
    folder = tmp_path_factory.mktemp("layer")
    entries = as_entries(tree)
    diff_id, size, written_members = write_tar(folder / "layer.tar", entries)
    assert diff_id == f"sha256:{sha256_file(folder / 'layer.tar')}"
    assert size == (folder / "layer.tar").stat().st_size
    with tarfile.open(folder / "layer.tar") as tar:
        members = tar.getmembers()
        content = {m.name: tar.extractfile(m).read() for m in members if m.isfile()}
    assert content == {entry.name: entry.source for entry in entries}
    assert [described(one) for one in written_members] == [described(one) for one in members]
    seen = set()
    for member in members:
        assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
        assert member.mtime == 0
        assert member.name not in seen
        assert "/" not in member.name or member.name.rsplit("/", 1)[0] in seen
        seen.add(member.name)


@pytest.mark.parametrize("name", ["a" * 99, "a" * 100, "a" * 101, "d/" * 90 + "größe", "x" * 255])
def test_long_and_foreign_names_are_kept(tmp_path: Path, name: str):
    entries = [Entry(name, source=b"x"), Entry("link", link=name)]
    told = write_tar(tmp_path / "layer.tar", entries).members
    found = read(tmp_path / "layer.tar")
    assert [described(one) for one in told] == [*map(described, found.values())]
    assert found[name].isfile()
    assert found["link"].linkname == name


def make_tree(folder: Path, order) -> Path:
    for name in order:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        if name.endswith(".sh"):
            path.chmod(path.stat().st_mode | 0o100)
    (folder / "link").symlink_to("a/b.py")
    (folder / "empty").mkdir()
    return folder


def test_a_tree_gives_the_same_bytes_under_another_umask_clock_and_order(tmp_path: Path):
    order = ["a/b.py", "a/run.sh", "Z", "ä/c"]
    one = make_tree(tmp_path / "one", order)
    old = os.umask(0o077)
    try:
        two = make_tree(tmp_path / "two", reversed(order))
    finally:
        os.umask(old)
    for path in two.rglob("*"):
        os.utime(path, (1e9, 1e9), follow_symlinks=False)
    assert written(tmp_path, tree_entries(one, "x")) == written(tmp_path, tree_entries(two, "x"))


def test_modes_are_plain_ones(tmp_path: Path):
    tree = make_tree(tmp_path / "tree", ["a/b.py", "a/run.sh"])
    (tree / "a" / "b.py").chmod(0o606)
    write_tar(tmp_path / "layer.tar", [*tree_entries(tree, "x"), Entry("tmp", mode=0o1777)])
    found = read(tmp_path / "layer.tar")
    assert {name: info.mode for name, info in found.items()} == {
        "tmp": 0o1777,
        "x": 0o755,
        "x/a": 0o755,
        "x/a/b.py": 0o644,
        "x/a/run.sh": 0o755,
        "x/empty": 0o755,
        "x/link": 0o777,
    }
    assert found["x/link"].linkname == "a/b.py"
    assert file_mode(tree / "a/run.sh") == 0o755


def test_of_two_entries_with_one_name_the_later_counts():
    first, second = Entry("a/b", source=b"1"), Entry("a/b", source=b"2")
    assert with_parents([first, second]) == [Entry("a"), second]


def test_a_given_folder_is_not_replaced_by_a_plain_one():
    given_folder = Entry("a", mode=0o700)
    assert with_parents([Entry("a/b", source=b""), given_folder])[0] is given_folder


def test_the_prefix_may_be_empty(tmp_path: Path):
    tree = make_tree(tmp_path / "tree", ["a/b.py"])
    assert [entry.name for entry in tree_entries(tree, "")] == ["a", "a/b.py", "empty", "link"]
