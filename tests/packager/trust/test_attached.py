"""A bundle is attached as cosign attaches it, without its time."""

from __future__ import annotations

from pathlib import Path

from signed_packages import new_key

from packager.model.dsse import BUNDLE_TYPE
from packager.trust.attached import attachment
from packager.trust.envelope import signed_bundle
from packager.trust.statements import COSIGN, cosign_statement


def test_type_content_and_annotations(tmp_path: Path) -> None:
    bundle = signed_bundle(cosign_statement("1" * 64), new_key(tmp_path / "k"))
    found = attachment(bundle)
    assert (found.artifact_type, found.content) == (BUNDLE_TYPE, bundle)
    assert found.annotations == {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": COSIGN,
    }
