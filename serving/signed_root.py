"""An image's own signature, verified at its start where the environment says so.

``MODEL_VERIFY_KEY_FILE`` names a public key, ``MODEL_SIGNATURES_FILE`` the bundles of ``package
sign``: one in a line. The signed root covers what runs, and the files are compared with it next.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packager.errors import PackageError, UsageError
from packager.manifest.manifest import Manifest
from packager.model.dsse import PACKAGE, read_bundle, read_statement
from packager.model.p256 import P256PublicKey

KEY_VARIABLE = "MODEL_VERIFY_KEY_FILE"
SIGNATURES_VARIABLE = "MODEL_SIGNATURES_FILE"
MAX_KEY = 64 * 1024
MAX_SIGNATURES = 64 * 1024 * 1024
"""Bytes of the two files."""


def check_required_signature(
    manifest: Manifest, environment: Mapping[str, str] = os.environ
) -> None:
    """Raise ``PackageError`` unless the package's root is signed, if ``KEY_VARIABLE`` is set.

    Raises ``UsageError`` if one variable is set without the other, if one is empty, as a value that
    a deployment lacks becomes, or if a file can't be used.
    """
    key_file = environment.get(KEY_VARIABLE)
    signatures_file = environment.get(SIGNATURES_VARIABLE)
    if key_file is None and signatures_file is None:
        return
    if not key_file or not signatures_file:
        got = "one of them" if key_file or signatures_file else "an empty text"
        raise UsageError(
            f"expected both {KEY_VARIABLE} and {SIGNATURES_VARIABLE}, got {got}",
            "set both to verify the package at its start, or neither",
        )
    try:
        key = P256PublicKey.from_pem(_read(KEY_VARIABLE, key_file, MAX_KEY).decode())
    except ValueError as error:
        raise UsageError(
            f"{KEY_VARIABLE}: {key_file}: {error}", "name the .pub file that `package key` wrote"
        ) from error
    bundles = _read(SIGNATURES_VARIABLE, signatures_file, MAX_SIGNATURES).splitlines()
    other = None
    for line in bundles:
        root = _signed_root(line, key) if line.strip() else None
        if root == manifest.root:
            return  # the other statements, such as a long bill of materials, are not read
        other = other or root
    detail = f"it signed {other}" if other else "it signed nothing in that file"
    raise PackageError(
        f"{manifest.name} {manifest.version}: expected the package root {manifest.root} signed "
        f"by the key in {key_file}, got none in {signatures_file}: {detail}",
        "mount the file that `package sign --output` wrote for this image",
    )


def _signed_root(line: bytes, key: P256PublicKey) -> str | None:
    """The package root of a bundle that ``key`` signed; None for any other bundle."""
    try:
        envelope = read_bundle(line)
        if not any(key.verifies(signature, envelope.message) for signature in envelope.signatures):
            return None
        statement = read_statement(envelope.payload)
    except ValueError:
        return None  # it signs nothing, whatever it is; without another one the start is refused
    predicate: Any = statement.get("predicate")
    if statement.get("predicateType") != PACKAGE or not isinstance(predicate, dict):
        return None
    root, subjects = predicate.get("root"), statement.get("subject")
    named = [subject.get("digest") for subject in subjects or () if isinstance(subject, dict)]
    return root if isinstance(root, str) and {"sha256": root} in named else None


def _read(variable: str, path: str, most: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise UsageError(
            f"{variable}: {path}: can't be read: {error.strerror}", "mount the file, and name it"
        ) from error
    if len(content) > most:
        raise UsageError(f"{variable}: {path}: expected at most {most:,} bytes", "name another")
    return content
