"""Signatures in a real registry: pushed with the image, found by a verification, and pulled."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from built_packages import Built, built
from registries import StartedRegistry, registry
from signed_packages import new_key, signed_folder, verified, wrong

from packager.digest import canonical_json
from packager.errors import PackageError
from packager.image.export import write_oci
from packager.image.incoming import incoming_images
from packager.image.reference import open_reference
from packager.image.registry_export import push_images
from packager.model.dsse import BUNDLE_TYPE, PAYLOAD_TYPE, STATEMENT_TYPE
from packager.progress import NullProgress
from packager.registry.attachments import INDEX_TYPE, MANIFEST_TYPE, Descriptor
from packager.registry.manifests import get_manifest, put_manifest
from packager.registry.pull import pull
from packager.registry.reference import RegistryReference
from packager.registry.referrers import fallback_tag, get_attachment, list_referrers
from packager.registry.repository import open_repository
from packager.trust.attached import BILL_TYPE
from packager.trust.envelope import CLASSIC_ANNOTATION
from packager.trust.keys import PrivateKey
from packager.trust.registry_store import already_signed, check_total, registry_bundles, signed_by
from packager.trust.sbom import bill_of_materials
from packager.trust.store import attach_to_folder, keep_bundles, stored_bundles
from packager.trust.verified import repository_of
from packager.trust.whole_image import examined_facts

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """One package, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield built(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedRegistry]:
    with registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> PrivateKey:
    return new_key(tmp_path_factory.mktemp("keys") / "k")


def push_signed(
    folder: Path, place: RegistryReference, key: PrivateKey, compress: str = "none"
) -> str:
    with open_reference(str(folder), None) as found:
        beside = signed_by(key, examined_facts(found))
        images = [found.image(), found.image(companion=True)]
    kind = "gzip" if compress == "gzip" else "none"
    (main, _), _ = push_images(images, place, kind, NullProgress(), beside)
    return str(main)


@pytest.mark.parametrize("compress", ["none", "gzip"])
def test_what_is_signed_at_push_is_verified_where_it_is_and_where_it_is_pulled(
    made: Built, served: StartedRegistry, key: PrivateKey, tmp_path: Path, compress: str
) -> None:
    write_oci(made.images(), tmp_path / "oci")
    place = served.reference(f"shop-{compress}:1")
    source = push_signed(tmp_path / "oci", place, key, compress)
    report = verified(Path(f"registry:{place}"), key.public, require=["provenance", "sbom"])
    assert report.verified, wrong(report)
    told = {link.name: link.detail for link in report.links}
    assert told["image"] == source.rpartition("@")[2]
    assert (told["image"] == examined_digest(tmp_path / "oci")) == (compress == "none")

    with open_reference(str(tmp_path / "oci"), None) as found:
        bill = bill_of_materials(found)
    repository, digest = served.repository(f"shop-{compress}:1"), source.rpartition("@")[2]
    (listed,) = list_referrers(repository, digest, BILL_TYPE)
    assert get_attachment(repository, listed, digest).content == bill
    bundles = registry_bundles(source, pytest.fail)
    pull(incoming_images(place, companion=True), tmp_path / "pulled", NullProgress())
    with open_reference(str(tmp_path / "pulled"), None) as found:
        attach_to_folder(found.folder, found.stored_digest, bundles, "")
    assert verified(tmp_path / "pulled", key.public).verified


def examined_digest(folder: Path) -> str | None:
    with open_reference(str(folder), None) as found:
        return found.stored_digest


def test_the_classic_tag_has_a_signature_of_the_digest_for_each_key(
    made: Built, served: StartedRegistry, key: PrivateKey, tmp_path: Path
) -> None:
    write_oci(made.images(), tmp_path / "oci")
    place = served.reference("classic:1")
    source = push_signed(tmp_path / "oci", place, key)
    other = new_key(tmp_path / "o")
    push_signed(tmp_path / "oci", place, other)
    push_signed(tmp_path / "oci", place, key)
    digest = source.rpartition("@")[2]
    repository = served.repository("classic:1")
    manifest = get_manifest(repository, f"{digest.replace(':', '-')}.sig")
    layers = manifest.document["layers"]
    assert len(layers) == 2
    for layer, signer in zip(layers, (key, other), strict=True):
        payload = served.blob(layer["digest"]).read_bytes()
        critical = json.loads(payload)["critical"]
        assert critical["image"] == {"docker-manifest-digest": digest}
        assert critical["identity"] == {"docker-reference": f"{served.host}/classic"}
        signature = base64.b64decode(layer["annotations"][CLASSIC_ANNOTATION])
        assert signer.public.verifies(signature, payload)


def test_a_tag_that_is_moved_names_an_image_that_nobody_signed(
    made: Built, served: StartedRegistry, key: PrivateKey, tmp_path: Path
) -> None:
    write_oci(made.images(), tmp_path / "oci")
    place = served.reference("moved:1")
    source = push_signed(tmp_path / "oci", place, key)
    config = json.loads(made.images()[0].config)
    config["config"]["StopSignal"] = "SIGKILL"
    image = replace(made.images()[0], config=json.dumps(config).encode())
    push_images([image], place, "none", NullProgress())
    assert "signature" in wrong(verified(Path(f"registry:{place}"), key.public))
    assert verified(Path(f"registry:{source}"), key.public).verified


def test_kept_signatures_go_with_a_push_unless_they_are_of_another_form(
    made: Built, served: StartedRegistry, key: PrivateKey, tmp_path: Path
) -> None:
    signed_folder(tmp_path / "oci", made.images(), key)
    told: list[str] = []
    with open_reference(str(tmp_path / "oci"), None) as found:
        beside = already_signed(stored_bundles(found, None, pytest.fail), told.append)
        images = [found.image()]
    place = served.reference("kept:1")
    push_images(images, place, "none", NullProgress(), beside)
    assert told == []
    repository, digest = served.repository("kept:1"), str(examined_digest(tmp_path / "oci"))
    assert len(list_referrers(repository, digest, BILL_TYPE)) == 1
    assert verified(Path(f"registry:{place}"), key.public).verified
    zipped = served.reference("kept-zip:1")
    push_images(images, zipped, "gzip", NullProgress(), beside)
    (warning,) = told
    assert "sign it with --key, or push it uncompressed" in warning
    assert "signature" in wrong(verified(Path(f"registry:{zipped}"), key.public))


def test_an_image_in_a_registry_can_be_signed_there(
    made: Built, served: StartedRegistry, key: PrivateKey, tmp_path: Path
) -> None:
    from packager.trust.sign import sign_package

    write_oci(made.images(), tmp_path / "oci")
    with open_reference(str(tmp_path / "oci"), None) as found:
        images = [found.image()]
    place = served.reference("later:1")
    push_images(images, place, "none", NullProgress())
    with open_reference(f"registry:{place}", None) as found:
        assert repository_of(found) == f"{served.host}/later"
        bundles = sign_package(examined_facts(found), key)
        assert keep_bundles(found, bundles, key) == found.source
    assert verified(Path(f"registry:{place}"), key.public).verified


def test_a_blob_that_changes_in_the_registry_is_found(
    made: Built, served: StartedRegistry, key: PrivateKey, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        write_oci(made.images(), tmp_path / "oci")
        place = served.reference("flipped:1")
        push_signed(tmp_path / "oci", place, key)
        code = next(one for one in made.images()[0].layers if one.name == "code")
        blob = served.blob(code.diff_id)
        content = blob.read_bytes()
        blob.write_bytes(bytes((content[0] ^ 1,)) + content[1:])
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path / "cache"))
        try:
            with pytest.raises(PackageError, match=code.diff_id):
                verified(Path(f"registry:{place}"), key.public)
        finally:
            blob.write_bytes(content)


def test_malformed_attachments_block_neither_verification_nor_push(
    made: Built, served: StartedRegistry, key: PrivateKey, tmp_path: Path
) -> None:
    write_oci(made.images(), tmp_path / "oci")
    place = served.reference("foreign:1")
    source = push_signed(tmp_path / "oci", place, key)
    digest, repository = source.rpartition("@")[2], served.repository("foreign:1")
    whole = list_referrers(repository, digest, BUNDLE_TYPE)[0]
    document = dict(get_manifest(repository, whole.descriptor.digest).document)
    bad = []
    for change in (
        {"layers": document["layers"] * 2},
        {"subject": {**document["subject"], "digest": f"sha256:{'1' * 64}"}},
    ):
        content = canonical_json({**document, **change})
        put_manifest(repository, content, MANIFEST_TYPE)
        bad.append({**Descriptor.of(MANIFEST_TYPE, content).as_json(), "artifactType": BUNDLE_TYPE})
    tag = fallback_tag(digest)
    index = dict(get_manifest(repository, tag).document)
    index["manifests"] = [*bad, *index["manifests"]]
    put_manifest(repository, canonical_json(index), INDEX_TYPE, tag)
    told: list[str] = []
    assert len(registry_bundles(source, told.append)) == 5
    assert ["documents in one" in one for one in told].count(True) == 1
    assert ["of another image" in one for one in told].count(True) == 1
    assert len(told) == 2
    report = verified(Path(f"registry:{place}"), key.public)
    assert report.verified, wrong(report)
    assert "; 2 unreadable: " in report.links[0].detail


def test_the_sum_of_the_bundles_is_bounded() -> None:
    check_total("shop", 128 << 20)
    with pytest.raises(PackageError, match="at most 134,217,728 bytes, got more"):
        check_total("shop", (128 << 20) + 1)


def test_a_statement_without_a_digest_is_about_no_image() -> None:
    odd = [
        {"_type": STATEMENT_TYPE, "subject": subject, "predicateType": "x", "predicate": {}}
        for subject in ([{"name": "a"}], [{"digest": {"sha512": "1"}}], ["a"], {"a": 1}, None)
    ]
    envelopes = [
        canonical_json(
            {
                "mediaType": BUNDLE_TYPE,
                "dsseEnvelope": {
                    "payloadType": PAYLOAD_TYPE,
                    "payload": base64.b64encode(canonical_json(one)).decode(),
                    "signatures": [{"sig": "AA=="}],
                },
            }
        )
        for one in odd
    ]
    told: list[str] = []
    beside = already_signed([*envelopes, b"{}"], told.append)
    repository = open_repository(RegistryReference.parse("127.0.0.1:1/none:1"))
    assert beside(repository, Descriptor(MANIFEST_TYPE, f"sha256:{'1' * 64}", 1), False) == []
    assert len(told) == 1
