"""Bundles are kept beside the image, replaced by the same key only, and never in the image."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from built_packages import Built, built
from image_samples import make_images
from signed_packages import new_key, reindexed, sign_folder, signed_folder, verified

from packager.digest import canonical_json, sha256_bytes
from packager.errors import PackageError, UsageError
from packager.image.export import write_archive, write_oci
from packager.image.oci_folder import stored_descriptor
from packager.image.reference import open_reference
from packager.trust.attached import BILL_TYPE, attachment
from packager.trust.envelope import signed_bundle
from packager.trust.sbom import bill_of_materials
from packager.trust.sign import sign_package
from packager.trust.statements import bill_statement, cosign_statement
from packager.trust.store import (
    hinted_key,
    keep_bundles,
    read_lines,
    stored_bundles,
    write_lines,
)
from packager.trust.whole_image import examined_facts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """One package, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield built(tmp_path_factory.mktemp("built"))


def kept(folder: Path) -> list[bytes]:
    with open_reference(str(folder), None) as reference:
        return stored_bundles(reference, None, pytest.fail)


def test_a_folder_keeps_them_as_manifests_with_a_subject(made: Built, tmp_path: Path) -> None:
    folder = tmp_path / "oci"
    write_oci(made.images(), folder)
    before = json.loads((folder / "index.json").read_bytes())["manifests"]
    bundles = sign_folder(folder, new_key(tmp_path / "k"))
    after = json.loads((folder / "index.json").read_bytes())["manifests"]
    assert after[:2] == before
    assert [entry["artifactType"] for entry in after[2:]] == [
        "application/vnd.dev.sigstore.bundle.v0.3+json"
    ] * len(bundles) + [BILL_TYPE]
    with open_reference(str(folder), None) as reference:
        bill = bill_of_materials(reference)
    manifest = json.loads((folder / "blobs/sha256" / after[-1]["digest"][7:]).read_bytes())
    assert manifest["subject"]["digest"] == before[0]["digest"]
    assert (folder / "blobs/sha256" / manifest["layers"][0]["digest"][7:]).read_bytes() == bill
    manifest = json.loads((folder / "blobs/sha256" / after[2]["digest"][7:]).read_bytes())
    assert manifest["subject"]["digest"] == before[0]["digest"]
    assert manifest["annotations"] == {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": "https://model-packager/package/v1",
    }
    assert kept(folder) == bundles
    with open_reference(str(folder), None) as reference:
        assert reference.has_companion


def test_signing_again_replaces_those_of_the_same_key(made: Built, tmp_path: Path) -> None:
    folder = tmp_path / "oci"
    one, two = new_key(tmp_path / "k"), new_key(tmp_path / "o")
    first = signed_folder(folder, made.images(), one)
    index = (folder / "index.json").read_bytes()
    sign_folder(folder, one)
    assert (folder / "index.json").read_bytes() == index
    second = sign_folder(folder, two)
    assert kept(folder) == [*first, *second]
    entries = json.loads((folder / "index.json").read_bytes())["manifests"]
    kinds = [entry.get("artifactType") for entry in entries]
    assert kinds.count(BILL_TYPE) == 1  # both keys signed the same bill


def test_the_bill_of_a_replaced_statement_goes_with_it(made: Built, tmp_path: Path) -> None:
    folder, key = tmp_path / "oci", new_key(tmp_path / "k")
    write_oci(made.images(), folder)
    with open_reference(str(folder), None) as reference:
        old = bill_statement({"bomFormat": "old"}, examined_facts(reference).subjects)
        keep_bundles(reference, [signed_bundle(old, key)], key)
    sign_folder(folder, key)
    entries = json.loads((folder / "index.json").read_bytes())["manifests"]
    (entry,) = [one for one in entries if one.get("artifactType") == BILL_TYPE]
    manifest = (folder / "blobs/sha256" / entry["digest"][7:]).read_bytes()
    layer = json.loads(manifest)["layers"][0]["digest"][7:]
    assert b"serialNumber" in (folder / "blobs/sha256" / layer).read_bytes()


def test_an_archive_is_not_changed_and_the_cache_keeps_them(
    made: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
    archive, key = tmp_path / "image.tar", new_key(tmp_path / "k")
    write_archive(made.images(), archive)
    before = archive.read_bytes()
    with open_reference(str(archive), None) as reference:
        bundles = sign_package(examined_facts(reference), key)
        assert "the cache, as " in keep_bundles(reference, bundles, key)
        keep_bundles(reference, bundles, key)
        assert stored_bundles(reference, None, pytest.fail) == bundles
    assert archive.read_bytes() == before


def test_files_of_bundles(made: Built, tmp_path: Path) -> None:
    bundles = signed_folder(tmp_path / "oci", made.images(), new_key(tmp_path / "k"))
    write_lines(tmp_path / "s.jsonl", bundles)
    assert read_lines(tmp_path / "s.jsonl") == bundles
    with pytest.raises(UsageError, match=r"none: can't be read: No such file") as raised:
        read_lines(tmp_path / "none")
    assert raised.value.hint == "name the file that `package sign --output` wrote"


def test_too_many_bundles_are_an_error_and_damaged_ones_are_passed_over(
    made: Built, tmp_path: Path
) -> None:
    folder = tmp_path / "oci"
    bundles = signed_folder(folder, made.images(), new_key(tmp_path / "k"))
    write_lines(tmp_path / "s.jsonl", [b"%d" % number for number in range(200)])
    with (
        open_reference(str(folder), None) as reference,
        pytest.raises(PackageError, match="expected at most 128 signed statements"),
    ):
        stored_bundles(reference, tmp_path / "s.jsonl", pytest.fail)
    entry = json.loads((folder / "index.json").read_bytes())["manifests"][2]
    manifest = json.loads((folder / "blobs/sha256" / entry["digest"][7:]).read_bytes())
    layer = folder / "blobs/sha256" / manifest["layers"][0]["digest"][7:]
    layer.write_bytes(layer.read_bytes() + b" ")
    told: list[str] = []
    with open_reference(str(folder), None) as reference:
        assert stored_bundles(reference, None, told.append) == bundles[1:]
    (why,) = told
    assert why.startswith("an attachment: ValueError: content that does not match sha256:")


def test_attachments_of_other_kinds_are_left_alone(made: Built, tmp_path: Path) -> None:
    folder, key = tmp_path / "oci", new_key(tmp_path / "k")
    bundles = signed_folder(folder, made.images(), key)

    def relabelled(index: dict[str, list[dict[str, object]]]) -> None:
        entry = index["manifests"][2]
        path = folder / "blobs/sha256" / str(entry["digest"])[7:]
        manifest = json.loads(path.read_bytes()) | {"artifactType": "application/x"}
        content = canonical_json(manifest)
        entry |= {"digest": f"sha256:{sha256_bytes(content)}", "size": len(content)}
        (folder / "blobs/sha256" / sha256_bytes(content)).write_bytes(content)

    reindexed(folder, relabelled)
    assert kept(folder) == bundles[1:]
    sign_folder(folder, key)
    assert kept(folder) == bundles
    assert len(json.loads((folder / "index.json").read_bytes())["manifests"]) == 4 + len(bundles)


def test_a_hint_is_read_from_anything(made: Built, tmp_path: Path) -> None:
    key = new_key(tmp_path / "k")
    (bundle, *_) = signed_folder(tmp_path / "oci", made.images(), key)
    assert hinted_key(bundle) == key.public.key_id
    assert hinted_key(b"[]") == hinted_key(b"{}") == hinted_key(b"\xff") == ""
    assert attachment(bundle).content == bundle


def test_each_image_of_a_folder_for_two_platforms_keeps_its_own(tmp_path: Path) -> None:
    folder, key = tmp_path / "oci", new_key(tmp_path / "k")
    platforms = ("linux/amd64", "linux/arm64")
    made = [
        image
        for name in platforms
        for image in make_images(tmp_path / name.replace("/", "-"), platform=name)
    ]
    write_oci(made, folder)
    bundles = {}
    for name in platforms:
        with open_reference(str(folder), None, name) as reference:
            digest = str(reference.stored_digest)
            bundles[name] = [signed_bundle(cosign_statement(digest[7:]), key)]
            assert keep_bundles(reference, bundles[name], key) == str(folder)
            assert stored_descriptor(folder, digest).digest == digest
    for name in platforms:
        with open_reference(str(folder), None, name) as reference:
            assert stored_bundles(reference, None, pytest.fail) == bundles[name]
    assert bundles[platforms[0]] != bundles[platforms[1]]
    with pytest.raises(ValueError, match="expected a manifest sha256:1"):
        stored_descriptor(folder, f"sha256:{'1' * 64}")


def test_an_attachment_of_two_documents_is_passed_over(made: Built, tmp_path: Path) -> None:
    folder, key = tmp_path / "oci", new_key(tmp_path / "k")
    bundles = signed_folder(folder, made.images(), key)

    def doubled(index: dict[str, list[dict[str, object]]]) -> None:
        path = folder / "blobs/sha256" / str(index["manifests"][2]["digest"])[7:]
        manifest = json.loads(path.read_bytes())
        content = canonical_json({**manifest, "layers": manifest["layers"] * 2})
        digest = f"sha256:{sha256_bytes(content)}"
        index["manifests"].append({"digest": digest, "size": len(content)})
        (folder / "blobs/sha256" / digest[7:]).write_bytes(content)

    reindexed(folder, doubled)
    told: list[str] = []
    with open_reference(str(folder), None) as reference:
        assert stored_bundles(reference, None, told.append) == bundles
        keep_bundles(reference, bundles, key)
        assert stored_bundles(reference, None, told.append) == bundles
    assert len(told) == 2
    (link, *_) = verified(folder, key.public).links
    assert "; 1 unreadable: an attachment: ValueError" in link.detail
