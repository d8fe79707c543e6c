"""Signatures in a registry: bundles and the bill as referrers of the image, cosign's classic tag.

Many controllers of clusters read the tag only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from packager.digest import canonical_json
from packager.errors import PackageError
from packager.image.registry_export import Beside, IndexBeside
from packager.manifest.manifest import Manifest
from packager.model.dsse import BUNDLE_TYPE, MAX_BUNDLE
from packager.registry.attachments import MANIFEST_TYPE, Attachment, Descriptor
from packager.registry.blobs import OutgoingBlob, put_blob
from packager.registry.manifests import find_manifest, get_manifest, put_manifest
from packager.registry.reference import RegistryReference
from packager.registry.referrers import (
    MalformedAttachmentError,
    attach,
    fallback_tag,
    get_attachment,
    list_referrers,
)
from packager.registry.repository import RegistryRepository, open_repository
from packager.trust.attached import attachment, attachments, claimed_statement
from packager.trust.envelope import (
    CLASSIC_ANNOTATION,
    CLASSIC_TYPE,
    classic_signature,
    signed_bundle,
)
from packager.trust.facts import PackageFacts
from packager.trust.index_link import sign_index
from packager.trust.keys import PrivateKey
from packager.trust.sign import sign_package
from packager.trust.statements import OMS, TestResult, cosign_statement

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
MAX_BUNDLES = 128
"""Maximum number of bundles of an image that are read."""
MAX_TOTAL = 128 << 20
"""Maximum sum of their sizes in bytes."""
Skip = Callable[[str], None]


def registry_bundles(source: str, skip: Skip) -> list[bytes]:
    """The bundles that are attached to the image ``HOST/NAME@sha256:…``.

    ``skip`` is told why a malformed attachment is passed over: others may attach what they like.
    """
    reference = RegistryReference.parse(source)
    repository, subject = open_repository(reference), reference.digest or ""
    referrers = list_referrers(repository, subject, BUNDLE_TYPE, skip)
    if len(referrers) > MAX_BUNDLES:
        raise PackageError(
            f"{source}: expected at most {MAX_BUNDLES} signed statements, got {len(referrers):,}",
            f"remove the others from the list at the tag {fallback_tag(subject)}",
        )
    bundles, total = [], 0
    for one in referrers:
        try:
            bundles.append(get_attachment(repository, one, subject, MAX_BUNDLE).content)
        except MalformedAttachmentError as error:
            skip(error.message)
            continue
        total += len(bundles[-1])
        check_total(source, total)
    return bundles


def check_total(location: str, total: int) -> None:
    """Raise ``PackageError`` if the bundles of an image have more than ``MAX_TOTAL`` bytes."""
    if total > MAX_TOTAL:
        raise PackageError(
            f"{location}: expected signed statements of at most {MAX_TOTAL:,} bytes, got more",
            "copy the image without its signatures, and sign it again",
        )


def attach_bundles(source: str, bundles: Sequence[bytes], key: PrivateKey) -> None:
    """Attach ``bundles`` to the image ``HOST/NAME@sha256:…``, and set the classic tag."""
    reference = RegistryReference.parse(source)
    repository = open_repository(reference, write=True)
    subject = get_manifest(repository, reference.digest or "").descriptor
    attach(repository, subject, attachments(bundles))
    put_classic(repository, subject, key)


def signed_by(key: PrivateKey, facts: PackageFacts, results: Sequence[TestResult] = ()) -> Beside:
    """Sign what is pushed: the image under the digest that it gets in the registry."""

    def beside(
        repository: RegistryRepository, subject: Descriptor, companion: bool
    ) -> list[Attachment]:
        put_classic(repository, subject, key)
        if companion:  # the image's binding names it by its config
            statement = cosign_statement(subject.digest.removeprefix("sha256:"))
            return [attachment(signed_bundle(statement, key))]
        pushed = replace(facts, manifest_digest=subject.digest)
        return attachments(sign_package(pushed, key, results))

    return beside


def index_signed_by(key: PrivateKey, manifest: Manifest) -> IndexBeside:
    """Sign an index that is pushed: which images of the package of ``manifest`` it leads to."""

    def beside(
        repository: RegistryRepository, subject: Descriptor, images: Mapping[str, str]
    ) -> list[Attachment]:
        put_classic(repository, subject, key)
        return attachments(sign_index(manifest, subject, images, key))

    return beside


def index_already_signed(bundles: Sequence[bytes]) -> IndexBeside:
    """Attach those of ``bundles`` that are about the index as it is pushed."""

    def beside(
        _: RegistryRepository, subject: Descriptor, __: Mapping[str, str]
    ) -> list[Attachment]:
        digest = subject.digest.removeprefix("sha256:")
        return attachments([bundle for bundle in bundles if digest in _subjects(bundle)])

    return beside


def already_signed(bundles: Sequence[bytes], warn: Callable[[str], None]) -> Beside:
    """Attach those of ``bundles`` that are about the image as it is pushed."""

    def beside(_: RegistryRepository, subject: Descriptor, companion: bool) -> list[Attachment]:
        if companion or not bundles:
            return []
        digest = subject.digest.removeprefix("sha256:")
        matching = [bundle for bundle in bundles if _is_about(bundle, digest)]
        if not any(digest in names for names in map(_subjects, matching)):
            warn(
                "the signatures kept here are not of the image as it is pushed, and stay here: "
                "sign it with --key, or push it uncompressed"
            )
            return []
        return attachments(matching)

    return beside


def put_classic(repository: RegistryRepository, subject: Descriptor, key: PrivateKey) -> None:
    """Write the classic signature of ``subject``, beside those of other keys at its tag."""
    payload, signature = classic_signature(str(repository), subject.digest, key)
    tag = f"{fallback_tag(subject.digest)}.sig"
    layer = {
        **Descriptor.of(CLASSIC_TYPE, payload).as_json(),
        "annotations": {CLASSIC_ANNOTATION: signature},
    }
    before = find_manifest(repository, tag)
    layers = [] if before is None else [*(before.document.get("layers") or ())]
    if layer in layers:
        return
    layers.append(layer)
    config = canonical_json(
        {
            "architecture": "",
            "os": "",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [one["digest"] for one in layers]},
        }
    )
    put_blob(repository, OutgoingBlob.of("signature", CLASSIC_TYPE, payload))
    put_blob(repository, OutgoingBlob.of("signature's config", CONFIG_TYPE, config))
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": Descriptor.of(CONFIG_TYPE, config).as_json(),
        "layers": layers,
    }
    put_manifest(repository, canonical_json(manifest), MANIFEST_TYPE, tag)


def _is_about(bundle: bytes, digest: str) -> bool:
    """Whether a bundle is of the image ``digest``, or of its files, which are in every form."""
    return digest in _subjects(bundle) or claimed_statement(bundle).get("predicateType") == OMS


def _subjects(bundle: bytes) -> list[str]:
    """The digests that a bundle says it is about; not verified, to choose only."""
    subjects: Any = claimed_statement(bundle).get("subject")
    if not isinstance(subjects, list):
        return []
    digests = [subject.get("digest") for subject in subjects if isinstance(subject, dict)]
    return [
        str(digest["sha256"])
        for digest in digests
        if isinstance(digest, dict) and "sha256" in digest
    ]
