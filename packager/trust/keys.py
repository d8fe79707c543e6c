"""Keys on disk: ECDSA on P-256, private ones as PKCS#8, public ones as SubjectPublicKeyInfo.

P-256 is the one curve that OMS, cosign, sigstore's libraries and openssl all take.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from packager.cache import writing
from packager.errors import UsageError

PASSWORD_VARIABLE = "MODEL_PACKAGER_KEY_PASSWORD"
MAX_KEY = 64 * 1024
"""Bytes of a key's file."""
MAKE_ONE = "make a key with `package key FILE`"
COSIGNS = (
    "cosign's own format can't be read: make a key with `package key FILE`, and give it to cosign "
    "with `cosign import-key-pair --key FILE`"
)
KeyT = TypeVar("KeyT")
Password = Callable[[], bytes]
"""Asks for the password of a private key; called only if it has one."""


@dataclass(frozen=True)
class PublicKey:
    """A key that verifies signatures."""

    key_id: str
    """Hex sha256 of its PEM text, as OMS hints at keys."""
    pem: bytes
    _key: ec.EllipticCurvePublicKey

    @classmethod
    def load(cls, path: Path) -> PublicKey:
        """Read a PEM file; raises ``UsageError`` for any other kind of key."""
        content = _content(path)
        if b"PRIVATE KEY" in content:
            raise UsageError(
                f"{path}: expected a public key, got a private one",
                f"name {path.name}.pub, which `package key` wrote next to it",
            )
        if content.count(b"-----BEGIN ") > 1:
            raise UsageError(
                f"{path}: expected one public key, got several", "put each key in a file of its own"
            )
        try:
            key = _p256(path, load_pem_public_key(content))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise UsageError(f"{path}: expected a public key in PEM: {error}", MAKE_ONE) from error
        assert isinstance(key, ec.EllipticCurvePublicKey)
        return cls.of(key)

    @classmethod
    def of(cls, key: ec.EllipticCurvePublicKey) -> PublicKey:
        """The key, as read."""
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return cls(hashlib.sha256(pem).hexdigest(), pem, key)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether ``signature`` (DER) is this key's over ``message``, by SHA-256."""
        try:
            self._key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class PrivateKey:
    """A key that signs."""

    public: PublicKey
    _key: ec.EllipticCurvePrivateKey

    @classmethod
    def load(cls, path: Path, password: Password) -> PrivateKey:
        """Read a PKCS#8 file; raises ``UsageError`` for one that other users may read."""
        content = _content(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise UsageError(
                f"{path}: expected a key that only its owner can access, got mode {mode:o}",
                f"chmod 600 {path}",
            )
        if b"SIGSTORE PRIVATE KEY" in content or b"COSIGN PRIVATE KEY" in content:
            raise UsageError(f"{path}: expected PKCS#8, got a key of cosign", COSIGNS)
        if b"PUBLIC KEY" in content:
            raise UsageError(f"{path}: expected a private key, got a public one", MAKE_ONE)
        encrypted = b"BEGIN ENCRYPTED PRIVATE KEY" in content
        try:
            key = load_pem_private_key(content, (password() or b"\0") if encrypted else None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            if encrypted and "password" in str(error).lower():
                raise UsageError(
                    f"{path}: the password does not fit",
                    f"type the one of this key, or set {PASSWORD_VARIABLE} to it",
                ) from error
            raise UsageError(f"{path}: expected a private key: {error}", MAKE_ONE) from error
        private = _p256(path, key)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        return cls(PublicKey.of(private.public_key()), private)

    def sign(self, message: bytes) -> bytes:
        """The signature (DER) by SHA-256; equal messages give equal bytes (RFC 6979)."""
        return self._key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def create_key(path: Path, password: bytes) -> PublicKey:
    """Write a new key to ``path``, and its public key to ``path`` with ``.pub`` appended.

    An empty password stores it in the clear. Raises ``UsageError`` if one of the files exists.
    """
    public_path = path.with_name(f"{path.name}.pub")
    for one in (path, public_path):
        if one.exists() or one.is_symlink():
            raise UsageError(
                f"{one}: expected no file there, got one",
                "name another file: what an overwritten key signed could not be signed again",
            )
    key = ec.generate_private_key(ec.SECP256R1())
    how = BestAvailableEncryption(password) if password else NoEncryption()
    public = PublicKey.of(key.public_key())
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how), 0o600)
    _write(public_path, public.pem, 0o644)
    return public


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a new file, which is never readable by more users than ``mode`` says."""
    with writing(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_KEY + 1)
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}", MAKE_ONE) from error
    if len(content) > MAX_KEY:
        raise UsageError(f"{path}: expected a key of at most {MAX_KEY:,} bytes", MAKE_ONE)
    return content


def _p256(path: Path, key: KeyT) -> KeyT:
    """``key`` if it is on P-256; else raise ``UsageError``."""
    curve = getattr(key, "curve", None)
    if isinstance(curve, ec.SECP256R1):
        return key
    name = getattr(curve, "name", "") or type(key).__name__.lstrip("_").partition("P")[0]
    raise UsageError(
        f"{path}: expected a key on P-256, got {name}",
        f"{MAKE_ONE}: P-256 is the one curve that OMS, cosign and sigstore's libraries all take",
    )
