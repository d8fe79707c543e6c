"""Reads images from an OCI folder or a ``docker save`` archive, and checks them.

Nothing is extracted: a layer of an archive is a range of the archive's file. Names in an archive
are keys, never paths of this machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packager.environment.platform import default_platform
from packager.errors import PackageError, UsageError
from packager.image.annotations import annotations_of, kept_annotations
from packager.image.compressed_layers import uncompressed_layer
from packager.image.config import LABEL, Image, layer_names
from packager.image.docker_archive import open_archive
from packager.image.documents import MAX_SETTINGS
from packager.image.layers import Layer
from packager.image.oci_folder import (
    DIGEST,
    blob_path,
    is_runnable,
    stored_blob,
    stored_manifests,
)
from packager.manifest.platform import platform_of
from packager.registry.manifests import ImageIndex, read_descriptor
from packager.registry.oci_json import image_config, oci_manifest
from packager.registry.pull import IMAGE_NAME, REF_NAME

COMPANION = "-replay"
ENGINE_HINT = "start Docker, or name an OCI folder or archive that `package build --output` wrote"
MAX_IMAGES = 8
"""A package is an image and at most one companion; tools may add copies under other names."""


def read_oci(folder: Path, called: str, platform: str | None = None) -> tuple[Image, ...]:
    """The images of an OCI folder for one platform, the companion last.

    ``platform``: ``linux/arm64``; None: the one that it holds, or this machine's among several, or
    the first. Raises ``UsageError`` if it holds none for ``platform``.
    """
    try:
        images = _oci_images(folder, called, platform)
    except (OSError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise PackageError(
            f"{called}: expected a whole OCI folder, got {type(error).__name__}: {error}",
            "build it or copy it again",
        ) from error
    return _in_order(images, called)


def _oci_images(folder: Path, called: str, platform: str | None) -> list[Image]:
    images = list(_stored_images(folder))
    if len(images) > MAX_IMAGES:
        raise ValueError(f"expected at most {MAX_IMAGES} images, got more")
    named = [(one.name, _platform(one.config)) for one in images]
    selected = choose_platform(_mains(named), called, platform)
    companions = {one for name, one in named if name.endswith(COMPANION)}
    if companions and selected not in companions:
        raise ValueError(f"a companion for {', '.join(sorted(companions))}, not for {selected}")
    return [_opened(folder, one) for one in images if _platform(one.config) == selected]


@dataclass(frozen=True)
class _StoredImage:
    """An image of an OCI folder whose layers were not read."""

    name: str
    digest: str
    """Of its manifest."""
    manifest: dict[str, Any]
    config: bytes
    index: ImageIndex | None


def _stored_images(folder: Path) -> Iterator[_StoredImage]:
    """The images of the index, and those of the indexes of several platforms in it."""
    for entry, manifest in stored_manifests(folder):
        is_index = "manifests" in manifest
        if is_index and not {"config", "layers"}.isdisjoint(manifest):
            raise ValueError(f"{entry['digest']}: a manifest that is an index as well")
        if "subject" in manifest:
            if is_index or is_runnable(folder, manifest):
                raise ValueError(f"{entry['digest']}: an image that is attached to another one")
            continue  # attached to an image, as signatures are
        annotations = entry.get("annotations", {})
        name = annotations.get(IMAGE_NAME) or annotations.get(REF_NAME, "")
        held, index = [(entry, manifest)], None
        if is_index:
            index = ImageIndex.of(read_descriptor(entry), manifest)
            held = [
                (one, oci_manifest(stored_blob(folder, one["digest"], MAX_SETTINGS)))
                for one in _few(manifest["manifests"])
            ]
        for descriptor, one in held:
            config = stored_blob(folder, one["config"]["digest"], MAX_SETTINGS)
            # Engines choose by what the index says, and run what the config says.
            platform = descriptor.get("platform")
            if platform is not None and platform_of(platform) != _platform(config):
                raise ValueError(
                    f"an index that calls an image for {_platform(config)} one for "
                    f"{platform_of(platform)}"
                )
            yield _StoredImage(name, descriptor["digest"], one, config, index)


def _opened(folder: Path, stored: _StoredImage) -> Image:
    """A stored image with its layers, unpacked where they are compressed."""
    diff_ids = image_config(stored.config)["rootfs"]["diff_ids"]
    paths = [
        uncompressed_layer(
            blob_path(folder, layer["digest"]), str(layer["mediaType"]), str(diff_id)
        )
        for layer, diff_id in zip(stored.manifest["layers"], diff_ids, strict=True)
    ]
    locations = [(path, 0, path.stat().st_size) for path in paths]
    image = _image(stored.name, stored.config, locations)
    annotations = annotations_of(stored.manifest)
    return replace(
        image, annotations=annotations, manifest_digest=stored.digest, index=stored.index
    )


def held_platforms(text: str) -> tuple[str, ...]:
    """The platforms whose images the OCI folder called ``text`` holds; none if it is no folder."""
    folder = Path(text.removeprefix("oci:"))
    if not (folder / "oci-layout").is_file():
        return ()
    platforms = [_platform(image.config) for image in _stored_images(folder)]
    return tuple(dict.fromkeys(platforms)) if len(set(platforms)) > 1 else ()


def _mains(named: Sequence[tuple[str, str]]) -> list[str]:
    """The platforms of images that are no companions; of all if there are only companions."""
    mains = [platform for name, platform in named if not name.endswith(COMPANION)]
    return mains or [platform for _, platform in named]


def _platform(config: bytes) -> str:
    return platform_of(image_config(config))


def choose_platform(held: Sequence[str], called: str, platform: str | None) -> str | None:
    """The platform of ``held`` to read; raises ``UsageError`` if it is none of them."""
    here = default_platform()
    requested = platform or (here if here in held else next(iter(held), None))
    if held and requested not in held:
        raise UsageError(
            f"{called}: expected an image for {requested}, got those for "
            f"{', '.join(dict.fromkeys(held))}",
            "name one of these platforms",
        )
    return requested


def _few(entries: Sequence[Any]) -> Sequence[Any]:
    if len(entries) > MAX_IMAGES:
        raise ValueError(f"expected at most {MAX_IMAGES} images, got {len(entries):,}")
    return entries


def read_archive(path: Path, called: str, platform: str | None = None) -> tuple[Image, ...]:
    """The images of the uncompressed ``docker save`` archive at ``path``, the companion last.

    ``platform``: as of ``read_oci``; an archive holds one.
    """

    def refusal(got: str) -> UsageError:
        return UsageError(f"{called}: expected an archive of `docker save`, got {got}", ENGINE_HINT)

    with open_archive(path, refusal) as archive:
        images = []
        for entry in _few(archive.entries()):
            infos = [archive.find(layer) for layer in entry["Layers"]]
            paths = [(path, info.offset_data, info.size) for info in infos]
            name = (entry["RepoTags"] or [""])[0]
            image = _image(name, archive.document(entry["Config"]), paths)
            images.append(replace(image, annotations=kept_annotations(image.digest)))
        archive.check_index({image.digest for image in images})
    named = [(image.name, _platform(image.config)) for image in images]
    choose_platform(_mains(named), called, platform)
    return _in_order(images, called)


def _image(name: str, config: bytes, indices: Sequence[tuple[Path, int, int]]) -> Image:
    """An image; ``indices`` holds path, offset and size (bytes) of each layer, bottom up."""
    described = image_config(config)
    labels = (described.get("config") or {}).get("Labels") or {}
    diff_ids, names = described["rootfs"]["diff_ids"], layer_names(described)
    if not isinstance(name, str) or not name.isprintable() or not isinstance(labels, dict):
        raise ValueError("expected text for its name, and labels by name")
    if not all(
        isinstance(identifier, str) and DIGEST.fullmatch(identifier) for identifier in diff_ids
    ):
        raise ValueError("expected sha256: and 64 hex digits for each layer")
    check_label(name, labels)
    layers = tuple(
        Layer(called, path, diff_id, size, offset=offset)
        for called, (path, offset, size), diff_id in zip(names, indices, diff_ids, strict=True)
    )
    return Image(name, config, layers)


def _in_order(images: list[Image], where: str) -> tuple[Image, ...]:
    """The one image and its companion, if there is one; both may be there under several names.

    Raises ``UsageError`` for others: which one another tool would take is not known.
    """
    if not images:
        raise UsageError(f"{where}: holds no image", "name what `package build --output` wrote")
    kinds: tuple[dict[str, Image], dict[str, Image]] = ({}, {})
    for image in images:
        kinds[image.name.endswith(COMPANION)].setdefault(image.digest, image)
    for one, called in zip(kinds, ("package", "companion"), strict=True):
        if len(one) > 1:
            names = ", ".join(sorted(image.name or "one without a name" for image in one.values()))
            raise UsageError(
                f"{where}: expected one {called} for a platform, got {names}",
                "copy the one that you mean to a folder or archive of its own",
            )
    return (*kinds[0].values(), *kinds[1].values())


def verify(layers: Sequence[Layer]) -> None:
    """Raise ``PackageError`` for a layer whose bytes don't match its diff_id."""
    for layer in layers:
        for _ in layer.read():
            pass


def check_label(called: str, labels: dict[str, str]) -> None:
    """Raise ``PackageError`` if the labels of the image ``called`` name no package root."""
    if f"{LABEL}.root" not in labels:
        raise PackageError(f"{called}: is not a package", "build it with `package build`")
