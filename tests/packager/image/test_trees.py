"""The files of a layer by digest; kinds of files that no package has are refused."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from packager.errors import PackageError
from packager.image.layers import Layer
from packager.image.trees import tree_of


def raw_layer(folder: Path, *members: tarfile.TarInfo) -> Layer:
    path = folder / "raw.tar"
    with tarfile.open(path, "w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"") if member.isreg() else None)
    return Layer("code", path, "sha256:" + "0" * 64, path.stat().st_size)


def member(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "code/a"
    return info


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ([member("code/.wh.train.py")], "hides a file of a lower layer"),
        ([member("code/a"), member("code/a")], "'code/a' twice"),
        ([member("code/a"), member("code/a", tarfile.DIRTYPE)], "'code/a' twice"),
        ([member("code/a", tarfile.DIRTYPE), member("code/a")], "'code/a' twice"),
        ([member("code/a"), member("code/b", tarfile.LNKTYPE)], "no file, folder or symbolic link"),
        ([member("code/b", tarfile.FIFOTYPE)], "no file, folder or symbolic link"),
        ([member("code/../etc/passwd")], "the path 'code/../etc/passwd'"),
    ],
)
def test_a_layer_with_what_no_layer_holds_is_refused(
    tmp_path: Path, members: list[tarfile.TarInfo], found: str
) -> None:
    with pytest.raises(PackageError) as caught:
        tree_of(raw_layer(tmp_path, *members))
    assert found in caught.value.message
