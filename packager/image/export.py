"""Exports images to an engine, an OCI folder or an archive, all with the same config blob."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packager.cache import atomic_directory, atomic_file, check_writable
from packager.digest import canonical_json, sha256_bytes
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.annotations import keep_annotations
from packager.image.config import Image
from packager.image.layers import Entry, Layer
from packager.manifest.platform import platform_of
from packager.progress import Progress
from packager.registry.attachments import INDEX_TYPE, MANIFEST_TYPE, Descriptor
from packager.registry.manifests import common_annotations, image_index, image_manifest
from packager.registry.pull import IMAGE_NAME, REF_NAME
from packager.registry.reference import RegistryReference

NO_ENGINE = "start Docker, or write a folder with --output oci:DIR"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"


@dataclass(frozen=True)
class Destination:
    """Destination of a build's images: an engine, an OCI folder, an archive or a registry."""

    kind: Literal["docker", "oci", "docker-archive", "registry"]
    path: Path | None = None
    registry: RegistryReference | None = None
    companion: bool = False
    """Whether the companion, which has the training data, goes to the registry too."""

    @classmethod
    def parse(cls, text: str, *, companion: bool = False) -> Destination:
        """Parse ``--output`` and ``--companion``; raises ``UsageError`` for anything else.

        ``docker``, ``oci:DIR``, ``docker-archive:FILE`` or ``registry:HOST/NAME[:TAG]``.
        """
        kind, _, path = text.partition(":")
        if kind == "registry" and path:
            reference = RegistryReference.parse(path)
            if reference.digest is not None:
                raise UsageError(
                    f"--output: expected a name with or without a tag, got {text!r}",
                    "the digest follows from the package: leave it out",
                )
            return cls("registry", registry=reference, companion=companion)
        if companion:
            raise UsageError(
                f"--companion: expected --output registry:HOST/NAME with it, got {text!r}",
                "leave it out: other outputs have the companion always",
            )
        if text == "docker":
            return cls("docker")
        if kind == "oci" and path:
            return cls("oci", Path(path))
        if kind == "docker-archive" and path:
            return cls("docker-archive", Path(path))
        raise UsageError(
            f"--output: expected docker, oci:DIR, docker-archive:FILE or registry:HOST/NAME, "
            f"got {text!r}",
            "for example --output oci:image",
        )

    def check(self) -> None:
        """Raise ``PackageError`` if it can't be written or would overwrite something else."""
        if self.path is None:
            return
        if self.kind == "oci":
            check_replaceable(self.path)
        elif self.path.is_dir():
            raise UsageError(f"{self.path}: expected a file there, got a folder", "name a file")
        check_writable(self.path.absolute().parent)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Paths that it writes on this machine's disk."""
        return () if self.path is None else (self.path.resolve(),)

    def __str__(self) -> str:
        location = self.path or self.registry
        return self.kind if location is None else f"{self.kind}:{location}"

    def reference_of(self, tag: str) -> str:
        """The REF of a package that a build called ``tag`` (``NAME:VERSION``) and wrote here."""
        if self.registry is not None:
            return f"registry:{self.registry.at(self.registry.tag or tag.rpartition(':')[2])}"
        return tag if self.path is None else str(self)


def export_images(
    images: Sequence[Image], output: Destination, engine: Engine | None, progress: Progress
) -> None:
    """Write ``images`` to ``output``; raises ``PackageError`` if it needs a missing engine."""
    for image in images:
        keep_annotations(image)
    if output.kind == "oci" and output.path:
        write_oci(images, output.path)
    elif output.kind == "docker-archive" and output.path:
        write_archive(images, output.path)
    elif engine is not None:
        for image in images:
            load_into(engine, image, progress)
    else:
        raise PackageError("--output docker: no engine responds", NO_ENGINE)


def write_oci(images: Sequence[Image], folder: Path) -> None:
    """Write an OCI image layout with one named entry per name, replacing an earlier layout.

    The entry of images of one name for several platforms is an image index of them. Raises
    ``UsageError`` if ``folder`` exists and is no OCI layout.
    """
    check_replaceable(folder)
    with atomic_directory(folder, replace=True) as new:
        blobs = new / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        for layer in {layer.diff_id: layer for image in images for layer in image.layers}.values():
            with (blobs / layer.diff_id[7:]).open("wb") as blob:
                blob.writelines(layer.read())
        named: dict[str, list[Image]] = {}
        for image in images:
            named.setdefault(image.name, []).append(image)
        entries = []
        for name, of_platforms in named.items():
            ordered = sorted(of_platforms, key=lambda image: platform_of(json.loads(image.config)))
            written = [_written(image, blobs) for image in ordered]
            common = common_annotations(image.annotations for image in ordered)
            entry = written[0] if len(written) == 1 else _indexed(written, common, blobs)
            annotations = {**common, REF_NAME: name.rpartition(":")[2], IMAGE_NAME: name}
            entries.append({**entry, "annotations": annotations})
        (new / "index.json").write_bytes(image_index(entries))
        (new / "oci-layout").write_bytes(canonical_json({"imageLayoutVersion": "1.0.0"}))


def _written(image: Image, blobs: Path) -> dict[str, object]:
    """Write config and manifest of an image; return its descriptor, with its platform."""
    manifest = oci_manifest(image)
    (blobs / image.digest[7:]).write_bytes(image.config)
    (blobs / sha256_bytes(manifest)).write_bytes(manifest)
    config = json.loads(image.config)
    platform = {key: config[key] for key in ("architecture", "os")}
    return {**Descriptor.of(MANIFEST_TYPE, manifest).as_json(), "platform": platform}


def _indexed(
    manifests: Sequence[dict[str, object]], annotations: Mapping[str, str], blobs: Path
) -> dict[str, object]:
    """Write an image index; return its descriptor."""
    index = image_index(manifests, annotations)
    (blobs / sha256_bytes(index)).write_bytes(index)
    return dict(Descriptor.of(INDEX_TYPE, index).as_json())


def check_replaceable(folder: Path) -> None:
    """Raise ``UsageError`` if ``folder`` exists and is no OCI layout."""
    if folder.exists() and not (folder / "oci-layout").is_file():
        raise UsageError(
            f"{folder}: expected nothing or an OCI folder there, got something else",
            "name another folder, or remove this one",
        )


def write_archive(images: Sequence[Image], path: Path) -> None:
    """Write a ``docker save`` archive for ``docker load``, replacing an earlier file."""
    with atomic_file(path) as file, file.open("wb") as output:
        for chunk in archive_stream(images):
            output.write(chunk)
        output.flush()
        os.fsync(output.fileno())


def load_into(engine: Engine, image: Image, progress: Progress) -> None:
    """Load an image; skips layers the engine already holds, if the engine allows that."""
    if (engine.describe(image.digest) or {}).get("Id") == image.digest:
        engine.tag(image.digest, image.name)
        return
    held = engine.existing_layers([layer.diff_id for layer in image.layers])
    sent = image.layers[held:]
    try:
        engine.load(archive_stream([image], held))
    except PackageError:
        if not held:
            raise
        # Another process may have removed the held layers, or the store needs all layers.
        sent = image.layers
        engine.load(archive_stream([image]))
    for layer in sent:
        progress.item(layer.name, "sent", layer.size, 0.0)
    described = engine.describe(image.name)
    if described is None or described["RootFS"]["Layers"] != [x.diff_id for x in image.layers]:
        raise PackageError(
            f"{image.name}: the engine stored another image than was sent",
            "remove the image from the engine and build again",
        )


def archive_stream(images: Sequence[Image], held: int = 0) -> Iterator[bytes]:
    """A ``docker load`` archive in chunks, without the ``held`` lowest layers of each image."""
    layers: dict[str, Layer] = {}
    for image in images:
        layers |= {layer.diff_id: layer for layer in image.layers[held:]}
    for diff_id, held_back in layers.items():
        layer = held_back.fetched()
        # Not the size of its file: the layer may be part of an archive.
        yield from _member(f"{diff_id[7:]}.tar", layer.size, layer.read())
    entries = []
    for image in images:
        name = f"{image.digest[7:]}.json"
        yield from _member(name, len(image.config), [image.config])
        tars = [f"{layer.diff_id[7:]}.tar" for layer in image.layers]
        entries.append({"Config": name, "RepoTags": [image.name], "Layers": tars})
    manifest = canonical_json(entries)
    yield from _member("manifest.json", len(manifest), [manifest])
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member(name: str, size: int, content: Iterable[bytes]) -> Iterator[bytes]:
    header = Entry(name, source=b"").header()
    header.size = size
    yield header.tobuf(tarfile.PAX_FORMAT)
    yield from content
    yield bytes(-size % tarfile.BLOCKSIZE)


def layer_descriptor(layer: Layer) -> Descriptor:
    """An uncompressed layer, as a manifest names it."""
    return Descriptor(LAYER_TYPE, layer.diff_id, layer.size)


def config_descriptor(image: Image) -> Descriptor:
    """The config of an image, as a manifest names it."""
    return Descriptor.of(CONFIG_TYPE, image.config)


def oci_manifest(image: Image) -> bytes:
    """The manifest of an image with uncompressed layers, equal on every machine."""
    layers = [*map(layer_descriptor, image.layers)]
    return image_manifest(config_descriptor(image), layers, image.annotations)
