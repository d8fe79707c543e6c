"""Signing of statements: DSSE in a sigstore bundle, and the classic signature of a container image.

Equal statements and keys give equal bytes. Verification reads the bundle by ``model/dsse.py``.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packager.digest import canonical_json
from packager.model.dsse import BUNDLE_TYPE, PAYLOAD_TYPE, pae, read_bundle, read_statement
from packager.trust.keys import PrivateKey, PublicKey
from packager.trust.statements import Statement

CLASSIC_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"
CLASSIC_ANNOTATION = "dev.cosignproject.cosign/signature"


@dataclass(frozen=True)
class SignedStatement:
    """A statement whose signature was verified."""

    key_id: str
    statement: Statement


def signed_bundle(statement: Statement, key: PrivateKey) -> bytes:
    """The sigstore bundle of ``statement``, in canonical JSON without a line break."""
    payload = statement.dump()
    return canonical_json(
        {
            "mediaType": BUNDLE_TYPE,
            "verificationMaterial": {
                "publicKey": {"hint": key.public.key_id},
                "tlogEntries": [],
            },
            "dsseEnvelope": {
                "payload": _base64(payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": _base64(key.sign(pae(payload))), "keyid": ""}],
            },
        }
    )


def verified_statement(bundle: bytes, keys: Iterable[PublicKey]) -> SignedStatement | None:
    """The statement if one of ``keys`` signed it, else None.

    Only the keys given count: what the bundle says about its key is not read. Raises ``ValueError``
    if it is no bundle, or signed by one of the keys and no statement.
    """
    envelope = read_bundle(bundle)
    message = envelope.message
    for key in keys:
        if any(key.verifies(signature, message) for signature in envelope.signatures):
            statement = Statement.model_validate(read_statement(envelope.payload))
            return SignedStatement(key.key_id, statement)
    return None


def classic_signature(repository: str, digest: str, key: PrivateKey) -> tuple[bytes, str]:
    """Payload and base64 signature that cosign keeps under the tag ``sha256-<hex>.sig``.

    ``repository``: host and name; ``digest``: ``sha256:…`` of the manifest.
    """
    critical = {
        "identity": {"docker-reference": repository},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature",
    }
    payload = canonical_json({"critical": critical, "optional": None})
    return payload, _base64(key.sign(payload))


def as_lines(bundles: Sequence[bytes]) -> bytes:
    """The content of a ``.sigstore.jsonl`` file: one bundle in a line."""
    return b"".join(bundle + b"\n" for bundle in bundles)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
