"""REF: a tag in an engine, an OCI folder or an archive, read the same way."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.errors import PackageError, UsageError
from packager.image.assemble import LABEL, Image, layer_names
from packager.image.engine import ChunkReader, Engine
from packager.image.layers import Layer
from packager.image.outputs import REF_NAME, load_into
from packager.manifest import Lock, Manifest
from packager.progress import Progress

COMPANION = "-replay"
ENGINE_HINT = "start Docker, or name an OCI folder or archive that `package build --output` wrote"


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
            return [layer.size for layer in self.image().layers]
        return [int(entry["size"]) for entry in self.config["history"]]

    def lock(self) -> Lock:
        """The package's lock."""
        return Lock.model_validate_json(self._lock)

    def image(self, *, companion: bool = False) -> Image:
        """The image with its layers as files, or the companion where there is one."""
        return self._image(companion and self.has_companion)

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
            images = _read_oci(path)
            yield _describe(images)
        elif path.is_file():
            with path.open("rb") as file:
                images = _read_archive(file, Path(name))
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
    if f"{LABEL}.root" not in labels:
        raise PackageError(
            f"{text}: is no package of `package build`", "build it with `package build`"
        )
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
        return _read_archive(chunks, place)[0]

    config = {
        "digest": described["Id"],
        "rootfs": {"diff_ids": described["RootFS"]["Layers"]},
        "history": engine.history(text),
    }
    return Reference(main, config, manifest, lock, companion is not None, engine, image)


def _describe(images: tuple[Image, ...]) -> Reference:
    main = images[0]
    config = {**json.loads(main.config), "digest": main.digest}
    content = _read_from_layers(main.layers, "package/manifest.json")
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "manifest.json").write_bytes(content)
        manifest = Manifest.load(Path(name) / "manifest.json")
    _checked(manifest, config["config"].get("Labels") or {})
    lock = _read_from_layers(main.layers, "package/lock.json")
    return Reference(main.name, config, manifest, lock, len(images) > 1, None, images.__getitem__)


def _checked(manifest: Manifest, labels: dict[str, str]) -> Manifest:
    if manifest.root != labels.get(f"{LABEL}.root"):
        raise PackageError(
            f"package root: expected {labels.get(f'{LABEL}.root')} from the image's label, "
            f"got {manifest.root} from its manifest",
            "the image was changed after it was built: build it again",
        )
    return manifest


def _read_oci(folder: Path) -> tuple[Image, ...]:
    """The images of an OCI folder, the companion last."""

    def blob(digest: str) -> Path:
        return folder / "blobs" / "sha256" / digest[7:]

    images = []
    for entry in json.loads((folder / "index.json").read_bytes())["manifests"]:
        manifest = json.loads(blob(entry["digest"]).read_bytes())
        config = blob(manifest["config"]["digest"]).read_bytes()
        paths = [blob(layer["digest"]) for layer in manifest["layers"]]
        annotations = entry.get("annotations", {})
        name = annotations.get("io.containerd.image.name") or annotations.get(REF_NAME, "")
        images.append(_image(name, config, paths))
    return _in_order(images, str(folder))


def _read_archive(file: Any, folder: Path) -> tuple[Image, ...]:
    """The images of a ``docker save`` archive, unpacked below ``folder``."""
    with tarfile.open(fileobj=file, mode="r|") as tar:
        tar.extractall(folder, filter="data")
    if not (folder / "manifest.json").is_file():
        raise UsageError("expected an archive of `docker save`, got another tar", ENGINE_HINT)
    images = []
    for entry in json.loads((folder / "manifest.json").read_bytes()):
        config = (folder / entry["Config"]).read_bytes()
        name = (entry["RepoTags"] or [""])[0]
        images.append(_image(name, config, [folder / layer for layer in entry["Layers"]]))
    return _in_order(images, "the archive")


def _image(name: str, config: bytes, paths: list[Path]) -> Image:
    described = json.loads(config)
    diff_ids, names = described["rootfs"]["diff_ids"], layer_names(described)
    layers = tuple(
        Layer(called, path, diff_id, path.stat().st_size)
        for called, path, diff_id in zip(names, paths, diff_ids, strict=True)
    )
    return Image(name, config, layers)


def _in_order(images: list[Image], where: str) -> tuple[Image, ...]:
    if not images:
        raise UsageError(f"{where}: holds no image", "name what `package build --output` wrote")
    return tuple(sorted(images, key=lambda image: image.name.endswith(COMPANION)))


def _read_from_layers(layers: tuple[Layer, ...], name: str) -> bytes:
    for layer in reversed(layers):
        if layer.name != "package":
            continue
        with tarfile.open(layer.path) as tar:
            for info in tar:
                content = tar.extractfile(info) if info.name == name else None
                if content is not None:
                    return content.read()
    raise PackageError(f"{name}: not in the image", "name an image that `package build` made")
