"""What an image is, as found by this installation: what is signed, and what signatures must match.

Nothing here comes from a label: digests are computed from the bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from packager.digest import sha256_bytes
from packager.errors import PackageError
from packager.image.export import oci_manifest
from packager.image.reference import Reference
from packager.manifest.manifest import Lock, Manifest
from packager.model.integrity import IntegrityCheck
from packager.trust.examine import Examination
from packager.trust.statements import PackageBinding, ResourceDescriptor, described

FOLDERS = ("code/", "models/", "package/")
"""What an OMS signature covers."""
ROOT_FILE = "package/manifest.json"
"""The file whose sha256 is the package root."""


@dataclass(frozen=True)
class PackageFacts:
    """An image that was examined."""

    name: str
    manifest: Manifest
    lock: Lock
    manifest_digest: str
    """``sha256:…`` of the image's OCI manifest."""
    exact: bool
    """Whether the image is stored under this digest; an engine stores it under another one."""
    binding: PackageBinding
    files: Mapping[str, str]
    """Path below ``/`` → sha256 of each file in ``FOLDERS``."""
    has_companion: bool
    checks: tuple[IntegrityCheck, ...]
    """Comparison of all layers with the manifest."""

    @property
    def subjects(self) -> tuple[ResourceDescriptor, ...]:
        """What statements are about: the image, the package root, the model's files."""
        models = sorted(path for path in self.files if path.startswith("models/"))
        return (
            described(self.manifest.name, self.manifest_digest.removeprefix("sha256:")),
            described(ROOT_FILE, self.binding.root),
            *(described(path, self.files[path]) for path in models),
        )


def facts_of(
    reference: Reference, examined: Examination, checks: tuple[IntegrityCheck, ...]
) -> PackageFacts:
    """The facts of ``reference``, whose layers ``examined`` has verified.

    ``checks`` are those of ``examined`` and of its members.

    Raises ``PackageError`` if the image is not the one that was opened: its tag has moved.
    """
    image = reference.stored_image()
    if image.digest != reference.config_digest:
        raise PackageError(
            f"{reference.name}: expected the image {reference.config_digest}, got {image.digest}",
            "its tag was moved meanwhile: run the command again",
        )
    manifest, lock = reference.manifest, reference.lock()
    data = manifest.data
    companion = reference.stored_image(companion=True).digest if reference.has_companion else None
    stored = reference.stored_digest
    binding = PackageBinding(
        name=manifest.name,
        version=manifest.version,
        root=manifest.root,
        config_digest=image.digest,
        platform=lock.platform,
        data_fingerprint=None if data == "none" else data.fingerprint,
        companion=companion,
    )
    return PackageFacts(
        name=reference.name,
        manifest=manifest,
        lock=lock,
        manifest_digest=stored or f"sha256:{sha256_bytes(oci_manifest(image))}",
        exact=stored is not None,
        binding=binding,
        files=_files(examined),
        has_companion=reference.has_companion,
        checks=checks,
    )


def _files(examined: Examination) -> dict[str, str]:
    found: dict[str, str] = {}
    for tree in examined.contents.trees.values():
        for name, file in tree.items():
            if name.startswith(FOLDERS):
                # A link has no content; the examination names it.
                found[name] = file.sha256
    return {name: digest for name, digest in found.items() if digest}
