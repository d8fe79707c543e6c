"""Opens REF: a tag in an engine, an OCI folder, an archive or an image in a registry."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from monitoring.profile.profile import Profile
from packager.digest import sha256_bytes
from packager.engine.engine import Engine
from packager.environment.platform import default_platform
from packager.errors import PackageError, UsageError
from packager.image.config import Image, layer_names
from packager.image.documents import (
    DOCUMENTS,
    MAX_DOCUMENT,
    ModelT,
    document,
    package_documents,
    parse_document,
    with_labelled_root,
)
from packager.image.engine_companion import labels, package_in_engine
from packager.image.engine_copy import copy_into, engine_config, holds, present
from packager.image.file_list import FILE, FileList
from packager.image.remote_images import remote_package
from packager.image.stored_images import (
    COMPANION,
    ENGINE_HINT,
    choose_platform,
    read_archive,
    read_oci,
)
from packager.manifest.manifest import Fingerprint, Lock, Manifest
from packager.manifest.platform import platform_of
from packager.manifest.slice_baselines import FILE as BASELINES
from packager.manifest.slice_baselines import SliceBaselines
from packager.progress import Progress
from packager.registry.reference import PREFIX, RegistryReference, is_registry_reference


@dataclass(frozen=True)
class Reference:
    """A package in an engine, folder, archive or registry: image, companion, manifest."""

    name: str
    """``repository:tag``."""
    config: dict[str, Any]
    """The image's config, its ``digest``, and the ``annotations`` of its OCI manifest."""
    manifest: Manifest
    _file: Callable[[str], bytes]
    """Reads a file of ``/package`` by its name."""
    has_companion: bool
    engine: Engine | None
    """The engine that holds it; None for a folder, archive or registry."""
    _image: Callable[[bool], Image]
    source: str = ""
    """``HOST/NAME@sha256:…`` if it is in a registry: what its tag led to when it was opened."""
    folder: Path | None = None
    """The OCI folder that holds it, if one does."""
    archive: Path | None = None
    """The archive that holds it, if one does."""
    companion_digest: str | None = None
    """``sha256:…`` of the companion's config; None without one."""
    pinned: bool = False
    """Whether signatures were verified: an engine runs it by its digest, not by a tag."""

    @property
    def config_digest(self) -> str:
        """``sha256:…`` of the config blob."""
        return str(self.config["digest"])

    @property
    def stored_digest(self) -> str | None:
        """``sha256:…`` of the image's manifest, where it is stored with one; None in an engine."""
        if self.source:
            return self.source.rpartition("@")[2]
        return None if self.engine else self._image(False).manifest_digest

    @property
    def platform(self) -> str:
        """``linux/amd64``, as the image's config says."""
        return platform_of(self.config)

    def layers(self, *, companion: bool = False) -> list[tuple[str, str, int]]:
        """(name, diff_id, bytes) of each layer, bottom up, without reading the layers.

        ``companion`` selects the companion's layers if there is one.
        """
        companion = companion and self.has_companion
        if self.engine is None:
            layers = self._image(companion).layers
            return [(layer.name, layer.diff_id, layer.size) for layer in layers]
        config = self.config
        if companion:
            config = engine_config(self.engine, self.name + COMPANION)
        sizes = [int(entry["size"]) for entry in config["history"]]
        return list(zip(layer_names(config), config["rootfs"]["diff_ids"], sizes, strict=True))

    def lock(self) -> Lock:
        """The package's lock."""
        return self._noun(Lock, "lock.json")

    def fingerprint(self) -> Fingerprint | None:
        """The fingerprint of the package's data; None if it has no data."""
        if self.manifest.data == "none":
            return None
        return self._noun(Fingerprint, "fingerprint.json")

    def profile(self) -> Profile | None:
        """The profile of the training rows; None if the package has none."""
        if all(entry.path != "profile.json" for entry in self.manifest.files):
            return None
        return self._noun(Profile, "profile.json")

    def file_list(self) -> FileList:
        """The content of the image above its base, from its ``files.txt``.

        Raises ``PackageError`` if the package has none that matches its manifest.
        """
        try:
            return FileList.parse(self._verified(FILE).decode())
        except ValueError as error:
            raise PackageError(
                f"{self.name}: {FILE}: expected a list of files, got {error}",
                "the package was changed or damaged after it was built: build or copy it again",
            ) from error

    def baselines(self) -> SliceBaselines:
        """The statistics of the held-out rows; empty if the package has none."""
        if all(entry.path != BASELINES for entry in self.manifest.files):
            return SliceBaselines()
        return self._noun(SliceBaselines, BASELINES)

    def record(self, kind: type[ModelT], name: str) -> ModelT | None:
        """A file of ``DOCUMENTS`` as a ``kind``; None if the package has none of that name."""
        if all(entry.path != name for entry in self.manifest.files):
            return None
        return self._noun(kind, name)

    def _noun(self, kind: type[ModelT], name: str) -> ModelT:
        """A file of ``/package`` as a ``kind``; raises ``PackageError`` on a sha256 mismatch."""
        return parse_document(kind, self._verified(name), f"{self.name}: {name}")

    def _verified(self, name: str) -> bytes:
        """A file of ``/package``; raises ``PackageError`` unless it is that of the manifest."""
        content = self._file(name)
        listed = self.manifest.package_files(self.platform)
        expected = {entry.path: entry.sha256 for entry in listed}.get(name)
        if self.platform not in self.manifest.platforms:
            raise PackageError(
                f"{self.name}: expected an image for {' or '.join(self.manifest.platforms)}, "
                f"as its manifest records, got one for {self.platform}",
                "the image was changed after it was built: build or copy it again",
            )
        if sha256_bytes(content) != expected:
            raise PackageError(
                f"{self.name}: {name}: expected sha256 {expected}, got {sha256_bytes(content)}",
                "the package was changed or damaged after it was built: build or copy it again",
            )
        return content

    def image(self, *, companion: bool = False, base: bool = True) -> Image:
        """The image, or the companion if wanted and there is one, with verified layer files.

        Without ``base`` the layers of the base, which run in containers only, are neither fetched
        nor verified.
        """
        image = self.stored_image(companion=companion)
        lock = self.lock()
        skipped = 0 if base or lock.base == "none" else len(lock.base.diff_ids)
        return replace(image, layers=present(image.layers, skipped))

    def stored_image(self, *, companion: bool = False) -> Image:
        """As ``image``, but its layer files are not verified."""
        return self._image(companion and self.has_companion)

    def in_engine(self, engine: Engine, progress: Progress, *, companion: bool = False) -> str:
        """The image's tag in ``engine``; loads the image if the engine does not hold it.

        Its digest instead, if its signatures were verified.
        """
        end = COMPANION if companion and self.has_companion else ""
        if self.engine is not None:
            if self.pinned:
                return str(self.companion_digest if end else self.config_digest)
            return self.name + end
        if self.lock().base == "none":
            raise PackageError(
                f"{self.name}: has no base (base: none), so no engine can run it",
                "run it with --local, or make a base with `package base` and build again",
            )
        image = self._image(companion and self.has_companion)
        # The name in a file is untrusted; a tag with the package root replaces no other image.
        repository = self.name.rpartition(":")[0] or self.manifest.name
        image = replace(image, name=f"{repository}:{self.manifest.tag}{end}")
        copy_into(engine, image, progress)
        if not self.pinned:
            return image.name
        held = (engine.describe(image.digest) or {}).get("Id") == image.digest
        return image.digest if held else str(engine_config(engine, image.name)["digest"])


def top_of_image(reference: Reference) -> int:
    """Number of layers of the image without those of its companion.

    If one image contains the data, the layers above ``package`` are what a companion would add.
    """
    names = [name for name, _, _ in reference.layers()]
    return names.index("package") + 1 if "package" in names else len(names)


@contextmanager
def open_reference(
    text: str, engine: Engine | None, platform: str | None = None
) -> Iterator[Reference]:
    """Find the package called ``text``, for ``platform`` or this machine's, within the block.

    It is a file or folder of that name, else an image that the engine has, else one in a registry
    if ``text`` begins with a host.
    """
    path = Path(text.removeprefix("oci:").removeprefix("docker-archive:"))
    with tempfile.TemporaryDirectory() as name:
        if text.startswith(PREFIX):
            yield _in_registry(text, engine, platform)
        elif (path / "oci-layout").is_file():
            yield replace(_describe(read_oci(path, text, platform)), folder=path)
        elif path.is_file():
            yield replace(_describe(read_archive(path, text, platform)), archive=path)
        elif path.is_dir() or text.startswith(("oci:", "docker-archive:", ".", "/", "~")):
            raise UsageError(
                f"{text}: expected an OCI folder or an archive, got neither",
                "name what `package build --output` wrote",
            )
        elif is_registry_reference(text) and not (engine and holds(engine, text)):
            yield _in_registry(text, engine, platform)
        else:
            yield _in_engine(text, engine, Path(name), platform)


def _in_registry(text: str, engine: Engine | None, platform: str | None) -> Reference:
    """The package in a registry; of its layers only the one with its documents is read."""
    requested = platform or (engine.platform if engine else default_platform())
    remote = remote_package(RegistryReference.parse(text), requested)
    return replace(_describe(remote.images), source=str(remote.source))


def _in_engine(text: str, engine: Engine | None, folder: Path, platform: str | None) -> Reference:
    if engine is None:
        raise PackageError(f"{text}: no such folder or file, and no engine responds", ENGINE_HINT)
    text, main, config = package_in_engine(engine, text)
    choose_platform([platform_of(config)], text, platform)
    companion = engine.describe(main + COMPANION)
    documents = engine.documents(text, "/package", DOCUMENTS, MAX_DOCUMENT)

    def file(name: str) -> bytes:
        return document(documents, name)

    manifest = with_labelled_root(
        parse_document(Manifest, file("manifest.json"), f"{text}: manifest.json"), labels(config)
    )

    ids = {False: str(config["digest"]), True: str((companion or {}).get("Id") or "")}

    def image(with_companion: bool) -> Image:
        path = folder / f"{with_companion}.tar"
        with path.open("wb") as file:
            # By its id: the tag may be moved after the image's signatures were verified.
            file.writelines(engine.save(ids[with_companion]))
        name = main + (COMPANION if with_companion else "")
        return replace(read_archive(path, name)[0], name=name)

    return Reference(
        *(main, config, manifest, file, companion is not None, engine, image),
        companion_digest=ids[True] or None,
    )


def _describe(images: tuple[Image, ...]) -> Reference:
    main = images[0]
    config = {**json.loads(main.config), "digest": main.digest, "annotations": main.annotations}
    documents = package_documents(main.layers)

    def file(name: str) -> bytes:
        return document(documents, name)

    manifest = parse_document(
        Manifest, file("manifest.json"), f"{main.name or 'image'}: manifest.json"
    )
    with_labelled_root(manifest, config["config"].get("Labels") or {})
    companion = images[1].digest if len(images) > 1 else None
    return Reference(
        *(main.name, config, manifest, file, companion is not None, None, images.__getitem__),
        companion_digest=companion,
    )
