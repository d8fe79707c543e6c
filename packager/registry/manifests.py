"""Manifests of a repository: read, verified and written; the one of a platform in an index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from packager.digest import canonical_json, sha256_bytes
from packager.errors import PackageError
from packager.manifest.platform import ATTACHED, is_usual, platform_of
from packager.registry.attachments import INDEX_TYPE, MANIFEST_TYPE, Descriptor
from packager.registry.oci_json import oci_manifest
from packager.registry.reference import DIGEST
from packager.registry.repository import RegistryRepository
from packager.registry.session import REPEATED, TRIES
from packager.registry.transport import BrokenTransferError, RegistryAnswer

_DOCKER = "application/vnd.docker.distribution.manifest"
INDEX_TYPES = (INDEX_TYPE, f"{_DOCKER}.list.v2+json")
MANIFEST_TYPES = (MANIFEST_TYPE, f"{_DOCKER}.v2+json")
ACCEPTED = {"Accept": ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))}
"""Headers of requests for manifests."""
MAX_MANIFEST = 4 << 20
"""Bytes; the distribution specification lets registries refuse larger ones."""
MAX_LAYERS = 10_000
MAX_BLOB = 1 << 50
"""Bytes that a size may claim."""


class MalformedManifestError(PackageError):
    """The content at a tag or digest of a registry is neither a manifest nor an index."""


@dataclass(frozen=True)
class FetchedManifest:
    """A manifest or index as the registry has it, verified by its digest."""

    descriptor: Descriptor
    content: bytes
    document: Mapping[str, Any]

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests, of platforms or attachments."""
        return self.descriptor.media_type in INDEX_TYPES

    @property
    def config(self) -> Descriptor:
        """The image's config."""
        return read_descriptor(self.document.get("config"))

    @property
    def layers(self) -> tuple[Descriptor, ...]:
        """The layers, bottom up, as they are stored: they may be compressed."""
        return tuple(map(read_descriptor, self.document.get("layers") or ()))


@dataclass(frozen=True)
class ImageIndex:
    """An image index: what a name leads to on each platform."""

    descriptor: Descriptor
    images: Mapping[str, str]
    """Platform (``linux/arm64``) → digest of its manifest."""

    @classmethod
    def of(cls, descriptor: Descriptor, document: Mapping[str, Any]) -> ImageIndex:
        """Read an index; raises ``ValueError`` for two images that readers could choose between.

        Entries of the platform ``ATTACHED`` are no images. One without a platform, or with a part
        of one, is refused: engines take it for any platform, or for their own. So is one whose
        platform has another name than Go's: engines take ``x86_64`` for ``amd64``, too.
        """
        images: dict[str, str] = {}
        for entry in document.get("manifests") or ():
            described = entry.get("platform") or {}
            platform = platform_of(described)
            if platform == ATTACHED:
                continue
            if not all(described.get(key) for key in ("os", "architecture")):
                digest = str(entry.get("digest"))[:80]
                raise ValueError(f"{digest} without a platform, which engines may run on any")
            if not is_usual(platform):
                raise ValueError(f"an image for {platform!r:.120}, a platform of another name")
            digest = read_descriptor(entry).digest
            if images.setdefault(platform, digest) != digest:
                raise ValueError(f"an index with two images for {platform}")
        return cls(descriptor, images)


def read_descriptor(entry: Any) -> Descriptor:
    """A descriptor in a manifest; raises ``ValueError`` if it is malformed."""
    if not isinstance(entry, Mapping):
        raise ValueError("expected a descriptor")
    kind, digest, size = (entry.get(key) for key in ("mediaType", "digest", "size"))
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise ValueError(f"expected sha256: and 64 hex digits, got {str(digest)[:100]!r}")
    if not isinstance(kind, str) or isinstance(size, bool) or not isinstance(size, int):
        raise ValueError(f"{digest}: expected a media type and a size")
    if not 0 <= size <= MAX_BLOB:
        raise ValueError(f"{digest}: expected a size of 0 to {MAX_BLOB:,} bytes, got {size}")
    return Descriptor(kind, digest, size)


def image_manifest(
    config: Descriptor,
    layers: Sequence[Descriptor],
    annotations: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """The manifest of an image, in canonical JSON."""
    described: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": config.as_json(),
        "layers": [layer.as_json() for layer in layers],
    }
    if annotations:
        described["annotations"] = dict(annotations)
    return canonical_json(described)


def image_index(
    manifests: Sequence[Mapping[str, Any]],
    annotations: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """An image index of these descriptors, in canonical JSON."""
    index: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": [*manifests],
    }
    if annotations:
        index["annotations"] = dict(annotations)
    return canonical_json(index)


def common_annotations(images: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The annotations that all images have: those of the index of their platforms."""
    first, *others = images
    return {
        name: text for name, text in first.items() if all(one.get(name) == text for one in others)
    }


def find_manifest(repository: RegistryRepository, target: str) -> FetchedManifest | None:
    """The manifest or index at a tag or digest; None if the repository has none.

    Raises ``PackageError`` for bytes that don't match the digest, more than 4 MiB, and what is
    neither a manifest nor an index.
    """
    answer = repository.request("GET", f"manifests/{target}", headers=ACCEPTED, limit=MAX_MANIFEST)
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise repository.refusal(f"read {target}", answer)
    digest = f"sha256:{sha256_bytes(answer.content)}"
    if DIGEST.fullmatch(target) and digest != target:
        raise PackageError(
            f"{repository}@{target}: expected a manifest of that digest, got {digest}",
            "the registry's copy is damaged or was changed: push it again",
        )
    return _checked(repository, target, answer, digest)


def get_manifest(repository: RegistryRepository, target: str) -> FetchedManifest:
    """As ``find_manifest``; raises ``PackageError`` if there is none."""
    manifest = find_manifest(repository, target)
    if manifest is None:
        joint = "@" if DIGEST.fullmatch(target) else ":"
        raise PackageError(
            f"{repository}{joint}{target}: the registry has no such image",
            "check the repository's name and the tag or digest",
        )
    return manifest


def resolve(repository: RegistryRepository, target: str, platform: str) -> FetchedManifest:
    """The manifest of an image at ``target``; of an index, the one for ``platform``.

    A tag may move, so resolve it once and go on with the digest. ``platform``: ``linux/amd64``.
    """
    manifest = get_manifest(repository, target)
    return manifest if not manifest.is_index else image_in(repository, manifest, platform)


def image_in(
    repository: RegistryRepository, index: FetchedManifest, platform: str
) -> FetchedManifest:
    """The image for ``platform`` in the index ``index``."""
    manifest = get_manifest(repository, platform_manifest(index, platform, str(repository)).digest)
    if manifest.is_index:
        raise PackageError(
            f"{repository}@{manifest.descriptor.digest}: expected an image, got another index",
            "name the image by its digest",
        )
    return manifest


def platform_manifest(index: FetchedManifest, platform: str, called: str) -> Descriptor:
    """The descriptor of the image for ``platform`` (``linux/amd64``) in an index."""
    entries = index.document.get("manifests") or ()
    there: list[str] = []
    for entry in entries:
        described = entry.get("platform") or {} if isinstance(entry, Mapping) else {}
        name = platform_of(described)
        if name == platform:
            return read_descriptor(entry)
        if described and "unknown" not in name:
            there.append(name)
    names = ", ".join(sorted(set(there))) or "none"
    raise PackageError(
        f"{called}: expected an image for {platform}, got {names}",
        "name an image that has this platform",
    )


def put_manifest(
    repository: RegistryRepository, content: bytes, media_type: str, tag: str | None = None
) -> RegistryAnswer:
    """Store a manifest or index, at ``tag`` if given; what it names must be there before."""
    digest = f"sha256:{sha256_bytes(content)}"
    target = tag or digest
    for turn in range(TRIES):
        last, pause = turn + 1 == TRIES, 0.0
        try:
            answer = repository.request(
                "PUT",
                f"manifests/{target}",
                body=lambda: content,
                headers={"Content-Type": media_type},
            )
        except BrokenTransferError as error:
            if last:
                raise repository.session.unreachable(error) from error
        else:
            if answer.status == 201:
                return _stored(repository, answer, digest)
            if last or answer.status not in REPEATED:
                raise repository.refusal(f"store the manifest {target}", answer)
            pause = answer.wait
        repository.session.wait(turn, pause)
    raise AssertionError("the last turn returns or raises")


def _stored(repository: RegistryRepository, answer: RegistryAnswer, digest: str) -> RegistryAnswer:
    digest_header = answer.headers.get("Docker-Content-Digest", digest)
    if digest_header != digest:
        raise PackageError(
            f"{repository}: expected the registry to store {digest}, got {digest_header[:100]}",
            "the registry changes what is pushed, so digests and signatures can't be kept",
        )
    return answer


def _checked(
    repository: RegistryRepository, target: str, answer: RegistryAnswer, digest: str
) -> FetchedManifest:
    """The manifest of an answer, if its kind is certain."""
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    try:
        document = oci_manifest(answer.content)
        kind = document.get("mediaType") or media_type
        # A document of two kinds would be one image for us and another for the next reader.
        if kind != media_type and media_type in (*INDEX_TYPES, *MANIFEST_TYPES):
            raise ValueError(f"{kind!r} as {media_type!r}")
        if kind not in (*INDEX_TYPES, *MANIFEST_TYPES):
            raise ValueError(f"the media type {str(kind)[:100]!r}")
        other = ("layers", "config") if kind in INDEX_TYPES else ("manifests",)
        if any(key in document for key in other):
            raise ValueError("a manifest and an index in one")
        manifest = FetchedManifest(
            Descriptor(kind, digest, len(answer.content)), answer.content, document
        )
        listed = document.get("manifests" if manifest.is_index else "layers")
        if not isinstance(listed, list) or len(listed) > MAX_LAYERS:
            raise ValueError("no list of a usual length")
        if not manifest.is_index:
            _ = manifest.config, manifest.layers
    except (ValueError, TypeError, RecursionError) as error:
        raise MalformedManifestError(
            f"{repository}: {target}: expected the manifest of an image, got {error}",
            "name an image",
        ) from error
    return manifest
