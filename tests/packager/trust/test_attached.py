"""A bundle is attached as cosign attaches it, without its time."""

from __future__ import annotations

from pathlib import Path

from signed_packages import new_key

from packager.model.dsse import BUNDLE_TYPE
from packager.trust.attached import BILL_TYPE, attachment, attachments, bills, claimed_statement
from packager.trust.envelope import signed_bundle
from packager.trust.statements import COSIGN, bill_statement, cosign_statement, described


def test_type_content_and_annotations(tmp_path: Path) -> None:
    bundle = signed_bundle(cosign_statement("1" * 64), new_key(tmp_path / "k"))
    found = attachment(bundle)
    assert (found.artifact_type, found.content) == (BUNDLE_TYPE, bundle)
    assert found.annotations == {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": COSIGN,
    }


def test_each_bill_that_is_stated_is_attached_once_after_the_bundles(tmp_path: Path) -> None:
    subjects = (described("shop", "1" * 64),)
    stated = bill_statement({"bomFormat": "CycloneDX", "components": []}, subjects)
    keys = [new_key(tmp_path / name) for name in ("k", "o")]
    bundles = [signed_bundle(stated, key) for key in keys]
    found = attachments(bundles)
    assert [one.artifact_type for one in found] == [BUNDLE_TYPE, BUNDLE_TYPE, BILL_TYPE]
    assert found[-1].content == b'{"bomFormat":"CycloneDX","components":[]}'
    assert found[-1].annotations == {}
    assert bills([b"{}", signed_bundle(cosign_statement("1" * 64), keys[0])]) == []
    assert claimed_statement(b"\xff") == {}
