"""Check that compressed layers of an OCI folder are stored with the bytes that their names say.

What they unpack to is kept in the cache, by the digest of the unpacked bytes. So a layer that was
unpacked before is read from there, and nothing else reads what is stored.
"""

from __future__ import annotations

from packager.digest import sha256_file
from packager.image.compressed_layers import is_gzip
from packager.image.config import Image
from packager.image.documents import MAX_SETTINGS
from packager.image.oci_folder import stored_blob
from packager.image.reference import Reference
from packager.model.integrity import IntegrityCheck
from packager.registry.oci_json import oci_manifest


def stored_checks(reference: Reference, image: Image) -> list[IntegrityCheck]:
    """A failed check for each compressed layer of ``image`` that a folder has with other bytes."""
    if reference.folder is None or image.manifest_digest is None:
        return []
    folder = reference.folder
    manifest = oci_manifest(stored_blob(folder, image.manifest_digest, MAX_SETTINGS))
    checks = []
    for layer, stored in zip(image.layers, manifest["layers"], strict=True):
        expected = str(stored["digest"])
        if not is_gzip(str(stored["mediaType"]), layer.diff_id):
            continue
        actual = f"sha256:{sha256_file(folder / 'blobs' / 'sha256' / expected[7:])}"
        if actual != expected:
            name = f"layer {layer.name}: as stored"
            checks.append(IntegrityCheck(name=name, expected=expected, actual=actual, ok=False))
    return checks
