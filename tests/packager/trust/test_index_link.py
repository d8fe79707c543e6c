"""An index of platforms is signed as a whole, and so is every image that it leads to."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from built_packages import Built, built, for_two_platforms
from command import NO_ENGINE, Done, package_here
from signed_packages import (
    new_key,
    other_model,
    reindexed,
    signed_folder,
    verified,
    wrong,
)

from packager.digest import canonical_json, sha256_bytes
from packager.image.export import write_oci
from packager.image.reference import open_reference
from packager.registry.attachments import Descriptor
from packager.registry.manifests import ImageIndex
from packager.trust.envelope import as_lines
from packager.trust.facts import index_of
from packager.trust.index_link import index_link, sign_index
from packager.trust.keys import PrivateKey
from packager.trust.measured import replay_result
from packager.trust.statements import IndexBinding, Statement, index_statement

pytestmark = pytest.mark.slow

AMD64, ARM64 = "linux/amd64", "linux/arm64"
INDEX = ImageIndex(Descriptor("x", f"sha256:{'1' * 64}", 1), {AMD64: "sha256:a", ARM64: "sha256:b"})
ROOT = "2" * 64


def here(*arguments: object) -> Done:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**NO_ENGINE, "MODEL_PACKAGER_KEY_PASSWORD": ""}.items():
            patch.setenv(name, value)
        return package_here(*arguments)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Built, Built]]:
    """A package for two platforms, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield for_two_platforms(built(tmp_path_factory.mktemp("b")), tmp_path_factory.mktemp("p"))


@pytest.fixture(scope="module")
def signed_once(pair: tuple[Built, Built], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signed")
    write_oci([image for one in pair for image in one.images()], folder / "oci")
    new_key(folder / "k")
    assert here("sign", folder / "oci", "--key", folder / "k").code == 0
    return folder


@pytest.fixture
def signed(signed_once: Path, tmp_path: Path) -> Path:
    """A folder with a signed package in ``oci``, and the key."""
    shutil.copytree(signed_once, tmp_path, dirs_exist_ok=True)
    return tmp_path


def links(folder: Path, *options: str) -> dict[str, dict[str, tuple[str, str]]]:
    """Platform → link → status and detail of a verification."""
    done = here("verify", folder / "oci", "--key", folder / "k.pub", "--json", *options)
    told = json.loads(done.out)
    assert (done.code == 0) == told["verified"], done.err
    return {
        str(one["platform"]): {x["name"]: (x["status"], x["detail"]) for x in one["links"]}
        for one in told.get("images", [told])
    }


def changed_index(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the index of the platforms of the package in an OCI folder, under a new digest."""
    blobs = folder / "blobs" / "sha256"

    def put(top: dict[str, Any]) -> None:
        entry = top["manifests"][0]
        index = json.loads((blobs / entry["digest"][7:]).read_bytes())
        change(index)
        content = canonical_json(index)
        (blobs / sha256_bytes(content)).write_bytes(content)
        entry |= {"digest": f"sha256:{sha256_bytes(content)}", "size": len(content)}

    reindexed(folder, put)


def test_every_image_and_the_index_are_verified(signed: Path) -> None:
    found = links(signed, "--require", "index,model,provenance,sbom")
    assert set(found) == {AMD64, ARM64}
    for platform, told in found.items():
        proved = "proved on such a machine" if platform == AMD64 else "not proved by the build"
        assert told["platform"] == ("ok", f"{platform}, {proved}")
        status, detail = told["index"]
        assert status == "ok"
        assert detail.endswith(f": {AMD64}, {ARM64}")
    text = here("verify", signed / "oci", "--key", signed / "k.pub").out
    assert f"for {AMD64}: verified" in text
    assert f"for {ARM64}: verified" in text
    assert set(links(signed, "--platform", ARM64)) == {ARM64}


def test_a_mixed_index_is_refused(signed: Path, pair: tuple[Built, Built], tmp_path: Path) -> None:
    """One image is the signed one; the other's place leads to another package."""
    other = other_model(pair[1], tmp_path / "other")
    write_oci(other.images(), tmp_path / "evil")
    shutil.copytree(tmp_path / "evil" / "blobs", signed / "oci" / "blobs", dirs_exist_ok=True)
    entry = json.loads((tmp_path / "evil" / "index.json").read_bytes())["manifests"][0]
    wanted = {key: entry[key] for key in ("digest", "size")}
    changed_index(signed / "oci", lambda index: index["manifests"][1].update(wanted))
    found = links(signed)
    assert found[ARM64]["signature"][0] == "failed"
    # Also by the one platform that is as signed: its name leads to something else elsewhere.
    found = links(signed, "--platform", AMD64, "--require", "index")
    assert found[AMD64]["index"][0] == "failed"
    assert "required, but none signed of sha256:" in found[AMD64]["index"][1]
    assert {name for name, one in found[AMD64].items() if one[0] == "failed"} == {"index"}


def test_an_index_without_one_of_its_platforms_is_another_index(signed: Path) -> None:
    changed_index(signed / "oci", lambda index: index["manifests"].pop(1))
    reindexed(signed / "oci", lambda top: top["manifests"].pop(1))  # the companion's
    found = links(signed, "--require", "index")
    assert found[AMD64]["index"][0] == "failed"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            lambda index: index["manifests"][0]["platform"].update(architecture="arm64"),
            "an index with two images for linux/arm64",
        ),
        (
            lambda index: [
                index["manifests"][n]["platform"].update(architecture=name)
                for n, name in enumerate(("arm64", "amd64"))
            ],
            "an index that calls an image for linux/amd64 one for linux/arm64",
        ),
    ],
)
def test_an_index_that_engines_could_read_otherwise(
    signed: Path, change: Callable[[dict[str, Any]], None], found: str
) -> None:
    changed_index(signed / "oci", change)
    done = here("verify", signed / "oci", "--key", signed / "k.pub")
    assert done.code == 1
    assert found in done.err


def test_of_one_platform_an_index_can_be_required_and_is_not_there(
    pair: tuple[Built, Built], tmp_path: Path
) -> None:
    write_oci(pair[0].images(), tmp_path / "oci")
    new_key(tmp_path / "k")
    assert here("sign", tmp_path / "oci", "--key", tmp_path / "k").code == 0
    assert "index" not in links(tmp_path)[AMD64]
    told = links(tmp_path, "--require", "index")[AMD64]["index"]
    assert told == ("failed", "required, but no index led to this image")


def test_signing_one_platform_says_nothing_about_the_index(
    signed_once: Path, tmp_path: Path
) -> None:
    shutil.copytree(signed_once / "oci", tmp_path / "oci")
    new_key(tmp_path / "k")
    sign = ("sign", tmp_path / "oci", "--key", tmp_path / "k", "--platform", AMD64)
    assert here(*sign).code == 0
    assert links(tmp_path, "--platform", AMD64)[AMD64]["index"][0] == "absent"


def test_the_index_of_a_folder_is_known(signed: Path) -> None:
    with open_reference(str(signed / "oci"), None) as reference:
        index = index_of(reference)
    assert index is not None
    assert set(index.images) == {AMD64, ARM64}


def statement(**changes: Any) -> Statement:
    told = {"name": "shop", "version": "1", "root": ROOT, "images": dict(INDEX.images), **changes}
    return index_statement(IndexBinding(**told), INDEX.descriptor.digest[7:])


@pytest.mark.parametrize(
    ("made", "detail"),
    [
        (statement(images={AMD64: "sha256:a"}), "expected linux/amd64 sha256:a signed, got linux"),
        (statement(root="3" * 64), "signed, got linux/amd64 sha256:a"),
        (
            statement().model_copy(update={"predicate": {}}),
            "expected the images of an index, got another predicate",
        ),
        (
            index_statement(IndexBinding(**statement().predicate), "4" * 64),
            f"expected sha256:{'4' * 64} signed, got sha256:{'1' * 64}",
        ),
    ],
)
def test_what_a_statement_says_has_to_be_this_index(made: Statement, detail: str) -> None:
    name, ok, told = index_link(INDEX, ROOT, [made])
    assert (name, ok) == ("index", False)
    assert detail in told
    assert index_link(INDEX, ROOT, [made, statement()])[1]


def test_two_signatures_are_equal(pair: tuple[Built, Built], tmp_path: Path) -> None:
    key: PrivateKey = new_key(tmp_path / "k")
    made = [sign_index(pair[0].manifest, INDEX.descriptor, INDEX.images, key) for _ in range(2)]
    assert made[0] == made[1]


def test_a_replay_of_one_platform_is_no_evidence_for_another(
    pair: tuple[Built, Built], tmp_path: Path
) -> None:
    """The images have one root; whoever may attach could put the statement beside the other."""
    key, passed = new_key(tmp_path / "k"), replay_result("artifact", True, b"x", "artifact")
    bundles = signed_folder(tmp_path / "amd64", pair[0].images(), key, [passed])
    bundles += signed_folder(tmp_path / "arm64", pair[1].images(), key)
    (tmp_path / "all.jsonl").write_bytes(as_lines(bundles))
    told = "required, but none signed of this image: it is of another one of the package"
    for name, expected in (("amd64", {}), ("arm64", {"replay": told})):
        more = tmp_path / "all.jsonl"
        report = verified(tmp_path / name, key.public, require=["replay"], more=more)
        assert wrong(report) == expected
