"""Archives that mean harm, and downloads with credentials."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest
from indexes import folder_index, private_index
from source_samples import sdist

from packager.environment.source_trees import PackagedCode, source_tree, unpack_archive
from packager.environment.sources import parse_source
from packager.errors import PackageError

pytestmark = pytest.mark.usefixtures("cache")


def tar_of(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, int(kind == tarfile.REGTYPE)
    return info


@pytest.mark.parametrize(
    "bad",
    [member("../x"), member("/x"), member("x/l", tarfile.SYMTYPE, "../../y"),
     member("x/p", tarfile.FIFOTYPE)],
)  # fmt: skip
def test_a_tar_that_leaves_its_folder_is_refused(tmp_path: Path, bad: tarfile.TarInfo):
    path = tar_of(tmp_path / "x-1.tar.gz", member("x/setup.py"), bad)
    (tmp_path / "out" / "in").mkdir(parents=True)
    with pytest.raises(PackageError, match=r"^x: "):
        unpack_archive(path, tmp_path / "out" / "in", "x")
    assert [p.name for p in (tmp_path / "out").iterdir() if p.name != "plain.tar"] == ["in"]


@pytest.mark.parametrize("kind", ["up", "link", "damaged"])
def test_a_zip_that_leaves_its_folder_is_refused(tmp_path: Path, kind: str):
    path = tmp_path / "x-1.zip"
    with ZipFile(path, "w") as archive:
        info = ZipInfo("../x" if kind == "up" else "x/l")
        info.external_attr = (0o120777 if kind == "link" else 0o100644) << 16
        archive.writestr(info, "../../etc")
    if kind == "damaged":
        path.write_bytes(path.read_bytes()[:40])
    (tmp_path / "in").mkdir()
    with pytest.raises(PackageError, match=r"^x: "):
        unpack_archive(path, tmp_path / "in", "x")
    assert not (tmp_path / "x").exists()


def test_a_download_gets_the_credentials_of_its_address_and_tells_none(tmp_path: Path):
    archive, project = sdist(tmp_path, "x"), PackagedCode(tmp_path, {})
    (tmp_path / "links").mkdir()
    options = folder_index(tmp_path / "links")
    with private_index(archive, "me", "t0ps3cr3t") as host:
        address = f"http://me:{{}}@{host}/files/{archive.name}"
        good, bad = (parse_source(address.format(word)) for word in ("t0ps3cr3t", "wr0ng-w0rd"))
        assert good is not None
        assert bad is not None
        with source_tree(good, good.recorded(tmp_path), project, options) as tree:
            assert (tree.project / "x.py").is_file()
        with (
            pytest.raises(PackageError) as caught,
            source_tree(bad, bad.recorded(tmp_path), project, options),
        ):
            pass
    assert "the server answered 401" in caught.value.message
    assert "~/.netrc" in caught.value.hint
    with (
        pytest.raises(PackageError) as gone,
        source_tree(good, good.recorded(tmp_path), project, options),
    ):
        pass
    for told in (tree.name, caught.value.message, gone.value.message, gone.value.hint):
        assert "t0ps3cr3t" not in told
        assert "wr0ng" not in told
