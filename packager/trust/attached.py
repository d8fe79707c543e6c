"""A bundle as a document that is attached to an image."""

from __future__ import annotations

from packager.model.dsse import BUNDLE_TYPE, read_bundle, read_statement
from packager.registry.attachments import Attachment


def attachment(bundle: bytes) -> Attachment:
    """A bundle as cosign attaches it; without the time that cosign adds."""
    predicate_type = read_statement(read_bundle(bundle).payload)["predicateType"]
    told = {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": str(predicate_type),
    }
    return Attachment(BUNDLE_TYPE, bundle, told)
