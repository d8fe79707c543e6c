"""The list of an image's files and the digests that a manifest has of them."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trust_samples import layer_of

from packager.digest import HashedFile
from packager.errors import PackageError
from packager.image.file_list import (
    FileList,
    entries_listing,
    keep_listing,
    known_listing,
    layer_listing,
    strays,
)
from packager.image.layers import Entry, Layer, plain_layer

SHA = "ab" * 32
IMAGE = {
    "code": "folder 755",
    "code/train.py": f"644 {SHA}",
    "code/run": f"755 {SHA}",
    "code/link": "link train.py",
    "opt": "folder 755",
    "opt/venv": "folder 700",
    "opt/venv/a b\n%.py": f"644 {SHA}",
    "package": "folder 755",
    "package/manifest.json": f"644 {SHA}",
}


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))


def test_the_text_names_files_with_modes_and_links_and_not_the_package_itself() -> None:
    found = FileList.of([IMAGE], [{"data": "folder 755", "data/a.csv": f"644 {SHA}"}])
    short = SHA[:8]
    assert found.text().splitlines() == [
        "code/",
        " link >%20train.py",
        f" run 755%20{short}",
        f" train.py {short}",
        "opt/venv/ 700",
        f" a%20b%0A%25.py {short}",
        "companion",
        "data/",
        f" a.csv {short}",
    ]
    assert FileList.parse(found.text()) == found.shortened()
    assert found.shortened().image["code/run"] == f"755 {short}"
    assert found.shortened().image["opt/venv"] == "folder 700"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("code/train.py", f"644 {'cd' * 32}"),
        ("code/train.py", f"755 {SHA}"),
        ("code/train.py", f"644 1000:0 {SHA}"),
        ("code/train.py", "link run"),
        ("code/link", "link run"),
        ("code/new", f"644 {SHA}"),
        ("code/empty", "folder 755"),
        ("code", "folder 777"),
        ("opt/venv", "folder 755"),
    ],
)
def test_any_change_of_a_file_link_or_folder_changes_its_folders_digest(
    name: str, what: str
) -> None:
    before, _ = FileList.of([IMAGE]).trees()
    after, _ = FileList.of([IMAGE | {name: what}]).trees()
    top = "/opt/venv" if name.startswith("opt") else "/code"
    assert before.keys() == {"/code", "/opt/venv"}
    assert {one for one in before if before[one] != after[one]} == {top}
    shown = FileList.of([IMAGE | {name: what}]).shortened().image
    assert shown != FileList.of([IMAGE]).shortened().image


def test_a_companion_is_what_it_adds_to_the_image() -> None:
    added = {"opt": "folder 755", "opt/venv": "folder 700", "opt/harness": "folder 755"}
    assert FileList.of([IMAGE], [added]).companion == {"opt/harness": "folder 755"}
    replaced = {"code/train.py": f"644 {'cd' * 32}"}
    assert FileList.of([IMAGE], [replaced]).companion == replaced


def test_what_lies_outside_or_is_special_in_the_package_is_named() -> None:
    assert strays(IMAGE) == []
    odd = {
        "etc/passwd": f"644 {SHA}",
        "opt": "folder 777",
        "package/x": "link /etc/passwd",
        "package/run": f"755 {SHA}",
        "package/own": f"644 1000:0 {SHA}",
        "codes": "folder 755",
    }
    assert strays(IMAGE | odd) == sorted(odd)


def test_a_layer_is_read_once_and_only_if_it_has_its_digest(tmp_path: Path) -> None:
    layer = layer_of(tmp_path, "code", {"code/a.py": b"x"})
    assert known_listing(layer.diff_id) is None
    found = layer_listing(layer)
    assert known_listing(layer.diff_id) == found == layer_listing(layer)
    other = layer_of(tmp_path, "code", {"code/a.py": b"y"})
    changed = Layer("code", other.path, f"sha256:{'0' * 64}", other.size)
    with pytest.raises(PackageError, match="expected sha256:0000"):
        layer_listing(changed)
    assert known_listing(changed.diff_id) is None


def test_a_damaged_list_in_the_cache_is_made_again(tmp_path: Path) -> None:
    layer = layer_of(tmp_path, "code", {"code/a.py": b"x"})
    listing = layer_listing(layer)
    (cached,) = (tmp_path / "cache" / "listings").iterdir()
    for damaged in (cached.read_bytes().replace(b"644", b"755"), b"", b"x", b"\xff\n"):
        cached.write_bytes(damaged)
        assert known_listing(layer.diff_id) is None
        assert layer_listing(layer) == listing == known_listing(layer.diff_id)


def test_entries_have_the_list_of_the_layer_that_they_make(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"content")
    hashed = HashedFile.of(file)
    entries = [
        Entry("models/model/a", source=file, mode=0o755),
        Entry("models/model/b", source=hashed),
        Entry("models/c", link="model/a"),
        Entry("models/d"),
    ]
    layer = plain_layer("model", tmp_path / "model.tar", entries)
    listed = entries_listing(entries, {"models/model/a": hashed.sha256})
    assert listed == layer_listing(layer)


NAMES = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=8
).filter(lambda name: name not in (".", ".."))


@given(st.dictionaries(NAMES, st.sampled_from([f"644 {SHA}", f"4755 {SHA}", "link a b"])))
def test_any_name_survives_the_text(names: dict[str, str]) -> None:
    listing = {f"code/{name}": what for name, what in names.items()} | {"code": "folder 755"}
    found = FileList.parse(FileList.of([listing]).text()).image
    assert found == {
        name: what if what.startswith(("link", "folder")) else what[: what.index(" ") + 9]
        for name, what in listing.items()
    }


@given(NAMES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_survives_the_cache(tmp_path: Path, name: str) -> None:
    layer = Layer("code", tmp_path, f"sha256:{'1' * 64}", 0)
    keep_listing(layer, {f"code/{name}": f"link {name}"})
    assert known_listing(layer.diff_id) == {f"code/{name}": f"link {name}"}


def test_extended_attributes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "layer.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("code/a")
        info.pax_headers = {"SCHILY.xattr.security.capability": "x"}
        tar.addfile(info)
    digest = f"sha256:{HashedFile.of(path).sha256}"
    with pytest.raises(PackageError, match="with the attribute 'SCHILY"):
        layer_listing(Layer("code", path, digest, path.stat().st_size))


@pytest.mark.parametrize("what", ["link /tmp", f"644 {SHA}"])
def test_what_takes_the_place_of_a_folder_removes_its_files(what: str) -> None:
    """Two layers would remove them unnoticed: a link there, and then the folder again."""
    hidden = [{"code": what}, {"code": "folder 755"}]
    found = FileList.of([IMAGE, *hidden])
    assert [name for name in found.image if name.startswith("code")] == ["code"]
    assert found.trees() != FileList.of([IMAGE]).trees()
    above = FileList.of([IMAGE], hidden)
    assert above.companion == dict.fromkeys(
        ("code/train.py", "code/run", "code/link"), "removed by a layer above"
    )
    assert above.trees()[1] != FileList.of([IMAGE]).trees()[1]


def test_a_folder_without_an_entry_of_its_own_is_replaced_as_well() -> None:
    bare = {"code/deep/a.py": f"644 {SHA}"}
    found = FileList.of([bare, {"code/deep": "link x"}, {"code/deep": "folder 755"}])
    assert found.image == {"code/deep": "folder 755"}
