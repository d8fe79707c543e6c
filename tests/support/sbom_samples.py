"""A package of known software, made by hand: a base of two layers, three wheels, a model, data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from host_samples import LOCK, MANIFEST
from trust_samples import layer_of

from packager.digest import sha256_bytes
from packager.image.config import LABEL, assemble, start_settings
from packager.image.export import write_oci
from packager.image.file_list import FileList
from packager.image.layers import Layer
from packager.image.reference import Reference, open_reference
from packager.image.wheels import folder_path, site_packages
from packager.manifest.base import FileEntry
from packager.manifest.evaluation import Evaluation, MetricValues
from packager.manifest.manifest import Base, Column, Lock, Manifest, Schema, Serve, Wheel
from packager.manifest.platform import Platform
from packager.project.card_section import FILE, CardSection

RELEASE = b'# Debian\nID=debian\nVERSION_ID="12"\n'
SSL = """\
Package: libssl3
Source: openssl
Version: 3.0.1-2
Architecture: amd64
Maintainer: Debian OpenSSL Team <ssl@example.org>
Description: words
 Package: hidden
"""
COPYRIGHT = "Format: dep5\n\nFiles: *\nLicense: Apache-2.0\n text\n\nLicense: GPL-2+\n"
BASE = {
    "usr/lib/os-release": RELEASE,
    "var/lib/dpkg/status.d/libssl3": SSL.encode(),
    "var/lib/dpkg/status.d/libssl3.md5sums": b"0  usr/lib/libssl.so.3\n1  usr/lib/libcrypto.so.3\n",
    "var/lib/dpkg/status.d/tzdata": b"Package: tzdata\nVersion: 2026f-0\nArchitecture: all\n",
    "usr/share/doc/libssl3/copyright": COPYRIGHT.encode(),
}
TEXTS = CardSection(
    summary="Prices <flats>.", intended_use="One.\n\nTwo.", limitations="Rare.", owner="Team | A"
)
EVALUATION = Evaluation(
    overall=MetricValues(
        rows=40, values={"mae": 1.5}, intervals={"mae": (1.0, 2.0)}, baseline={"mae": 4.0}
    ),
    slices={
        "good": MetricValues(rows=20, values={"mae": 0.5}, intervals={"mae": (0.25, 0.75)}),
        "bad": MetricValues(rows=20, values={"mae": 3.0}, intervals={"mae": (2.0, 4.0)}),
    },
)
SCHEMA = Schema(
    features=(
        Column(name="rooms", kind="integer", dtype="int64", nullable=False, minimum=1, maximum=9),
        Column(
            name="mail",
            kind="string",
            dtype="str",
            nullable=True,
            personal="e-mail addresses",
        ),
    ),
    target=Column(name="price", kind="number", dtype="float64", nullable=False),
)


def wheel(name: str, *groups: str, version: str = "1.0") -> Wheel:
    filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    digest = sha256_bytes(filename.encode())
    return Wheel.model_validate(
        {
            "name": name,
            "version": version,
            "filename": filename,
            "sha256": digest,
            "groups": groups,
        }
    )


FIT, WEB, STATS = wheel("fit-it", "model", "harness"), wheel("web", "server"), wheel("s", "harness")


def info(one: Wheel) -> str:
    """The folder of a wheel's metadata in an image."""
    site = site_packages(folder_path([one]), "3.11")
    return f"{site}/{one.filename.split('-py3')[0]}.dist-info"


def metadata(one: Wheel, *more: str) -> bytes:
    fields = "\n".join((f"Name: {one.name}", f"Version: {one.version}", *more))
    return f"Metadata-Version: 2.4\n{fields}\n\nLicense: of the text\n".encode()


WHEEL_FILES = {
    f"{info(FIT)}/METADATA": metadata(
        FIT,
        "License-Expression: MIT",
        "Requires-Dist: s>=1",
        "Requires-Dist: web; extra == 'all'",
    ),
    f"{info(WEB)}/METADATA": metadata(WEB, "Classifier: License :: OSI Approved :: BSD License"),
}


@dataclass(frozen=True)
class Made:
    """The parts of the package."""

    manifest: Manifest
    lock: Lock
    folder: Path


def make_package(
    folder: Path,
    *,
    wheels: Mapping[str, bytes] = WHEEL_FILES,
    base: Mapping[str, bytes] | None = BASE,
    upper: Mapping[str, bytes] = {},
    texts: CardSection | None = TEXTS,
    serve: Serve = MANIFEST.serve,
    model: bytes = b"a model",
    listed: tuple[FileEntry, ...] | None = None,
    added: Callable[[Path], Sequence[Layer]] = lambda _: (),
    recorded: Callable[[Path], Sequence[Layer]] = lambda _: (),
) -> Made:
    """Write the package into an OCI folder. ``upper``: the second layer of its base.

    ``listed``: the model's files in the manifest; by default those that it has. ``added``: makes
    layers below that of the manifest, which it doesn't record; ``recorded``: those that it does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    below = []
    if base is not None:
        below = [layer_of(folder, "base", dict(base)), layer_of(folder, "base2", dict(upper))]
    locked = Base(
        reference="made:1",
        diff_ids=tuple(layer.diff_id for layer in below),
        env=(),
        packages=("libssl3=3.0.1-2", "tzdata=2026f-0"),
    )
    lock = LOCK.model_copy(
        update={"wheels": (FIT, STATS, WEB), "base": "none" if base is None else locked}
    )
    package = {} if texts is None else {FILE: texts.dump()}
    above = [
        layer_of(folder, "wheels", dict(wheels)),
        *recorded(folder),
        layer_of(folder, "code", {"code/train.py": b"x = 1\n"}),
        layer_of(folder, "model", {"models/model": model}),
    ]
    files = FileList.made(above, [])
    used = None if base is None else locked
    listing = files.text().encode()
    platform = Platform(
        files=(_entry("files.txt", listing), _entry("lock.json", lock.dump())),
        trees=files.trees()[0],
        settings=start_settings(used),
        proved_on="native",
    )
    manifest = MANIFEST.model_copy(
        update={
            "schema_": SCHEMA,
            "evaluation": EVALUATION,
            "serve": serve,
            "model": (_entry("model", model),) if listed is None else listed,
            "code": (_entry("train.py", b"x = 1\n"),),
            "files": tuple(_entry(name, content) for name, content in sorted(package.items())),
            "platforms": {lock.platform: platform},
        }
    )
    inside = {f"package/{name}": content for name, content in package.items()}
    inside |= {"package/lock.json": lock.dump(), "package/files.txt": listing}
    inside["package/manifest.json"] = manifest.dump()
    layers = [*below, *above, *added(folder), layer_of(folder, "package", inside)]
    labels = {f"{LABEL}.root": manifest.root}
    image = assemble(f"shop:{manifest.tag}", used, layers, lock.platform, labels)
    write_oci([image], folder / "oci")
    return Made(manifest, lock, folder / "oci")


def _entry(name: str, content: bytes) -> FileEntry:
    return FileEntry(path=name, sha256=sha256_bytes(content), size=len(content))


@contextmanager
def opened_package(folder: Path, **parts: object) -> Iterator[Reference]:
    """The package of ``make_package``, opened."""
    made = make_package(folder, **parts)  # type: ignore[arg-type]
    with open_reference(str(made.folder), None) as reference:
        yield reference
