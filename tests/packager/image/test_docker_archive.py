"""Names in an archive are keys: links point to other keys, never to files of this machine."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from packager.digest import sha256_bytes
from packager.errors import PackageError
from packager.image import docker_archive
from packager.image.docker_archive import MAX_LINKS, open_archive


def refusal(why: str) -> PackageError:
    return PackageError(f"refused: {why}")


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def archive(folder: Path, *members: tuple[str, bytes] | tarfile.TarInfo) -> Path:
    """A tar of files by name and content, and of whatever else is given."""
    path = folder / "image.tar"
    with tarfile.open(path, "w") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    return path


LISTED = ("manifest.json", b'[{"Config": "c.json"}]')


def test_names_are_found_however_they_are_written(tmp_path: Path):
    with open_archive(archive(tmp_path, LISTED, ("./a//b", b"x")), refusal) as found:
        assert found.entries() == [{"Config": "c.json"}]
        assert found.document("a/b") == found.document("./a/../a/b") == b"x"


def test_links_lead_to_other_files_of_the_archive(tmp_path: Path):
    members = (LISTED, ("one/layer.tar", b"x"), link("two/layer.tar", "../one/layer.tar"))
    hard = link("three", "two/layer.tar", tarfile.LNKTYPE)
    with open_archive(archive(tmp_path, *members, hard), refusal) as found:
        assert found.document("two/layer.tar") == found.document("three") == b"x"


@pytest.mark.parametrize("target", ["a", "/etc/passwd", "../../etc/passwd", "gone"])
def test_a_link_in_a_circle_or_out_of_the_archive_leads_nowhere(tmp_path: Path, target: str):
    path = archive(tmp_path, LISTED, link("a", target))
    with open_archive(path, refusal) as found, pytest.raises(PackageError, match="no file"):
        found.find("a")


def test_a_chain_of_links_is_followed_so_far(tmp_path: Path):
    links = [link(f"l{n}", f"l{n - 1}") for n in range(1, MAX_LINKS + 1)]
    with open_archive(archive(tmp_path, LISTED, ("l0", b"x"), *links), refusal) as found:
        assert found.document(f"l{MAX_LINKS - 1}") == b"x"
        with pytest.raises(PackageError, match="no file"):
            found.find("l99")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([("other", b"")], "a tar without manifest.json"),
        ([LISTED, ("a", b""), ("./a", b"")], "'a' twice"),
        ([LISTED, ("a", b""), link("a", "manifest.json")], "'a' twice"),
        ([LISTED, link("pipe", "", tarfile.FIFOTYPE)], "'pipe', which is not a file"),
    ],
)
def test_a_tar_that_is_no_archive_of_images_is_refused(tmp_path: Path, members, why):
    path = archive(tmp_path, *members)
    with pytest.raises(PackageError, match=f"refused: {why}"), open_archive(path, refusal):
        pass


@pytest.mark.parametrize("document", [{}, [1], "x", None])
def test_a_manifest_that_lists_no_images_is_refused(tmp_path: Path, document: object):
    path = archive(tmp_path, ("manifest.json", json.dumps(document).encode()))
    with open_archive(path, refusal) as found, pytest.raises(PackageError, match="no images"):
        found.entries()


def test_more_files_than_an_image_has_are_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(docker_archive, "MAX_FILES", 3)
    path = archive(tmp_path, LISTED, *((str(n), b"") for n in range(3)))
    with pytest.raises(PackageError, match="more than 3 files"), open_archive(path, refusal):
        pass


@pytest.mark.parametrize("error", [KeyError("Config"), TypeError("x\ny"), RecursionError()])
def test_what_a_document_causes_while_it_is_read_is_a_refusal_of_one_line(tmp_path, error):
    with (
        pytest.raises(PackageError, match=type(error).__name__) as caught,
        open_archive(archive(tmp_path, LISTED), refusal),
    ):
        raise error
    assert "\n" not in str(caught.value)


def indexed(*entries: dict[str, object]) -> bytes:
    return json.dumps({"schemaVersion": 2, "manifests": entries}).encode()


def blob(content: bytes) -> tuple[str, bytes]:
    """Name and content of a blob of an OCI layout."""
    return f"blobs/sha256/{sha256_bytes(content)}", content


def entry(content: bytes, **more: object) -> dict[str, object]:
    return {"digest": f"sha256:{sha256_bytes(content)}", **more}


GOOD, EVIL = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
PLATFORM = {"os": "linux", "architecture": "amd64"}


def manifest_of(config: str) -> bytes:
    return json.dumps({"config": {"digest": config}, "layers": []}).encode()


def checked(folder: Path, *members: tuple[str, bytes]) -> None:
    with open_archive(archive(folder, LISTED, *members), refusal) as found:
        found.check_index({GOOD})


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("platform", [{}, {"platform": PLATFORM}])
def test_an_index_beside_the_manifest_has_to_lead_to_the_same_image(
    tmp_path: Path, platform: dict[str, object], nested: bool
):
    """Some engines load what the one names, others what the other does."""

    def members(config: str) -> list[tuple[str, bytes]]:
        content = manifest_of(config)
        top, found = indexed(entry(content, **platform)), [blob(content)]
        if nested:
            found, top = [*found, blob(top)], indexed(entry(top))
        return [*found, ("index.json", top)]

    checked(tmp_path, *members(GOOD))
    with pytest.raises(PackageError, match=f"leads to another image \\({EVIL}\\)"):
        checked(tmp_path, *members(EVIL))


def test_what_an_index_names_and_the_archive_lacks_or_only_attaches(tmp_path: Path):
    attached = manifest_of(EVIL)
    unknown = {"platform": {"os": "unknown", "architecture": "unknown"}}
    inner = indexed(entry(manifest_of("other"), platform=PLATFORM), entry(attached, **unknown))
    checked(tmp_path, ("index.json", indexed(entry(inner))), blob(inner), blob(attached))
    # Engines load what the index of the archive itself names, whatever its platform.
    top = ("index.json", indexed(entry(attached, **unknown)))
    with pytest.raises(PackageError, match=f"leads to another image \\({EVIL}\\)"):
        checked(tmp_path, top, blob(attached))


def test_an_index_of_other_bytes_or_in_a_circle(tmp_path: Path):
    name, content = blob(manifest_of(EVIL))
    top = ("index.json", indexed(entry(content)))
    with pytest.raises(PackageError, match="that does not match its digest"):
        checked(tmp_path, top, (name, manifest_of(GOOD)))
    deep = indexed()
    blobs = []
    for _ in range(docker_archive.MAX_MANIFESTS + 1):
        blobs.append(blob(deep))
        deep = indexed(entry(deep))
    with pytest.raises(PackageError, match="more than 64 indexes"):
        checked(tmp_path, ("index.json", deep), *blobs)
