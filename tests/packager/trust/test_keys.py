"""Keys: P-256 only, private ones for their owner only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from packager.errors import UsageError
from packager.trust.keys import PrivateKey, PublicKey, create_key


def no_password() -> bytes:
    raise AssertionError("asked for a password")


def write_pair(folder: Path, key: Any) -> tuple[Path, Path]:
    private, public = folder / "other", folder / "other.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    private.chmod(0o600)
    spki = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    public.write_bytes(spki)
    return private, public


def test_a_key_signs_and_its_public_half_verifies(tmp_path: Path) -> None:
    made = create_key(tmp_path / "k", b"hush")
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in (tmp_path / "k").read_bytes()
    key = PrivateKey.load(tmp_path / "k", lambda: b"hush")
    public = PublicKey.load(tmp_path / "k.pub")
    assert made.key_id == key.public.key_id == public.key_id
    signature = key.sign(b"said")
    assert signature == key.sign(b"said")  # RFC 6979
    assert public.verifies(signature, b"said")
    assert not public.verifies(signature, b"said otherwise")
    assert not public.verifies(b"", b"said")


def test_a_wrong_or_empty_password_is_told(tmp_path: Path) -> None:
    create_key(tmp_path / "k", b"hush")
    for word in (b"hash", b""):
        with pytest.raises(UsageError, match="the password does not fit") as raised:
            PrivateKey.load(tmp_path / "k", lambda word=word: word)
        assert "MODEL_PACKAGER_KEY_PASSWORD" in (raised.value.hint or "")


def test_a_key_without_a_password_is_not_asked_for_one(tmp_path: Path) -> None:
    create_key(tmp_path / "k", b"")
    assert PrivateKey.load(tmp_path / "k", no_password)


def test_no_key_is_overwritten(tmp_path: Path) -> None:
    create_key(tmp_path / "k", b"")
    before = (tmp_path / "k").read_bytes()
    with pytest.raises(UsageError, match="expected no file there, got one"):
        create_key(tmp_path / "k", b"")
    (tmp_path / "j.pub").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"j\.pub: expected no file there"):
        create_key(tmp_path / "j", b"")
    assert (tmp_path / "k").read_bytes() == before
    assert not (tmp_path / "j").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660])
def test_a_private_key_that_others_can_access_is_refused(tmp_path: Path, mode: int) -> None:
    create_key(tmp_path / "k", b"")
    (tmp_path / "k").chmod(mode)
    with pytest.raises(UsageError, match=f"only its owner can access, got mode {mode:o}") as raised:
        PrivateKey.load(tmp_path / "k", no_password)
    assert raised.value.hint == f"chmod 600 {tmp_path / 'k'}"


@pytest.mark.parametrize(
    ("key", "called"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "secp384r1"),
        (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
    ],
)
def test_other_kinds_of_keys_are_refused_with_the_reason(
    tmp_path: Path, key: Any, called: str
) -> None:
    private, public = write_pair(tmp_path, key)
    for load in (lambda: PrivateKey.load(private, no_password), lambda: PublicKey.load(public)):
        with pytest.raises(UsageError, match=f"expected a key on P-256, got {called}") as raised:
            load()
        assert "`package key FILE`" in (raised.value.hint or "")


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----", "a key of cosign", "import-key-pair"),
        ("-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----", "a key of cosign", "import-key-pair"),
        ("-----BEGIN PUBLIC KEY-----", "expected a private key, got a public one", "make a key"),
        ("hello", "expected a private key: ", "make a key"),
        ("x" * 70_000, "expected a key of at most 65,536 bytes", "make a key"),
    ],
)
def test_files_that_hold_no_private_key(
    tmp_path: Path, content: str, message: str, hint: str
) -> None:
    (tmp_path / "k").write_text(content)
    (tmp_path / "k").chmod(0o600)
    with pytest.raises(UsageError, match=message) as raised:
        PrivateKey.load(tmp_path / "k", no_password)
    assert hint in (raised.value.hint or "")


def test_files_that_hold_no_public_key(tmp_path: Path) -> None:
    create_key(tmp_path / "k", b"")
    with pytest.raises(UsageError, match="expected a public key, got a private one") as raised:
        PublicKey.load(tmp_path / "k")
    assert raised.value.hint == "name k.pub, which `package key` wrote next to it"
    (tmp_path / "x.pub").write_text("hello")
    with pytest.raises(UsageError, match="expected a public key in PEM"):
        PublicKey.load(tmp_path / "x.pub")
    with pytest.raises(UsageError, match="can't be read: No such file"):
        PublicKey.load(tmp_path / "none.pub")
    (tmp_path / "x.pub").write_bytes(2 * (tmp_path / "k.pub").read_bytes())
    with pytest.raises(UsageError, match="expected one public key, got several"):
        PublicKey.load(tmp_path / "x.pub")


def test_a_key_is_never_readable_by_others_while_it_is_written(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_key(tmp_path / "k", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
