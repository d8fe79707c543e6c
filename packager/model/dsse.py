"""Signed envelopes: DSSE in a sigstore bundle, read with the standard library alone.

Formats: secure-systems-lab/dsse 1.0, sigstore bundle 0.3. The signature covers the payload's bytes,
and exactly these bytes are parsed afterwards.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from packager.manifest.strict_json import strict_json

PAYLOAD_TYPE = "application/vnd.in-toto+json"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PACKAGE = "https://model-packager/package/v1"
"""The predicate that names a package's root."""
MAX_BUNDLE = 32 * 1024 * 1024
"""Maximum size of a bundle in bytes."""
MAX_SIGNATURES = 16


@dataclass(frozen=True)
class SignedPayload:
    """The payload of an envelope, not verified."""

    payload: bytes
    signatures: tuple[bytes, ...]

    @property
    def message(self) -> bytes:
        """The signed bytes: type and payload with their lengths (DSSE's PAE)."""
        return pae(self.payload)


def pae(payload: bytes) -> bytes:
    """The pre-authentication encoding of an in-toto statement."""
    return b"DSSEv1 %d %s %d %s" % (
        len(PAYLOAD_TYPE),
        PAYLOAD_TYPE.encode(),
        len(payload),
        payload,
    )


def read_bundle(content: bytes) -> SignedPayload:
    """The envelope in a bundle; raises ``ValueError`` if it is none with an in-toto statement.

    Keys, certificates and hints in the bundle are not read.
    """
    if len(content) > MAX_BUNDLE:
        raise ValueError(f"expected at most {MAX_BUNDLE:,} bytes, got {len(content):,}")
    bundle = strict_json(content)
    if bundle.get("mediaType") != BUNDLE_TYPE:
        raise ValueError(f"mediaType: expected {BUNDLE_TYPE}, got {bundle.get('mediaType')!r:.120}")
    envelope = bundle.get("dsseEnvelope")
    if not isinstance(envelope, dict) or envelope.get("payloadType") != PAYLOAD_TYPE:
        raise ValueError(f"expected a dsseEnvelope of {PAYLOAD_TYPE}")
    listed = envelope.get("signatures")
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_SIGNATURES:
        raise ValueError(f"expected 1 to {MAX_SIGNATURES} signatures")
    signatures = [_bytes(one.get("sig") if isinstance(one, dict) else None) for one in listed]
    return SignedPayload(_bytes(envelope.get("payload")), tuple(signatures))


def read_statement(payload: bytes) -> dict[str, Any]:
    """The in-toto statement of a payload; raises ``ValueError`` if it is none."""
    statement = strict_json(payload)
    if statement.get("_type") != STATEMENT_TYPE:
        raise ValueError(f"_type: expected {STATEMENT_TYPE}, got {statement.get('_type')!r:.120}")
    return statement


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError("expected base64 text")
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(f"expected base64: {error}") from error
