"""Attempts to get another package, image, config or statement past a verification."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from built_packages import Built, built
from signed_packages import (
    new_key,
    other_model,
    reindexed,
    sign_folder,
    signed_folder,
    verified,
    wrong,
)
from trust_samples import layer_of

from packager.errors import PackageError
from packager.image.config import LABEL, Image
from packager.image.export import write_oci
from packager.image.layer_entries import copy_members
from packager.image.layers import Entry, Layer, plain_layer
from packager.model.dsse import PACKAGE
from packager.trust.envelope import as_lines, signed_bundle
from packager.trust.keys import PrivateKey
from packager.trust.statements import Statement, cosign_statement, described

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """One package, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_PACKAGER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield built(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> PrivateKey:
    return new_key(tmp_path_factory.mktemp("keys") / "k")


def bundles_beside(folder: Path, images: list[Image], bundles: list[bytes]) -> Path:
    """Write ``images``, and a file of ``bundles`` made for other ones."""
    write_oci(images, folder)
    file = folder.with_suffix(".jsonl")
    file.write_bytes(as_lines(bundles))
    return file


def reconfigured(image: Image, change: dict[str, Any], *, top: bool = False) -> Image:
    """The image with another config."""
    config = json.loads(image.config)
    (config if top else config["config"]).update(change)
    return replace(image, config=json.dumps(config).encode())


def test_the_package_as_signed_is_verified(made: Built, key: PrivateKey, tmp_path: Path) -> None:
    signed_folder(tmp_path / "oci", made.images(), key)
    report = verified(tmp_path / "oci", key.public, require=["model", "provenance"])
    assert report.verified
    assert report.key_ids == (key.public.key_id,)
    assert report.root == made.manifest.root


@pytest.mark.parametrize(
    ("field", "value", "top"),
    [
        ("Cmd", ["/code/x"], False),
        ("Entrypoint", ["/code/x"], False),
        ("Env", ["PYTHONPATH=/code"], False),
        ("User", "0", False),
        ("WorkingDir", "/models", False),
        ("Healthcheck", None, False),
        ("ExposedPorts", {"1/tcp": {}}, False),
        ("Volumes", {"/models": {}}, False),
        ("StopSignal", "SIGKILL", False),
        ("Labels", {f"{LABEL}.root": "", "more": "x"}, False),
        ("created", "2001-01-01T00:00:00Z", True),
        ("history", [], True),
        ("author", "x", True),
    ],
)
def test_a_config_changed_field_by_field(
    made: Built, key: PrivateKey, tmp_path: Path, field: str, value: Any, top: bool
) -> None:
    bundles = signed_folder(tmp_path / "good", made.images(), key)
    image, companion = made.images()
    if field == "Labels":
        value = {**value, f"{LABEL}.root": made.manifest.root}
    changed = reconfigured(image, {field: value}, top=top)
    if field == "history":
        names = [{"created_by": f"{LABEL}: {one.name}", "comment": "x"} for one in image.layers]
        changed = reconfigured(image, {"history": names}, top=True)
    file = bundles_beside(tmp_path / "bad", [changed, companion], bundles)
    found = wrong(verified(tmp_path / "bad", key.public, more=file))
    assert "config" in found
    if field in ("Cmd", "Entrypoint", "Env", "User", "WorkingDir", "Volumes"):
        assert f"image: {field}" in found


def test_a_label_of_the_root_decides_nothing(made: Built, key: PrivateKey, tmp_path: Path) -> None:
    """The label says the signed root; the manifest has another one, and the other way round."""
    bundles = signed_folder(tmp_path / "good", made.images(), key)
    other = other_model(made, tmp_path / "parts")
    forged = [
        reconfigured(one, {"Labels": {f"{LABEL}.root": made.manifest.root}})
        for one in other.images()
    ]
    file = bundles_beside(tmp_path / "bad", forged, bundles)
    with pytest.raises(PackageError, match=f"package root: expected {made.manifest.root} from the"):
        verified(tmp_path / "bad", key.public, more=file)


def test_another_key_verifies_nothing(made: Built, key: PrivateKey, tmp_path: Path) -> None:
    signed_folder(tmp_path / "oci", made.images(), new_key(tmp_path / "o"))
    report = verified(tmp_path / "oci", key.public)
    assert wrong(report) == {
        "signature": "expected a signature of the package by the key given, got none; 5 of other "
        "keys are passed over"
    }
    assert report.key_ids == ()


def test_a_key_or_hint_in_the_bundle_is_not_read(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    attacker = new_key(tmp_path / "o")
    forged = []
    for bundle in signed_folder(tmp_path / "oci", made.images(), attacker):
        told = json.loads(bundle)
        told["verificationMaterial"]["publicKey"]["hint"] = key.public.key_id
        raw = base64.b64encode(attacker.public.pem).decode()
        told["verificationMaterial"]["certificate"] = {"rawBytes": raw}
        told["dsseEnvelope"]["signatures"][0]["keyid"] = key.public.key_id
        forged.append(json.dumps(told).encode())
    (tmp_path / "f.jsonl").write_bytes(as_lines(forged))
    assert "signature" in wrong(verified(tmp_path / "oci", key.public, more=tmp_path / "f.jsonl"))


def test_the_signature_of_another_package_is_named(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    other = other_model(made, tmp_path / "parts")
    bundles = signed_folder(tmp_path / "other", other.images(), key)
    file = bundles_beside(tmp_path / "oci", made.images(), bundles)
    found = wrong(verified(tmp_path / "oci", key.public, more=file))
    assert found["signature"] == (
        f"expected a signature of the package root {made.manifest.root}, got one of shop 1.1.0, "
        f"root {other.manifest.root}"
    )


def test_signatures_of_an_older_image_beside_those_of_this_one_do_no_harm(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    other = other_model(made, tmp_path / "parts")
    bundles = signed_folder(tmp_path / "other", other.images(), key)
    signed_folder(tmp_path / "oci", made.images(), key)
    (tmp_path / "old.jsonl").write_bytes(as_lines(bundles))
    assert verified(tmp_path / "oci", key.public, more=tmp_path / "old.jsonl").verified


@pytest.mark.parametrize("kind", ["cosign alone", "type", "subject", "predicate"])
def test_a_signed_statement_that_says_something_else_is_no_binding(
    made: Built, key: PrivateKey, tmp_path: Path, kind: str
) -> None:
    bundles = signed_folder(tmp_path / "good", made.images(), key)
    told = json.loads(base64.b64decode(json.loads(bundles[0])["dsseEnvelope"]["payload"]))
    assert told["predicateType"] == PACKAGE
    match kind:
        case "cosign alone":
            said = cosign_statement(told["subject"][0]["digest"]["sha256"])
        case "type":
            said = Statement.model_validate({**told, "predicateType": "https://slsa.dev/x"})
        case "subject":
            subject = [described("x", "1" * 64).as_json()]
            said = Statement.model_validate({**told, "subject": subject})
        case _:
            predicate = {**told["predicate"], "approved": True}
            said = Statement.model_validate({**told, "predicate": predicate})
    file = bundles_beside(tmp_path / "oci", made.images(), [signed_bundle(said, key)])
    assert "signature" in wrong(verified(tmp_path / "oci", key.public, more=file))


def test_a_payload_with_two_equal_keys_is_unreadable(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    from packager.model.dsse import pae

    bundles = signed_folder(tmp_path / "good", made.images(), key)
    told = json.loads(bundles[0])
    payload = base64.b64decode(told["dsseEnvelope"]["payload"])
    doubled = payload.replace(b'{"_type"', b'{"predicateType":"x","_type"', 1)
    told["dsseEnvelope"]["payload"] = base64.b64encode(doubled).decode()
    signature = base64.b64encode(key.sign(pae(doubled))).decode()
    told["dsseEnvelope"]["signatures"] = [{"sig": signature}]
    file = bundles_beside(tmp_path / "oci", made.images(), [json.dumps(told).encode()])
    found = wrong(verified(tmp_path / "oci", key.public, more=file))["signature"]
    assert "1 unreadable: expected each key once, got 'predicateType' twice" in found


def test_a_second_signature_of_equal_meaning_is_valid_and_says_the_same(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    """ECDSA has two signatures for each: nothing is identified by a signature's bytes."""
    from cryptography.hazmat.primitives.asymmetric.utils import (
        decode_dss_signature,
        encode_dss_signature,
    )

    from packager.model.p256 import N

    changed = []
    for bundle in signed_folder(tmp_path / "good", made.images(), key):
        told = json.loads(bundle)
        (one,) = told["dsseEnvelope"]["signatures"]
        r, s = decode_dss_signature(base64.b64decode(one["sig"]))
        one["sig"] = base64.b64encode(encode_dss_signature(r, N - s)).decode()
        changed.append(json.dumps(told).encode())
    file = bundles_beside(tmp_path / "oci", made.images(), changed)
    assert verified(tmp_path / "oci", key.public, more=file).verified


def test_a_companion_of_another_package(made: Built, key: PrivateKey, tmp_path: Path) -> None:
    bundles = signed_folder(tmp_path / "good", made.images(), key)
    other = other_model(made, tmp_path / "parts").images()[1]
    image = made.images()[0]
    swapped = replace(other, name=f"{image.name}-replay")
    file = bundles_beside(tmp_path / "oci", [image, swapped], bundles)
    found = wrong(verified(tmp_path / "oci", key.public, more=file))
    assert "companion" in found
    assert swapped.digest in found["companion"]


def test_an_image_without_its_companion_says_which_one_was_signed(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    image, companion = made.images()
    bundles = signed_folder(tmp_path / "good", [image, companion], key)
    file = bundles_beside(tmp_path / "oci", [image], bundles)
    report = verified(tmp_path / "oci", key.public, more=file)
    assert report.verified
    (link,) = [one for one in report.links if one.name == "companion"]
    assert link.detail == f"not here; {companion.digest} was signed"


def test_an_index_that_names_another_image(made: Built, key: PrivateKey, tmp_path: Path) -> None:
    """Entries swapped between two folders: the blobs are there, and the names stay."""
    folder = tmp_path / "oci"
    signed_folder(folder, made.images(), key)
    other = other_model(made, tmp_path / "parts")
    write_oci(other.images(), tmp_path / "other")
    shutil.copytree(tmp_path / "other" / "blobs", folder / "blobs", dirs_exist_ok=True)
    entries = json.loads((tmp_path / "other" / "index.json").read_bytes())["manifests"]
    reindexed(folder, lambda index: index["manifests"].__setitem__(slice(0, 2), entries))
    found = wrong(verified(folder, key.public))
    assert found["signature"].startswith("expected a signature of the package by the key given")


def test_a_moved_name_in_the_index_changes_nothing_that_is_signed(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    folder = tmp_path / "oci"
    signed_folder(folder, made.images(), key)

    def renamed(index: dict[str, Any]) -> None:
        for entry in index["manifests"][:1]:
            entry["annotations"] = {"io.containerd.image.name": "trusted/other:9.9"}

    reindexed(folder, renamed)
    report = verified(folder, key.public)
    assert report.verified
    assert [one.detail for one in report.links if one.name == "package"] == ["shop 1.0.0"]


def test_another_file_of_the_dependencies(made: Built, key: PrivateKey, tmp_path: Path) -> None:
    """A consistent image with another wheel's file, under the signed manifest."""
    bundles = signed_folder(tmp_path / "good", made.images(), key)

    def planted(layer: Layer) -> Layer:
        entries = copy_members([layer])
        one = next(e for e in entries if isinstance(e.source, bytes))
        rest = [e for e in entries if e is not one]
        changed = [*rest, Entry(one.name, source=b"import os\n", mode=one.mode)]
        return plain_layer(layer.name, tmp_path / "planted.tar", changed)

    for name in ("server environment", "runtime", "model"):
        bad = made.with_layer(name, planted)
        file = bundles_beside(tmp_path / name.replace(" ", "-"), bad.images(), bundles)
        report = verified(tmp_path / name.replace(" ", "-"), key.public, more=file)
        found = wrong(report)
        assert {"image", "config"} <= found.keys()
        assert any(one.startswith(f"layer {name}: file /") for one in found), found


def test_a_layer_below_all_others_is_exchanged(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    bundles = signed_folder(tmp_path / "good", made.images(), key)
    (tmp_path / "x").mkdir()
    base = layer_of(tmp_path / "x", "base", {"lib/libc.so.6": b"another"})
    bad = replace(made, stack=replace(made.stack, below=(base, *made.stack.below)))
    file = bundles_beside(tmp_path / "oci", bad.images(), bundles)
    found = wrong(verified(tmp_path / "oci", key.public, more=file))
    assert any("file /lib/libc.so.6" in one for one in found), found
    assert "config" in found


def test_statements_of_others_do_not_fill_a_requirement(
    made: Built, key: PrivateKey, tmp_path: Path
) -> None:
    folder = tmp_path / "oci"
    signed_folder(folder, made.images(), key)
    other = new_key(tmp_path / "o")
    sign_folder(folder, other)
    report = verified(folder, key.public, require=["replay"])
    assert wrong(report) == {"replay": "required, but none signed"}
    assert verified(folder, key.public, other.public).key_ids == (
        key.public.key_id,
        other.public.key_id,
    )
