"""The facts of an image, found by this installation, to be signed and compared with signatures.

Nothing here comes from a label: digests are computed from the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from packager.digest import sha256_bytes
from packager.image.export import oci_manifest
from packager.image.file_list import FOLDER, LINK, Listing
from packager.image.reference import Reference
from packager.manifest.manifest import Lock, Manifest
from packager.model.integrity import IntegrityCheck
from packager.registry.manifests import ImageIndex
from packager.trust.statements import PackageBinding, ResourceDescriptor, described

FOLDERS = ("code/", "models/", "package/")
"""Folders that an OMS signature covers."""
ROOT_FILE = "package/manifest.json"
"""The file whose sha256 is the package root."""


@dataclass(frozen=True)
class PackageFacts:
    """An image: what it is called, what it contains, and under which digests it is stored."""

    name: str
    manifest: Manifest
    lock: Lock
    manifest_digest: str | None
    """``sha256:…`` of the image's OCI manifest; None if the image was not read."""
    stored: bool
    """Whether the image is stored under this digest; an engine stores it under another one."""
    binding: PackageBinding
    files: Mapping[str, str] | None = None
    """Path below ``/`` → sha256 of each file in ``FOLDERS``; None if they were not read."""
    checks: tuple[IntegrityCheck, ...] = ()
    """Comparison of all layers with the manifest."""
    index: ImageIndex | None = None
    """The index of platforms that led to the image; None if none did."""
    bill: Callable[[], bytes] | None = None
    """Makes the bill of materials of the layers, as long as the image is open; None if they were
    not read. Raises ``PackageError`` if they are not those of the lock."""

    @property
    def subjects(self) -> tuple[ResourceDescriptor, ...]:
        """The subjects of statements: the image, the package root, the model's files."""
        digest = (self.manifest_digest or "").removeprefix("sha256:")
        return (
            described(self.manifest.name, digest),
            described(ROOT_FILE, self.binding.root),
            *(described(f"models/{one.path}", one.sha256) for one in self.manifest.model),
        )


def stated_facts(reference: Reference) -> PackageFacts:
    """The facts that need no reading of layers: an engine names its images by their configs."""
    config_digest, companion = reference.config_digest, reference.companion_digest
    return _facts(reference, reference.stored_digest, config_digest, companion)


def read_facts(reference: Reference) -> PackageFacts:
    """The facts by the image's own bytes, which an engine has to write out."""
    image = reference.stored_image()
    companion = reference.stored_image(companion=True).digest if reference.has_companion else None
    digest = reference.stored_digest or f"sha256:{sha256_bytes(oci_manifest(image))}"
    return _facts(reference, digest, image.digest, companion)


def index_of(reference: Reference) -> ImageIndex | None:
    """The index that led to an image in a folder or registry; None if none did."""
    return None if reference.engine else reference.stored_image().index


def signed_files(listing: Listing) -> dict[str, str]:
    """Path → sha256 of the files that an OMS signature covers, of the list of an image."""
    return {
        name: what.rpartition(" ")[2]
        for name, what in listing.items()
        if name.startswith(FOLDERS) and not what.startswith((FOLDER, LINK))
    }


def wrong_checks(checks: Sequence[IntegrityCheck]) -> list[IntegrityCheck]:
    """The failed checks, those of single files alone if there are any."""
    wrong = [check for check in checks if not check.ok]
    folders = ("/", "companion /")
    named = [one for one in wrong if "file /" in one.name or not one.name.startswith(folders)]
    return named or wrong


def _facts(
    reference: Reference, digest: str | None, config_digest: str, companion: str | None
) -> PackageFacts:
    manifest, lock = reference.manifest, reference.lock()
    data = manifest.data
    binding = PackageBinding(
        name=manifest.name,
        version=manifest.version,
        root=manifest.root,
        config_digest=config_digest,
        platform=reference.platform,
        data_fingerprint=None if data == "none" else data.fingerprint,
        companion=companion,
    )
    stored = reference.stored_digest is not None
    return PackageFacts(
        reference.name, manifest, lock, digest, stored, binding, index=index_of(reference)
    )
