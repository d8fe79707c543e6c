"""Opens REF: a tag in an engine, an OCI folder or an archive."""

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
from packager.errors import PackageError, UsageError
from packager.image.config import LABEL, Image, layer_names, with_layers
from packager.image.documents import (
    DOCUMENTS,
    MAX_DOCUMENT,
    ModelT,
    document,
    package_documents,
    parse_document,
)
from packager.image.export import load_into
from packager.image.file_list import FILE, FileList
from packager.image.stored_images import (
    COMPANION,
    ENGINE_HINT,
    check_label,
    choose_platform,
    read_archive,
    read_oci,
    verify,
)
from packager.manifest.manifest import Fingerprint, Lock, Manifest
from packager.manifest.slice_baselines import FILE as BASELINES
from packager.manifest.slice_baselines import SliceBaselines
from packager.progress import Progress

CONFIG_KEYS = ("Cmd", "Entrypoint", "Env", "Labels", "User", "WorkingDir")
"""Settings of an image's containers; the config and the engine use the same keys."""


@dataclass(frozen=True)
class Reference:
    """A package in an engine, folder or archive: image, optional companion, manifest."""

    name: str
    """``repository:tag``."""
    config: dict[str, Any]
    manifest: Manifest
    _file: Callable[[str], bytes]
    """Reads a file of ``/package`` by its name."""
    has_companion: bool
    engine: Engine | None
    """The engine that holds it; None for a folder or archive."""
    _image: Callable[[bool], Image]

    @property
    def config_digest(self) -> str:
        """``sha256:…`` of the config blob."""
        return str(self.config["digest"])

    @property
    def platform(self) -> str:
        """``linux/amd64``, as the image's config says."""
        return f"{self.config.get('os')}/{self.config.get('architecture')}"

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
            config = _config(self.engine, self.name + COMPANION)
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
        """What the image contains above its base, as its ``files.txt`` says.

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

    def image(self, *, companion: bool = False) -> Image:
        """The image, or the companion if wanted and there is one, with verified layer files."""
        image = self._image(companion and self.has_companion)
        verify(image.layers)
        return image

    def in_engine(self, engine: Engine, progress: Progress, *, companion: bool = False) -> str:
        """The image's tag in ``engine``; loads the image if it is in a folder or archive."""
        end = COMPANION if companion and self.has_companion else ""
        if self.engine is not None:
            return self.name + end
        if self.lock().base == "none":
            raise PackageError(
                f"{self.name}: has no base (base: none), so no engine can run it",
                "run it with --local, or make a base with `package base` and build again",
            )
        image = self.image(companion=companion)
        # The name in a file is untrusted; a tag with the package root replaces no other image.
        repository = self.name.rpartition(":")[0] or self.manifest.name
        image = replace(image, name=f"{repository}:{self.manifest.tag}{end}")
        _refuse_other(engine, image)
        load_into(engine, image, progress)
        return image.name


def top_of_image(reference: Reference) -> int:
    """How many layers the image has without those of its companion.

    If one image contains the data, the layers above ``package`` are what a companion would add.
    """
    names = [name for name, _, _ in reference.layers()]
    return names.index("package") + 1 if "package" in names else len(names)


def _refuse_other(engine: Engine, image: Image) -> None:
    """Raise ``PackageError`` if the engine has another image under this image's name."""
    described = engine.describe(image.name)
    if described is None or described["Id"].removeprefix("sha256:") == image.digest[7:]:
        return
    config = json.loads(image.config)
    ours = [
        config["rootfs"]["diff_ids"],
        *(config["config"].get(key) or None for key in CONFIG_KEYS),
    ]
    known = described.get("Config") or {}
    theirs = [described["RootFS"].get("Layers"), *(known.get(key) or None for key in CONFIG_KEYS)]
    if ours != theirs:
        raise PackageError(
            f"{image.name}: the engine has another image of that name",
            f"to use this one, remove the other with `docker image rm {image.name}`",
        )


@contextmanager
def open_reference(
    text: str, engine: Engine | None, platform: str | None = None
) -> Iterator[Reference]:
    """Find the package called ``text``, for ``platform`` or this machine's, within the block."""
    path = Path(text.removeprefix("oci:").removeprefix("docker-archive:"))
    with tempfile.TemporaryDirectory() as name:
        if (path / "oci-layout").is_file():
            yield _describe(read_oci(path, text, platform))
        elif path.is_file():
            yield _describe(read_archive(path, text, platform))
        elif path.is_dir() or text.startswith(("oci:", "docker-archive:")):
            raise UsageError(
                f"{text}: expected an OCI folder or an archive, got neither",
                "name what `package build --output` wrote",
            )
        else:
            yield _in_engine(text, engine, Path(name), platform)


def _in_engine(text: str, engine: Engine | None, folder: Path, platform: str | None) -> Reference:
    if engine is None:
        raise PackageError(f"{text}: no such folder or file, and no engine responds", ENGINE_HINT)
    config = _config(engine, text)
    labels = config["config"].get("Labels") or {}
    check_label(text, labels)
    choose_platform([f"{config['os']}/{config['architecture']}"], text, platform)
    main = text.removesuffix(COMPANION) if f"{LABEL}.companion-of" in labels else text
    companion = engine.describe(main + COMPANION)
    documents = engine.documents(text, "/package", DOCUMENTS, MAX_DOCUMENT)

    def file(name: str) -> bytes:
        return document(documents, name)

    manifest = _checked(
        parse_document(Manifest, file("manifest.json"), f"{text}: manifest.json"), labels
    )

    def image(with_companion: bool) -> Image:
        name = main + (COMPANION if with_companion else "")
        place = folder / ("companion.tar" if with_companion else "main.tar")
        with place.open("wb") as file:
            file.writelines(engine.save(name))
        return read_archive(place, name)[0]

    return Reference(main, config, manifest, file, companion is not None, engine, image)


def _config(engine: Engine, text: str) -> dict[str, Any]:
    """The engine's description of an image, in the format of an image config."""
    described = engine.describe(text)
    if described is None:
        raise PackageError(
            f"{text}: the engine has no such image", "see `docker images` for what it has"
        )
    diff_ids = described["RootFS"].get("Layers") or []
    return {
        "digest": described["Id"],
        "architecture": described.get("Architecture"),
        "os": described.get("Os"),
        "config": described.get("Config") or {},
        "rootfs": {"diff_ids": diff_ids},
        "history": with_layers(engine.history(text), len(diff_ids)),
    }


def _describe(images: tuple[Image, ...]) -> Reference:
    main = images[0]
    config = {**json.loads(main.config), "digest": main.digest}

    documents = package_documents(main.layers)

    def file(name: str) -> bytes:
        return document(documents, name)

    manifest = parse_document(
        Manifest, file("manifest.json"), f"{main.name or 'image'}: manifest.json"
    )
    _checked(manifest, config["config"].get("Labels") or {})
    return Reference(main.name, config, manifest, file, len(images) > 1, None, images.__getitem__)


def _checked(manifest: Manifest, labels: dict[str, str]) -> Manifest:
    try:
        root = manifest.root
    except (ValueError, RecursionError) as error:
        raise PackageError(
            f"package root: expected values that JSON has, got {error}",
            "the image was changed after it was built: build it again",
        ) from error
    if root != labels.get(f"{LABEL}.root"):
        raise PackageError(
            f"package root: expected {labels.get(f'{LABEL}.root')} from the image's label, "
            f"got {root} from its manifest",
            "the image was changed after it was built: build it again",
        )
    return manifest
