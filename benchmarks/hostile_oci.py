"""Malicious OCI folders, layers and tar headers."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from packager.digest import canonical_json, sha256_bytes, sha256_file
from packager.image.config import LABEL

MIB = 1024 * 1024


def blob(folder: Path, content: bytes) -> str:
    """Add ``content`` to the blobs of an OCI folder; return its digest."""
    place = folder / "blobs" / "sha256" / sha256_bytes(content)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return f"sha256:{place.name}"


def oci(
    folder: Path,
    layer: Path | bytes,
    *,
    labels: Mapping[str, str] = {},
    layers: int = 1,
    entries: int = 1,
    more: Mapping[str, object] = {},
) -> Path:
    """Write an OCI folder with one layer called ``package``, repeated ``layers`` times."""
    folder.mkdir(exist_ok=True)
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    if isinstance(layer, bytes):
        digest = blob(folder, layer)
    else:
        digest = f"sha256:{sha256_file(layer)}"
        (folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
        layer.rename(folder / "blobs" / "sha256" / digest[7:])
    config = {
        "os": "linux",
        "architecture": "amd64",
        "config": {"Labels": {f"{LABEL}.root": "0" * 64, **labels}},
        "rootfs": {"type": "layers", "diff_ids": [digest] * layers},
        "history": [{"created_by": f"{LABEL}: package"}] * layers,
        **more,
    }
    manifest = {
        "config": {"digest": blob(folder, canonical_json(config))},
        "layers": [{"digest": digest}] * layers,
    }
    entry = {"digest": blob(folder, canonical_json(manifest)), "annotations": {}}
    (folder / "index.json").write_bytes(canonical_json({"manifests": [entry] * entries}))
    return folder


def with_document(folder: Path, content: bytes, name: str = "manifest.json") -> Path:
    """Write a package whose ``/package/NAME`` is ``content``."""
    return oci(folder / "oci", tar_of({f"package/{name}": content}))


def tar_of(files: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def header(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def layer_of(folder: Path, write: Callable[[IO[bytes]], None]) -> Path:
    path = folder / "layer.tar"
    with path.open("wb") as file:
        write(file)
        file.write(bytes(1024))
    return path


def extended(kind: bytes, content: bytes) -> bytes:
    return header("pax", kind, len(content)) + content + bytes(-len(content) % 512)


def records(count: int) -> bytes:
    return b"".join(b"%d k%06d=v\n" % (13, number) for number in range(count))


def repeat(file: IO[bytes], content: bytes, times: int) -> None:
    for _ in range(times):
        file.write(content)
