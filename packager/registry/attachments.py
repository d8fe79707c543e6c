"""Documents attached to an image: signatures, statements, an SBOM.

Each is an OCI image manifest whose ``subject`` is the image's manifest (image-spec 1.1), with one
layer that is the document. Neither a time nor a machine enters it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from packager.digest import canonical_json, sha256_bytes

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
EMPTY = b"{}"


@dataclass(frozen=True)
class Descriptor:
    """A reference of a manifest to a blob or another manifest, by content."""

    media_type: str
    digest: str
    """``sha256:…``."""
    size: int
    """Bytes."""

    @classmethod
    def of(cls, media_type: str, content: bytes) -> Descriptor:
        """The descriptor of ``content``."""
        return cls(media_type, f"sha256:{sha256_bytes(content)}", len(content))

    def as_json(self) -> dict[str, Any]:
        """The object that a manifest contains."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class Attachment:
    """One document of ``artifact_type``, to be attached to an image."""

    artifact_type: str
    """The media type of the document, for example that of a sigstore bundle."""
    content: bytes
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Of the manifest; lists of attachments repeat them."""

    def manifest(self, subject: Descriptor) -> bytes:
        """The manifest that attaches the document to ``subject``, in canonical JSON."""
        described: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": self.artifact_type,
            "config": Descriptor.of(EMPTY_TYPE, EMPTY).as_json(),
            "layers": [Descriptor.of(self.artifact_type, self.content).as_json()],
            "subject": subject.as_json(),
        }
        if self.annotations:
            described["annotations"] = dict(self.annotations)
        return canonical_json(described)
