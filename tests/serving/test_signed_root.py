"""An image verifies its own signature at start, if it is told to."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from host_samples import MANIFEST
from signed_packages import new_key

from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Manifest
from packager.trust.envelope import as_lines, signed_bundle
from packager.trust.statements import (
    PackageBinding,
    binding_statement,
    cosign_statement,
    described,
)
from serving.signed_root import check_required_signature

OTHER = MANIFEST.model_copy(update={"version": "0.9.0"})


def bundle_of(manifest: Manifest, key_file: Path) -> bytes:
    key = new_key(key_file) if not key_file.exists() else None
    from packager.trust.keys import PrivateKey

    binding = PackageBinding(
        name=manifest.name,
        version=manifest.version,
        root=manifest.root,
        config_digest=f"sha256:{'1' * 64}",
        platform="linux/amd64",
        data_fingerprint=None,
        companion=None,
    )
    said = binding_statement(binding, [described("package/manifest.json", manifest.root)])
    return signed_bundle(said, key or PrivateKey.load(key_file, lambda: b""))


def told(folder: Path, *bundles: bytes, key: str = "k.pub") -> dict[str, str]:
    (folder / "signatures").write_bytes(as_lines(bundles))
    return {
        "MODEL_VERIFY_KEY_FILE": str(folder / key),
        "MODEL_SIGNATURES_FILE": str(folder / "signatures"),
    }


def test_nothing_is_demanded_unless_told() -> None:
    check_required_signature(MANIFEST, {})


def test_the_signed_root_may_start(tmp_path: Path) -> None:
    good = bundle_of(MANIFEST, tmp_path / "k")
    check_required_signature(MANIFEST, told(tmp_path, good))
    older = bundle_of(OTHER, tmp_path / "k")
    check_required_signature(MANIFEST, told(tmp_path, b"no bundle", older, good))


def test_another_package_another_key_or_no_signature_may_not(tmp_path: Path) -> None:
    older = bundle_of(OTHER, tmp_path / "k")
    with pytest.raises(PackageError, match=f"it signed {OTHER.root}") as raised:
        check_required_signature(MANIFEST, told(tmp_path, older))
    assert MANIFEST.root in raised.value.message
    assert "package sign --output" in (raised.value.hint or "")
    other = bundle_of(MANIFEST, tmp_path / "o")
    with pytest.raises(PackageError, match="it signed nothing in that file"):
        check_required_signature(MANIFEST, told(tmp_path, other))
    with pytest.raises(PackageError, match="it signed nothing in that file"):
        check_required_signature(MANIFEST, told(tmp_path))


def test_a_root_in_a_statement_of_another_type_is_none(tmp_path: Path) -> None:
    key = new_key(tmp_path / "k")
    said = cosign_statement(MANIFEST.root).model_copy(update={"predicate": {"root": MANIFEST.root}})
    with pytest.raises(PackageError, match="it signed nothing in that file"):
        check_required_signature(MANIFEST, told(tmp_path, signed_bundle(said, key)))


@pytest.mark.parametrize(
    "names",
    [
        ("MODEL_VERIFY_KEY_FILE", "MODEL_SIGNATURES_FILE"),
        ("MODEL_VERIFY_KEY_FILE",),
        ("MODEL_SIGNATURES_FILE",),
    ],
)
def test_an_empty_text_is_an_error_and_not_off(names: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=r"expected both MODEL_VERIFY_KEY_FILE and .* empty text"):
        check_required_signature(MANIFEST, dict.fromkeys(names, ""))


def test_one_of_the_two_files_alone_is_an_error(tmp_path: Path) -> None:
    for name in ("MODEL_VERIFY_KEY_FILE", "MODEL_SIGNATURES_FILE"):
        with pytest.raises(UsageError, match="expected both MODEL_VERIFY_KEY_FILE and"):
            check_required_signature(MANIFEST, {name: str(tmp_path / "k.pub")})


def test_files_that_can_not_be_used_are_named(tmp_path: Path) -> None:
    good = bundle_of(MANIFEST, tmp_path / "k")
    with pytest.raises(UsageError, match=r"MODEL_VERIFY_KEY_FILE: .*none\.pub: can't be read"):
        check_required_signature(MANIFEST, told(tmp_path, good, key="none.pub"))
    other = ec.generate_private_key(ec.SECP384R1()).public_key()
    content = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "p384.pub").write_bytes(content)
    with pytest.raises(UsageError, match="expected an uncompressed key on P-256") as raised:
        check_required_signature(MANIFEST, told(tmp_path, good, key="p384.pub"))
    assert raised.value.hint == "name the .pub file that `package key` wrote"
