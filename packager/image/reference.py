"""REF: a tag in an engine, an OCI folder or an archive, read the same way."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitoring.profile import Profile
from packager.digest import sha256_bytes
from packager.errors import PackageError, UsageError
from packager.image.assemble import LABEL, Image, layer_names, with_layers
from packager.image.engine import Engine
from packager.image.outputs import load_into
from packager.image.stored import (
    COMPANION,
    ENGINE_HINT,
    check_label,
    package_file,
    read_archive,
    read_oci,
    verify,
)
from packager.manifest import Fingerprint, Lock, Manifest
from packager.progress import Progress


@dataclass(frozen=True)
class Reference:
    """A package somewhere: the image, its companion if there is one, and its manifest."""

    name: str
    """``repository:tag``."""
    config: dict[str, Any]
    manifest: Manifest
    _file: Callable[[str], bytes]
    """A file of ``/package`` by its name."""
    has_companion: bool
    engine: Engine | None
    """Where it lives; None for a folder or archive."""
    _image: Callable[[bool], Image]

    @property
    def config_digest(self) -> str:
        """``sha256:…`` of the config blob."""
        return str(self.config["digest"])

    def layers(self, *, companion: bool = False) -> list[tuple[str, str, int]]:
        """(name, diff_id, bytes) of each layer, bottom up, as the engine or the files tell.

        Of the image, or of the companion where there is one. Nothing is read of the layers.
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
        return Lock.model_validate_json(self._content("lock.json"))

    def fingerprint(self) -> Fingerprint | None:
        """The fingerprint of the package's data; None where it has none."""
        if self.manifest.data == "none":
            return None
        return Fingerprint.model_validate_json(self._content("fingerprint.json"))

    def profile(self) -> Profile | None:
        """How the training rows were distributed; None where the package has no data."""
        if all(entry.path != "profile.json" for entry in self.manifest.files):
            return None
        return Profile.model_validate_json(self._content("profile.json"))

    def _content(self, name: str) -> bytes:
        """A file of ``/package``, held against the manifest."""
        content = self._file(name)
        expected = {entry.path: entry.sha256 for entry in self.manifest.files}.get(name)
        if sha256_bytes(content) != expected:
            raise PackageError(
                f"{self.name}: {name}: expected sha256 {expected}, got {sha256_bytes(content)}",
                "the package was changed or damaged after it was built: build or copy it again",
            )
        return content

    def image(self, *, companion: bool = False) -> Image:
        """The image with its layers as files, or the companion where there is one; verified."""
        image = self._image(companion and self.has_companion)
        verify(image.layers)
        return image

    def in_engine(self, engine: Engine, progress: Progress, *, companion: bool = False) -> str:
        """The image's tag in ``engine``, loaded from its folder or archive if it lives there."""
        name = self.name + (COMPANION if companion and self.has_companion else "")
        if self.engine is None:
            image = self.image(companion=companion)
            if self.lock().base == "none":
                raise PackageError(
                    f"{self.name}: has no base (base: none), so no engine can run it",
                    "run it with --local, or make a base with `package base` and build again",
                )
            load_into(engine, image, progress)
        return name


@contextmanager
def open_reference(text: str, engine: Engine | None) -> Iterator[Reference]:
    """Find the package called ``text``; what had to be unpacked for it goes when the block ends."""
    path = Path(text.removeprefix("oci:").removeprefix("docker-archive:"))
    with tempfile.TemporaryDirectory() as name:
        if (path / "oci-layout").is_file():
            images = read_oci(path, text)
            yield _describe(images)
        elif path.is_file():
            yield _describe(read_archive(path, text))
        elif path.is_dir() or text.startswith(("oci:", "docker-archive:")):
            raise UsageError(
                f"{text}: expected an OCI folder or an archive, got neither",
                "name what `package build --output` wrote",
            )
        else:
            yield _in_engine(text, engine, Path(name))


def _in_engine(text: str, engine: Engine | None, folder: Path) -> Reference:
    if engine is None:
        raise PackageError(f"{text}: no such folder or file, and no engine answers", ENGINE_HINT)
    config = _config(engine, text)
    labels = config["config"].get("Labels") or {}
    check_label(text, labels)
    main = text.removesuffix(COMPANION) if f"{LABEL}.companion-of" in labels else text
    companion = engine.describe(main + COMPANION)
    engine.read(text, "/package", folder)
    package = folder / "package"
    manifest = _checked(Manifest.load(package / "manifest.json"), labels)

    def file(name: str) -> bytes:
        return (package / name).read_bytes()

    def image(with_companion: bool) -> Image:
        name = main + (COMPANION if with_companion else "")
        place = folder / ("companion.tar" if with_companion else "main.tar")
        with place.open("wb") as file:
            file.writelines(engine.save(name))
        return read_archive(place, name)[0]

    return Reference(main, config, manifest, file, companion is not None, engine, image)


def _config(engine: Engine, text: str) -> dict[str, Any]:
    """What the engine tells of an image, in the words of an image config."""
    described = engine.describe(text)
    if described is None:
        raise PackageError(
            f"{text}: the engine has no such image", "see `docker images` for what it has"
        )
    diff_ids = described["RootFS"].get("Layers") or []
    return {
        "digest": described["Id"],
        "config": described.get("Config") or {},
        "rootfs": {"diff_ids": diff_ids},
        "history": with_layers(engine.history(text), len(diff_ids)),
    }


def _describe(images: tuple[Image, ...]) -> Reference:
    main = images[0]
    config = {**json.loads(main.config), "digest": main.digest}

    def file(name: str) -> bytes:
        return package_file(main.layers, name)

    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "manifest.json").write_bytes(file("manifest.json"))
        manifest = Manifest.load(Path(name) / "manifest.json")
    _checked(manifest, config["config"].get("Labels") or {})
    return Reference(main.name, config, manifest, file, len(images) > 1, None, images.__getitem__)


def _checked(manifest: Manifest, labels: dict[str, str]) -> Manifest:
    if manifest.root != labels.get(f"{LABEL}.root"):
        raise PackageError(
            f"package root: expected {labels.get(f'{LABEL}.root')} from the image's label, "
            f"got {manifest.root} from its manifest",
            "the image was changed after it was built: build it again",
        )
    return manifest
