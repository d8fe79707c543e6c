from __future__ import annotations

import hashlib
import json

from packager.registry.attachments import EMPTY, MANIFEST_TYPE, Attachment, Descriptor

SUBJECT = Descriptor.of(MANIFEST_TYPE, b"an image's manifest")


def test_a_document_is_attached_by_a_manifest_with_a_subject() -> None:
    made = Attachment("application/x-test", b"text", {"kind": "note"}).manifest(SUBJECT)
    read = json.loads(made)
    assert read["subject"]["digest"] == SUBJECT.digest
    assert read["artifactType"] == read["layers"][0]["mediaType"] == "application/x-test"
    assert read["layers"][0]["digest"] == f"sha256:{hashlib.sha256(b'text').hexdigest()}"
    assert read["config"]["digest"] == f"sha256:{hashlib.sha256(EMPTY).hexdigest()}"
    assert read["annotations"] == {"kind": "note"}


def test_the_same_document_gives_the_same_bytes() -> None:
    one, other = (Attachment("a/b", b"x", {"b": "1", "a": "2"}) for _ in range(2))
    assert one.manifest(SUBJECT) == other.manifest(SUBJECT)
    assert "annotations" not in json.loads(Attachment("a/b", b"x").manifest(SUBJECT))
