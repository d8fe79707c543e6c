"""Images as files: what an OCI folder or a ``docker save`` archive holds, checked as it is read."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from packager.digest import sha256_bytes
from packager.errors import PackageError, UsageError
from packager.image.assemble import LABEL, Image, layer_names
from packager.image.layers import Layer
from packager.image.outputs import IMAGE_NAME, REF_NAME

COMPANION = "-replay"
ENGINE_HINT = "start Docker, or name an OCI folder or archive that `package build --output` wrote"


def read_oci(folder: Path, called: str) -> tuple[Image, ...]:
    """The images of an OCI folder, the companion last."""
    try:
        images = _oci_images(folder)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise PackageError(
            f"{called}: expected a whole OCI folder, got {type(error).__name__}: {error}",
            "build it or copy it again",
        ) from error
    return _in_order(images, called)


def _oci_images(folder: Path) -> list[Image]:
    def blob(digest: str) -> Path:
        return folder / "blobs" / "sha256" / digest[7:]

    def read(digest: str) -> bytes:
        content = blob(digest).read_bytes()
        if f"sha256:{sha256_bytes(content)}" != digest:
            raise ValueError(f"another content than {digest} says")
        return content

    images = []
    for entry in json.loads((folder / "index.json").read_bytes())["manifests"]:
        manifest = json.loads(read(entry["digest"]))
        config = read(manifest["config"]["digest"])
        paths = [blob(layer["digest"]) for layer in manifest["layers"]]
        annotations = entry.get("annotations", {})
        name = annotations.get(IMAGE_NAME) or annotations.get(REF_NAME, "")
        images.append(_image(name, config, paths))
    return images


def read_archive(file: IO[bytes], folder: Path, called: str) -> tuple[Image, ...]:
    """The images of a ``docker save`` archive, unpacked below ``folder``."""
    expected = f"{called}: expected an archive of `docker save`, got"
    try:
        with tarfile.open(fileobj=file, mode="r|") as tar:
            tar.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise UsageError(f"{expected} no whole tar ({error})", ENGINE_HINT) from error
    if not (folder / "manifest.json").is_file():
        raise UsageError(f"{expected} another tar", ENGINE_HINT)
    images = []
    for entry in json.loads((folder / "manifest.json").read_bytes()):
        config = (folder / entry["Config"]).read_bytes()
        name = (entry["RepoTags"] or [""])[0]
        images.append(_image(name, config, [folder / layer for layer in entry["Layers"]]))
    return _in_order(images, called)


def _image(name: str, config: bytes, paths: list[Path]) -> Image:
    described = json.loads(config)
    check_label(name, (described.get("config") or {}).get("Labels") or {})
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


def read_from_layers(layers: tuple[Layer, ...], name: str) -> bytes:
    for layer in reversed(layers):
        if layer.name != "package":
            continue
        with tarfile.open(layer.path) as tar:
            for info in tar:
                content = tar.extractfile(info) if info.name == name else None
                if content is not None:
                    return content.read()
    raise PackageError(f"{name}: not in the image", "name an image that `package build` made")


def verify(layers: Sequence[Layer]) -> None:
    """Raise ``PackageError`` for a layer whose bytes are not those its diff_id names."""
    for layer in layers:
        for _ in layer.read():
            pass


def check_label(called: str, labels: dict[str, str]) -> None:
    if f"{LABEL}.root" not in labels:
        raise PackageError(
            f"{called}: is no package of `package build`", "build it with `package build`"
        )
