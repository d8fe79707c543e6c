"""Measures time and memory of `package inspect` on malicious references.

    python benchmarks/hostile_references.py [NAME …] [--full]

Each is written to a temporary folder, inspected in a separate process, and removed. Without
`--full` everything has a tenth of its size. Exit 1 if one takes more than 300 MB or 30 s, or ends
with a traceback.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hostile_oci import (
    MIB,
    extended,
    header,
    layer_of,
    oci,
    records,
    repeat,
    tar_of,
    with_document,
)

from packager.digest import sha256_bytes
from packager.image.config import LABEL

PACKAGE = Path(sys.executable).parent / "package"
MAX_BYTES, MAX_SECONDS = 300_000_000, 30.0
Make = Callable[[Path, int], Path]
MAKERS: dict[str, Make] = {}


def maker(make: Make) -> Make:
    MAKERS[make.__name__.replace("_", " ")] = make
    return make


@dataclass(frozen=True)
class InspectCost:
    """Cost of one inspection, and the end of its output."""

    peak: int
    seconds: float
    """Seconds of processor time, which excludes other processes."""
    code: int
    output: str

    @property
    def fine(self) -> bool:
        within = self.peak <= MAX_BYTES and self.seconds <= MAX_SECONDS
        return within and "Traceback" not in self.output


def inspect(reference: Path, folder: Path) -> InspectCost:
    """Inspect ``reference`` in a separate process, and measure it."""
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen([PACKAGE, "inspect", reference], stdout=said, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
    text = (folder / "said").read_text(errors="replace")
    seconds = used.ru_utime + used.ru_stime
    return InspectCost(used.ru_maxrss * 1024, seconds, os.waitstatus_to_exitcode(status), text)


@maker
def layer_of_millions_of_members(folder: Path, scale: int) -> Path:
    def write(file: IO[bytes]) -> None:
        for start in range(0, 100_000 * scale, 1000):
            file.write(b"".join(header(f"package/{n}") for n in range(start, start + 1000)))

    return oci(folder / "oci", layer_of(folder, write))


@maker
def archive_of_millions_of_folders(folder: Path, scale: int) -> Path:
    def write(file: IO[bytes]) -> None:
        for start in range(0, 100_000 * scale, 1000):
            lines = (header(f"d{n}", tarfile.DIRTYPE) for n in range(start, start + 1000))
            file.write(b"".join(lines))

    return layer_of(folder, write)


@maker
def members_with_many_records(folder: Path, scale: int) -> Path:
    one = extended(tarfile.XHDTYPE, records(900)) + header("package/a")
    return oci(folder / "oci", layer_of(folder, lambda f: repeat(f, one, 2_000 * scale)))


@maker
def global_records_that_pile_up(folder: Path, scale: int) -> Path:
    def write(file: IO[bytes]) -> None:
        for number in range(500 * scale):
            content = records(900).replace(b" k", b" %c" % (97 + number % 26))
            file.write(extended(tarfile.XGLTYPE, content) + header("package/a"))

    return oci(folder / "oci", layer_of(folder, write))


@maker
def map_of_a_sparse_file(folder: Path, scale: int) -> Path:
    first = bytearray(header("package/hole", b"S"))
    first[482] = 1
    total = sum(first[:148]) + 256 + sum(first[156:512])
    first[148:156] = b"%06o\0 " % total
    block = b"00000000001\0" * 42 + b"\1" + bytes(7)

    def write(file: IO[bytes]) -> None:
        file.write(first)
        repeat(file, block, 50_000 * scale)

    return oci(folder / "oci", layer_of(folder, write))


@maker
def header_of_negative_size(folder: Path, scale: int) -> Path:
    info = tarfile.TarInfo("package/long")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, -512
    head = info.tobuf(tarfile.GNU_FORMAT)

    def write(file: IO[bytes]) -> None:
        file.write(head)
        repeat(file, b"x" * MIB, 30 * scale)

    return oci(folder / "oci", layer_of(folder, write))


@maker
def headers_that_follow_each_other(folder: Path, scale: int) -> Path:
    one = extended(tarfile.XHDTYPE, records(100))
    return oci(folder / "oci", layer_of(folder, lambda f: repeat(f, one, 20_000 * scale)))


@maker
def sparse_layer_of_a_terabyte(folder: Path, scale: int) -> Path:
    oci(folder / "oci", tar_of({"package/a": b""}))
    place = max((folder / "oci/blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    with place.open("r+b") as file:
        file.write(header("package/huge", size=2**40))
        file.truncate(2**40 // 10 * scale)
    return folder / "oci"


@maker
def index_of_a_gigabyte(folder: Path, scale: int) -> Path:
    oci(folder / "oci", b"")
    with (folder / "oci/index.json").open("wb") as file:
        file.write(b'{"manifests":[')
        file.truncate(100 * MIB * scale)
    return folder / "oci"


@maker
def index_of_many_images(folder: Path, scale: int) -> Path:
    return oci(folder / "oci", tar_of({"package/manifest.json": b"{}"}), entries=2_000 * scale)


@maker
def image_of_many_layers(folder: Path, scale: int) -> Path:
    return oci(folder / "oci", tar_of({"package/manifest.json": b"{}"}), layers=1_500 * scale)


@maker
def config_of_many_values(folder: Path, scale: int) -> Path:
    return oci(folder / "oci", b"", more={"x": [[]] * (50_000 * scale)})


@maker
def deep_config(folder: Path, scale: int) -> Path:
    place = oci(folder / "oci", b"")
    (place / "index.json").write_bytes(b'{"manifests":' + b"[" * 200_000 * scale)
    return place


@maker
def manifest_of_many_lists(folder: Path, scale: int) -> Path:
    return with_document(folder, b'{"params":[' + b"[]," * (500_000 * scale) + b"0]}")


@maker
def manifest_of_values_within_the_bound(folder: Path, scale: int) -> Path:
    return with_document(folder, b'{"code":[' + b"0," * (19_500 * scale) + b"0]}")


@maker
def manifest_of_parameters_within_the_bound(folder: Path, scale: int) -> Path:
    recipe = b'{"recipe":{"params":{"a":[' + b"{}," * (4_800 * scale) + b"0]}}}"
    return with_document(folder, recipe)


@maker
def manifest_of_many_unknown_keys(folder: Path, scale: int) -> Path:
    keys = ",".join(f'"k{number}":0' for number in range(4_900 * scale))
    return with_document(folder, f"{{{keys}}}".encode())


@maker
def deep_manifest(folder: Path, scale: int) -> Path:
    return with_document(folder, b'{"a":' * (90_000 * scale))


@maker
def manifest_of_one_number(folder: Path, scale: int) -> Path:
    return with_document(folder, b'{"schema_version":' + b"9" * (1_500_000 * scale) + b"}")


@maker
def manifest_of_one_text(folder: Path, scale: int) -> Path:
    return with_document(folder, b'{"name":"' + b"\\u001b" * (270_000 * scale) + b'"}')


@maker
def manifest_of_a_gigabyte(folder: Path, scale: int) -> Path:
    def write(file: IO[bytes]) -> None:
        file.write(header("package/manifest.json", size=100 * MIB * scale))
        file.truncate(512 + 100 * MIB * scale)
        file.seek(512 + 100 * MIB * scale)

    return oci(folder / "oci", layer_of(folder, write))


@maker
def package_with_large_documents(folder: Path, scale: int) -> Path:
    """A valid package whose documents all have their maximal size."""
    from packager.manifest.base import FileEntry
    from packager.manifest.manifest import Lock, Wheel

    wheels = tuple(
        Wheel(name=f"w{n}", version="1", filename=f"w{n}-1.whl", sha256="0" * 64, groups=("model",))
        for n in range(2_000 * scale)
    )
    lock = Lock(python="3.11", platform="linux/amd64", base="none", wheels=wheels).dump()
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))
    from host_samples import MANIFEST

    code = tuple(
        FileEntry(path=f"{n:06}.py", sha256="0" * 64, size=1) for n in range(3_000 * scale)
    )
    files = (FileEntry(path="lock.json", sha256=sha256_bytes(lock), size=len(lock)),)
    manifest = MANIFEST.model_copy(update={"code": code, "files": files})
    documents = {"package/manifest.json": manifest.dump(), "package/lock.json": lock}
    return oci(folder / "oci", tar_of(documents), labels={f"{LABEL}.root": manifest.root})


def measured(names: Sequence[str], scale: int) -> Iterator[tuple[str, InspectCost]]:
    for name in names or list(MAKERS):
        with tempfile.TemporaryDirectory() as folder:
            reference = MAKERS[name](Path(folder), scale)
            yield name, inspect(reference, Path(folder))


def main() -> None:
    full = "--full" in sys.argv
    names = [name for name in sys.argv[1:] if name != "--full"]
    worst = []
    print(f"{'reference':<42} {'peak MB':>8} {'seconds':>8}  exit")
    for name, found in measured(names, 10 if full else 1):
        sys.stdout.flush()
        print(f"{name:<42} {found.peak / 1e6:>8.0f} {found.seconds:>8.1f}  {found.code}")
        print(f"    {found.said.strip().splitlines()[0][:110] if found.said.strip() else ''}")
        worst += [] if found.fine else [name]
    if worst:
        sys.exit(f"error: over 300 MB or 30 s, or a traceback: {json.dumps(worst)}")


if __name__ == "__main__":
    main()
