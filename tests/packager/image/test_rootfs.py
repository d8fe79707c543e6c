from __future__ import annotations

import io
import os
import stat
import tarfile
from functools import partial
from pathlib import Path

import pytest
from example_counts import many
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.errors import PackageError
from packager.image.rootfs import find_python, resolve_inside, unpack_layers


def file(name: str, content: bytes = b"", mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), mode
    return info, content


def other(kind: bytes, name: str, target: str = "", mode: int = 0o755):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, mode
    return info, b""


def folder(name: str, mode: int = 0o755):
    return other(tarfile.DIRTYPE, name, mode=mode)


def link(name: str, target: str):
    return other(tarfile.SYMTYPE, name, target)


def hard(name: str, target: str):
    return other(tarfile.LNKTYPE, name, target)


@pytest.fixture
def unpack(tmp_path: Path):
    """Stack layers, given as lists of members, into a root."""

    def run(*layers) -> Path:
        paths = []
        for number, members in enumerate(layers):
            paths.append(tmp_path / f"{number}.tar")
            with tarfile.open(paths[-1], "w") as tar:
                for info, content in members:
                    tar.addfile(info, io.BytesIO(content))
        return unpack_layers(paths, tmp_path / "root")

    return run


def names(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def test_an_upper_layer_hides_a_lower_one(unpack):
    root = unpack([folder("a"), file("a/one", b"1"), file("a/two", b"2")], [file("a/two", b"new")])
    assert names(root) == ["a", "a/one", "a/two"]
    assert (root / "a/two").read_bytes() == b"new"


def test_a_whiteout_hides_a_file_or_a_whole_folder(unpack):
    root = unpack(
        [file("a/one"), file("a/two"), file("b/deep/three"), link("c", "a")],
        [file("a/.wh.one"), file(".wh.b"), file(".wh.c"), file(".wh.never")],
    )
    assert names(root) == ["a", "a/two"]


def test_a_whiteout_hides_only_what_is_below_its_layer(unpack):
    root = unpack([file("a/one", b"old")], [file("a/one", b"new"), file("a/.wh.one")])
    assert (root / "a/one").read_bytes() == b"new"


def test_an_opaque_whiteout_hides_all_that_a_folder_held(unpack):
    below = [file("a/one"), file("a/deep/two"), file("b")]
    root = unpack(below, [folder("a"), file("a/new"), file("a/.wh..wh..opq")])
    assert names(root) == ["a", "a/new", "b"]


def test_a_hidden_folder_can_come_again(unpack):
    root = unpack([file("a/one")], [file(".wh.a")], [file("a/two")])
    assert names(root) == ["a", "a/two"]


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ([file("x/a")], [file("x", b"file")]),
        ([file("x", b"old")], [folder("x"), file("x/a")]),
        ([file("x", b"old")], [link("x", "y")]),
        ([link("x", "nowhere")], [file("x", b"file")]),
        ([link("x", "nowhere")], [folder("x")]),
    ],
)
def test_one_kind_of_entry_replaces_another(unpack, lower, upper):
    root = unpack(lower, upper)
    kind = upper[0][0]
    assert (root / "x").is_symlink() == kind.issym()
    assert (root / "x").is_dir() == kind.isdir()


def test_links_and_modes_are_kept(unpack):
    root = unpack([file("bin/run", b"#!", 0o755), link("run", "/bin/run"), hard("b", "bin/run")])
    assert os.readlink(root / "run") == "/bin/run"
    assert stat.S_IMODE((root / "bin/run").stat().st_mode) == 0o755
    assert (root / "b").samefile(root / "bin/run")


def test_devices_are_left_out(unpack):
    root = unpack([other(tarfile.CHRTYPE, "dev/null"), other(tarfile.FIFOTYPE, "pipe"), file("a")])
    assert names(root) == ["a"]


def test_what_others_locked_stays_open_for_its_owner_here(unpack):
    root = unpack([folder("usr", mode=0o555), file("usr/secret", b"x", 0o000)], [file("usr/more")])
    assert stat.S_IMODE((root / "usr").stat().st_mode) == 0o755
    assert stat.S_IMODE((root / "usr/secret").stat().st_mode) & 0o400


def test_links_above_a_member_are_followed_inside_the_root(unpack):
    root = unpack(
        [folder("run"), folder("usr/lib"), link("var/run", "/run"), link("lib", "usr/lib")],
        [file("var/run/pid", b"1"), file("lib/x.so"), hard("lib/y.so", "lib/x.so")],
        [file("lib/.wh.x.so")],
    )
    assert (root / "run/pid").read_bytes() == b"1"
    assert os.readlink(root / "var/run") == "/run"
    assert names(root / "usr/lib") == ["y.so"]


@pytest.mark.parametrize(
    "attack",
    [
        [link("out", "{outside}"), file("out/kept", b"changed")],
        [link("out", "{outside}"), file("out/.wh.kept")],
        [link("out", "{outside}"), file("out/.wh..wh..opq")],
        [link("out", "../outside"), file("out/kept", b"changed")],
        [file("../outside/kept", b"changed")],
        [file("../outside/.wh.kept")],
        [file("{outside}/kept", b"changed")],
        [link("x", "{outside}/kept"), file("x", b"changed")],
        [file("kept"), hard("x", "../outside/kept"), file("x", b"changed")],
        [link("out", "{outside}"), folder("out/more")],
    ],
)
def test_nothing_outside_the_root_is_ever_touched(unpack, tmp_path: Path, attack):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (outside / "kept").chmod(0o600)
    for info, _ in attack:
        info.name = info.name.replace("{outside}", str(outside))
        info.linkname = info.linkname.replace("{outside}", str(outside))
    try:
        unpack(attack[:1], attack[1:])
    except (PackageError, tarfile.TarError, KeyError) as refused:
        assert str(refused)  # noqa: PT017  (refusing is as good as keeping it inside)
    assert names(outside) == ["kept"]
    assert (outside / "kept").read_text() == "kept"
    assert stat.S_IMODE((outside / "kept").stat().st_mode) == 0o600
    assert (outside / "kept").stat().st_nlink == 1


def test_a_ring_of_links_is_refused(unpack):
    with pytest.raises(PackageError, match="layer: a/x is a dangling link"):
        unpack([link("a", "b"), link("b", "a")], [file("a/x")])


def test_python_is_found_on_the_path_of_the_base(unpack):
    root = unpack(
        [
            file("usr/bin/python3.11"),
            link("usr/bin/python3", "python3.11"),
            link("bin", "usr/bin"),
            file("opt/bin/python3"),
        ]
    )
    found = partial(resolve_inside, root)
    assert find_python(found, ["A=1", "PATH=/nowhere:/bin:/opt/bin"]) == "/usr/bin/python3.11"
    assert find_python(found, ["PATH=/opt/bin:/bin"]) == "/opt/bin/python3"
    assert find_python(found, []) == "/usr/bin/python3.11"


def test_a_base_without_python_is_refused(unpack):
    with pytest.raises(PackageError) as caught:
        find_python(partial(resolve_inside, unpack([file("bin/sh")])), ["PATH=/bin"])
    assert caught.value.message == "base: expected python3 on its PATH (/bin), got none"
    assert caught.value.hint == "choose a base with Python"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("/bin/tool", "/usr/bin/tool"),
        ("bin/./tool", "/usr/bin/tool"),
        ("/bin/../tool", "/usr/tool"),
        ("/../../usr/tool", "/usr/tool"),
        ("/up", "/usr/tool"),
        ("/usr/bin", None),
        ("/bin/none", None),
        ("/ring", None),
        ("/host", None),
        ("/", None),
    ],
)
def test_a_name_is_followed_as_a_container_would(unpack, name: str, found: str | None):
    root = unpack(
        [
            file("usr/bin/tool"),
            file("usr/tool"),
            link("bin", "/usr/bin"),
            link("up", "../../../usr/./tool"),
            link("ring", "ring"),
            link("host", "/etc/hostname"),
        ]
    )
    assert resolve_inside(root, name) == found


@settings(max_examples=many(60))
@given(
    st.dictionaries(st.sampled_from("abc"), st.text("abc./", min_size=1, max_size=8), max_size=3),
    st.text("abc./", max_size=10),
)
def test_no_link_leads_out_of_the_root(tmp_path_factory, links, name):
    top = tmp_path_factory.mktemp("top")
    (top / "a").write_text("outside")
    root = top / "root"
    (root / "b").mkdir(parents=True)
    (root / "b" / "c").write_text("inside")
    for where, target in links.items():
        if not (root / where).exists():
            (root / where).symlink_to(target)
    found = resolve_inside(root, name)
    if found is not None:
        assert (root / found.lstrip("/")).resolve().is_relative_to(root)
        assert (root / found.lstrip("/")).read_text() == "inside"
