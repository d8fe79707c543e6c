"""Pulls an image into an OCI folder; one that was interrupted goes on where it ended."""

from __future__ import annotations

import hashlib
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from packager.cache import atomic_directory, cache_directory, is_stale, process_id, writing
from packager.digest import CHUNK, canonical_json
from packager.errors import PackageError
from packager.progress import LayerSource, Progress
from packager.registry.attachments import INDEX_TYPE, Descriptor
from packager.registry.blobs import other_bytes, read_blob
from packager.registry.manifests import FetchedManifest, ImageIndex
from packager.registry.repository import RegistryRepository
from packager.registry.transfers import at_once, check_running

REF_NAME = "org.opencontainers.image.ref.name"
IMAGE_NAME = "io.containerd.image.name"
PARTIAL = ".part"


@dataclass(frozen=True)
class IncomingImage:
    """An image to be pulled: a resolved manifest, and what the folder calls it."""

    repository: RegistryRepository
    manifest: FetchedManifest
    name: str
    """``HOST/NAME:TAG``, without a tag if it was named by its digest."""
    layer_names: Sequence[str] = ()
    """For people; of the layers, bottom up."""
    config_content: bytes = b""
    """The image's config, if it has been read."""
    index: ImageIndex | None = None
    """The index that led to it; None if it was named by itself."""

    @property
    def blobs(self) -> dict[Descriptor, str]:
        """Descriptor → name, of config and layers."""
        layers = self.manifest.layers
        names = self.layer_names or [layer.digest[7:19] for layer in layers]
        return {self.manifest.config: "config", **dict(zip(layers, names, strict=True))}


def pull(images: Sequence[IncomingImage], folder: Path, progress: Progress) -> int:
    """Write ``images`` to the OCI folder ``folder``, replacing an earlier one; returns its bytes.

    Every blob is verified by digest and size; ``folder`` is there as a whole or not at all. What
    an interrupted pull has left in the cache is used.
    """
    with _partial_folder(images) as partial:
        layers = {
            blob.digest: (blob, image.repository, name)  # once, even if named with several sizes
            for image in images
            for blob, name in image.blobs.items()
        }
        order = sorted((blob for blob, _, _ in layers.values()), key=lambda one: -one.size)
        _check_room(partial, sum(blob.size for blob in order))

        def fetch(blob: Descriptor, stopped: threading.Event) -> tuple[Descriptor, bool, float]:
            started = time.monotonic()
            with writing(partial):
                held = _fetch(layers[blob.digest][1], blob, partial, stopped)
            return blob, held, time.monotonic() - started

        with closing(at_once(fetch, order)) as done:
            for blob, held, seconds in done:
                how: LayerSource = "cached" if held else "fetched"
                progress.item(layers[blob.digest][2], how, blob.size, seconds)
        with atomic_directory(folder, replace=True) as new:
            target = new / "blobs" / "sha256"
            target.mkdir(parents=True)
            for blob in order:
                shutil.move(partial / blob.digest[7:], target / blob.digest[7:])
            for image in images:
                descriptor = image.manifest.descriptor
                (target / descriptor.digest[7:]).write_bytes(image.manifest.content)
            (new / "index.json").write_bytes(_index(images))
            (new / "oci-layout").write_bytes(canonical_json({"imageLayoutVersion": "1.0.0"}))
    return sum(blob.size for blob in order)


def _check_room(folder: Path, size: int) -> None:
    """Raise ``PackageError`` if ``size`` bytes, less what is there, have no room in ``folder``."""
    held = sum(path.stat().st_size for path in folder.iterdir())
    free = shutil.disk_usage(folder).free
    if size - held > free:
        raise PackageError(
            f"{folder}: expected room for {size - held:,} bytes of the image, got {free:,}",
            "make room, or name another folder for the cache with MODEL_PACKAGER_CACHE",
        )


def _index(images: Sequence[IncomingImage]) -> bytes:
    entries = []
    for image in images:
        tag = image.name.rpartition("/")[2].partition(":")[2]
        names = {REF_NAME: tag} if tag else {}
        entry = image.manifest.descriptor.as_json()
        entries.append({**entry, "annotations": {**names, IMAGE_NAME: image.name}})
    return canonical_json({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries})


def _fetch(
    repository: RegistryRepository, blob: Descriptor, partial: Path, stopped: threading.Event
) -> bool:
    """Make sure that ``partial`` has the blob; returns whether it had."""
    path = partial / blob.digest[7:]
    if path.is_file():  # renamed after it was verified
        return True
    part = path.with_name(path.name + PARTIAL)
    digest, resumed = hashlib.sha256(), 0
    with part.open("a+b") as file:
        file.seek(0)
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            resumed += len(chunk)
        try:
            for chunk in read_blob(repository, blob, resumed) if resumed < blob.size else ():
                check_running(stopped)
                file.write(chunk)
                digest.update(chunk)
        except PackageError:
            if file.tell() >= blob.size:  # whole, and not what was asked for
                file.truncate(0)
            raise
    if f"sha256:{digest.hexdigest()}" != blob.digest:
        part.unlink()
        if resumed:  # what was left may be what is damaged
            return _fetch(repository, blob, partial, stopped)
        raise other_bytes(repository, blob, f"sha256:{digest.hexdigest()}")
    part.rename(path)
    return False


@contextmanager
def _partial_folder(images: Sequence[IncomingImage]) -> Iterator[Path]:
    """The folder in the cache for blobs of this pull, with what a dead process left of it.

    It is removed when the block succeeds, and kept for the next pull otherwise.
    """
    names = "".join(image.manifest.descriptor.digest for image in images)
    called = hashlib.sha256(names.encode()).hexdigest()[:32]
    top = cache_directory("pulls")
    ours = top / f"{called}-{process_id()}"
    for partial in top.glob(f"{called}-*"):
        if partial != ours and not ours.exists() and is_stale(partial.name.partition("-")[2]):
            partial.rename(ours)
    ours.mkdir(exist_ok=True)
    yield ours
    shutil.rmtree(ours)
