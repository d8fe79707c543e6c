"""Bundles, and the bills of materials in them, as documents attached to an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from packager.digest import canonical_json
from packager.model.dsse import BUNDLE_TYPE, read_bundle, read_statement
from packager.registry.attachments import Attachment
from packager.trust.statements import SBOM

BILL_TYPE = "application/vnd.cyclonedx+json"


def attachment(bundle: bytes) -> Attachment:
    """A bundle as cosign attaches it; without the time that cosign adds."""
    predicate_type = claimed_statement(bundle).get("predicateType", "")
    facts = {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": str(predicate_type),
    }
    return Attachment(BUNDLE_TYPE, bundle, facts)


def attachments(bundles: Sequence[bytes]) -> list[Attachment]:
    """Each bundle, then each bill of materials that one of them states, for scanners."""
    return [*map(attachment, bundles), *bills(bundles)]


def bills(bundles: Sequence[bytes]) -> list[Attachment]:
    """The bills of materials (CycloneDX JSON) that ``bundles`` state, each once; not verified."""
    stated = [one for one in map(claimed_statement, bundles) if one.get("predicateType") == SBOM]
    contents = [canonical_json(one["predicate"]) for one in stated if "predicate" in one]
    return [Attachment(BILL_TYPE, content) for content in dict.fromkeys(contents)]


def claimed_statement(bundle: bytes) -> dict[str, Any]:
    """The statement in a bundle, not verified, for choosing only; empty if there is none."""
    try:
        return read_statement(read_bundle(bundle).payload)
    except ValueError:
        return {}
