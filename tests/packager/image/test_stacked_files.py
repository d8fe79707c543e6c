from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from packager.errors import PackageError
from packager.image.layers import Entry, plain_layer
from packager.image.rootfs import resolve_inside, unpack_layers
from packager.image.stacked_files import StackedFiles

pytestmark = pytest.mark.slow

NAMES = ("a", "b", "a/c", "a/d", "a/c/e", "b/c")
KINDS = {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "folder": tarfile.DIRTYPE}
TARGETS = ("a", "/b", "c", "../b", "a/c", "..", "/a/c/e")
MEMBERS = st.one_of(
    st.tuples(st.just("file"), st.sampled_from(NAMES), st.sampled_from(("x", "y"))),
    st.tuples(st.just("link"), st.sampled_from(NAMES), st.sampled_from(TARGETS)),
    st.tuples(st.just("hard"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("folder"), st.sampled_from(NAMES), st.just("")),
    st.tuples(st.just("gone"), st.sampled_from((*NAMES, "a/.wh.opq")), st.just("")),
)


def write(path: Path, members: list[tuple[str, str, str]]) -> Path:
    with tarfile.open(path, "w") as tar:
        for kind, name, text in members:
            info = tarfile.TarInfo(name)
            if kind == "file":
                info.size = len(text)
            elif kind == "gone":
                above, _, last = name.rpartition("/")
                last = ".wh..wh..opq" if last == ".wh.opq" else f".wh.{last}"
                info.name = f"{above}/{last}" if above else last
            else:
                kinds = {
                    "link": tarfile.SYMTYPE,
                    "hard": tarfile.LNKTYPE,
                    "folder": tarfile.DIRTYPE,
                }
                info.type, info.linkname, info.mode = kinds[kind], text, 0o755
            tar.addfile(info, io.BytesIO(text.encode() if kind == "file" else b""))
    return path


@given(st.lists(st.lists(MEMBERS, max_size=4), min_size=1, max_size=3))
def test_it_finds_what_unpacked_layers_have(layers: list[list[tuple[str, str, str]]]):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [write(folder / f"{n}.tar", members) for n, members in enumerate(layers)]
        try:
            root = unpack_layers(paths, folder / "root")
        except (PackageError, OSError):
            assume(False)
        with StackedFiles(paths) as tree:
            for place in NAMES:
                found = resolve_inside(root, place)
                assert tree.resolve(place) == found
                if found is not None:
                    assert tree.content(found, 10) == (root / found.lstrip("/")).read_bytes()


def test_files_below_a_folder_are_listed_without_links(tmp_path: Path):
    entries = [Entry("a/b/c", source=b"1"), Entry("a/d", source=b"2"), Entry("a/e", link="d")]
    layer = plain_layer("x", tmp_path / "x.tar", entries)
    with StackedFiles([layer.path]) as tree:
        assert list(tree.below("/a")) == ["/a/b/c", "/a/d"]
        assert list(tree.below("/a/d")) == list(tree.below("/none")) == []
        assert tree.resolve("a/e") == "/a/d"
        with pytest.raises(PackageError, match="more than 0"):
            tree.content("/a/d", 0)


def test_a_damaged_layer_is_an_error(tmp_path: Path):
    (tmp_path / "x.tar").write_bytes(b"no tar")
    with pytest.raises(PackageError, match=r"layer x\.tar: expected a plain tar"):
        StackedFiles([tmp_path / "x.tar"])
