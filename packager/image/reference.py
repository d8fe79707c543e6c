"""REF: a tag in an engine, an OCI folder or an archive, read the same way."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.errors import PackageError, UsageError
from packager.image.assemble import LABEL, Image
from packager.image.engine import ChunkReader, Engine
from packager.image.outputs import load_into
from packager.image.stored import (
    COMPANION,
    ENGINE_HINT,
    check_label,
    read_archive,
    read_from_layers,
    read_oci,
    verify,
)
from packager.manifest import Lock, Manifest
from packager.progress import Progress


@dataclass(frozen=True)
class Reference:
    """A package somewhere: the image, its companion if there is one, and its manifest."""

    name: str
    """``repository:tag``."""
    config: dict[str, Any]
    manifest: Manifest
    _lock: bytes
    has_companion: bool
    engine: Engine | None
    """Where it lives; None for a folder or archive."""
    _image: Callable[[bool], Image]

    @property
    def config_digest(self) -> str:
        """``sha256:…`` of the config blob."""
        return str(self.config["digest"])

    def sizes(self) -> list[int]:
        """Bytes of each layer, bottom up, as the engine or the files tell."""
        if self.engine is None:
            return [layer.size for layer in self._image(False).layers]
        return [int(entry["size"]) for entry in self.config["history"]]

    def lock(self) -> Lock:
        """The package's lock."""
        return Lock.model_validate_json(self._lock)

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
            with path.open("rb") as file:
                images = read_archive(file, Path(name), text)
            yield _describe(images)
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
    described = engine.describe(text)
    if described is None:
        raise PackageError(
            f"{text}: the engine has no such image", "see `docker images` for what it has"
        )
    labels = (described.get("Config") or {}).get("Labels") or {}
    check_label(text, labels)
    main = text.removesuffix(COMPANION) if f"{LABEL}.companion-of" in labels else text
    companion = engine.describe(main + COMPANION)
    with tempfile.TemporaryDirectory() as name:
        engine.read(text, "/package", Path(name))
        place = Path(name) / "package"
        manifest = _checked(Manifest.load(place / "manifest.json"), labels)
        lock = (place / "lock.json").read_bytes()

    def image(with_companion: bool) -> Image:
        name = main + (COMPANION if with_companion else "")
        place = folder / ("companion" if with_companion else "main")
        chunks = io.BufferedReader(ChunkReader(engine.save(name)))
        return read_archive(chunks, place, name)[0]

    config = {
        "digest": described["Id"],
        "rootfs": {"diff_ids": described["RootFS"]["Layers"]},
        "history": engine.history(text),
    }
    return Reference(main, config, manifest, lock, companion is not None, engine, image)


def _describe(images: tuple[Image, ...]) -> Reference:
    main = images[0]
    config = {**json.loads(main.config), "digest": main.digest}
    content = read_from_layers(main.layers, "package/manifest.json")
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "manifest.json").write_bytes(content)
        manifest = Manifest.load(Path(name) / "manifest.json")
    _checked(manifest, config["config"].get("Labels") or {})
    lock = read_from_layers(main.layers, "package/lock.json")
    return Reference(main.name, config, manifest, lock, len(images) > 1, None, images.__getitem__)


def _checked(manifest: Manifest, labels: dict[str, str]) -> Manifest:
    if manifest.root != labels.get(f"{LABEL}.root"):
        raise PackageError(
            f"package root: expected {labels.get(f'{LABEL}.root')} from the image's label, "
            f"got {manifest.root} from its manifest",
            "the image was changed after it was built: build it again",
        )
    return manifest
