"""Checks that base and wheels provide the shared libraries that the wheels load.

A manylinux wheel may depend on a few system libraries. One that the base lacks would cause an
``ImportError`` in the image; this check reports it at build, with the Debian package that has it.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import IO

from packager.cache import atomic_file
from packager.errors import PackageError
from packager.image.base.saved import BaseImage
from packager.image.debian_libraries import debian_libraries
from packager.image.layers import Layer
from packager.image.stack import Stack
from packager.manifest.base import FrozenModel
from packager.progress import Progress
from packager.tar_reader import TarReader

SHARED_OBJECT = re.compile(r"\.so(\.[\w.]+)?$")
MAGIC = b"\x7fELF"
MAX_RECORD = 64 * 1024 * 1024
# Default search folders of a loader, and everything below /usr/local.
SYSTEM_FOLDERS = re.compile(r"(usr/)?lib(64)?(/[\w-]+-linux-gnu\w*)?|usr/local/.+")
# Libraries for hardware or plugins that may be absent: the wheels import the parts that need them
# inside a try. The driver's libraries come from the host with the graphics card; InfiniBand and MPI
# are plugins of NVIDIA's wheels; numba falls back from TBB to its own threads.
OPTIONAL = re.compile(
    r"lib(cuda|nvidia-ml|nvcuvid|nvidia-encode|mlx5|ibverbs|rdmacm|mpi|tbb|tbbmalloc)\.so"
)
OTHER_LIBC = re.compile(r"libc\.musl-|ld-musl-|libc\.so$")


class NeededLibraries(FrozenModel):
    """A shared object and the libraries that it needs (DT_NEEDED)."""

    file: str
    wheel: str
    """``numpy 2.1.0``, or the layer's name if the file belongs to no wheel."""
    needed: tuple[str, ...]


class SharedObjects(FrozenModel):
    """The shared objects of a layer; stored next to its tar."""

    diff_id: str
    files: tuple[str, ...]
    """Paths of every shared object and of every link to one."""
    loads: tuple[NeededLibraries, ...]


def check_libraries(base: BaseImage | None, stack: Stack, progress: Progress) -> None:
    """Raise ``PackageError`` for libraries that wheels load and neither base nor wheels hold.

    Warns of missing optional ones. Without a base nothing is checked.
    """
    if base is None:
        return
    held = _held_by_base(base)
    below = [contents(layer) for layer in stack.below[len(base.layers) :]]
    worker = [contents(layer) for layer in stack.worker]
    # The served image holds no worker wheels, so their libraries don't count for it.
    held |= _names(below)
    absent = list(_absent(below, held))
    absent += _absent(worker, held | _names(worker))
    for loads, name in absent:
        if OPTIONAL.match(name):
            progress.warn(
                f"{loads.wheel}: {name} is not in the image; parts that need it won't run"
            )
    needed = [(loads, name) for loads, name in absent if not OPTIONAL.match(name)]
    if needed:
        raise _missing(needed, base.saved.reference)


def contents(layer: Layer) -> SharedObjects:
    """The shared objects of ``layer``, read once and stored next to its tar."""
    beside = layer.path.with_suffix(".elf.json")
    if beside.is_file():
        known = SharedObjects.load(beside)
        if known.diff_id == layer.diff_id:
            return known
    found = _read(layer)
    with atomic_file(beside) as file:
        file.write_bytes(found.dump())
    return found


def needed_by(file: IO[bytes]) -> tuple[str, ...]:
    """The sonames that an ELF file needs, sorted; empty for any other file.

    Raises ``PackageError`` if the file is damaged.
    """
    # Imported here because a build with a warm cache reads no ELF file.
    from elftools.common.exceptions import ELFError
    from elftools.construct import ConstructError
    from elftools.elf.dynamic import DynamicSegment
    from elftools.elf.elffile import ELFFile

    if file.read(len(MAGIC)) != MAGIC:
        return ()
    file.seek(0)
    try:
        tags = [
            str(vars(tag)["needed"])
            for segment in ELFFile(file).iter_segments("PT_DYNAMIC")
            if isinstance(segment, DynamicSegment)
            for tag in segment.iter_tags("DT_NEEDED")
        ]
    except (ELFError, ConstructError, ValueError, AttributeError) as error:
        raise PackageError(
            f"not a whole ELF file: {error}",
            "download it again, or ask its author for a complete one",
        ) from error
    return tuple(sorted(set(tags)))


def _read(layer: Layer) -> SharedObjects:
    files: list[str] = []
    needs: dict[str, tuple[str, ...]] = {}
    owners: dict[str, str] = {}
    with layer.members() as members:
        for member in members:
            path = PurePosixPath(member.name)
            if path.name == "RECORD" and path.parent.name.endswith(".dist-info"):
                owners |= dict(_recorded(members, member))
            if not SHARED_OBJECT.search(path.name) or member.isdir():
                continue
            files.append(str(path))
            stream = members.open(member) if member.isreg() else None
            if stream is not None and (needed := _needed(layer, str(path), stream)):
                needs[str(path)] = needed
    loads = (
        NeededLibraries(file=name, wheel=owners.get(name, layer.name), needed=needed)
        for name, needed in sorted(needs.items())
    )
    return SharedObjects(diff_id=layer.diff_id, files=tuple(sorted(files)), loads=tuple(loads))


def _needed(layer: Layer, name: str, stream: IO[bytes]) -> tuple[str, ...]:
    try:
        return needed_by(stream)
    except PackageError as error:
        raise PackageError(f"layer {layer.name}: {name}: {error.message}", error.hint) from error


def _recorded(members: TarReader, record: tarfile.TarInfo) -> Iterator[tuple[str, str]]:
    """(path in the layer, wheel) of every shared object that a RECORD lists."""
    folder = PurePosixPath(record.name).parent
    name, _, version = folder.name.removesuffix(".dist-info").partition("-")
    for line in members.content(record, MAX_RECORD).decode().splitlines():
        file = line.rsplit(",", 2)[0].strip('"')
        if SHARED_OBJECT.search(file):
            yield str(folder.parent / file), f"{name.replace('_', '-')} {version}"


def _held_by_base(base: BaseImage) -> set[str]:
    paths = next((e[16:] for e in base.saved.env if e.startswith("LD_LIBRARY_PATH=")), "")
    more = {path.strip("/") for path in paths.split(":")}
    files = [PurePosixPath(file) for layer in base.layers for file in contents(layer).files]
    return {
        file.name
        for file in files
        if SYSTEM_FOLDERS.fullmatch(str(file.parent)) or str(file.parent) in more
    }


def _names(layers: Iterable[SharedObjects]) -> set[str]:
    """File names of the shared objects: wheels find vendored ones by their own search path."""
    return {PurePosixPath(file).name for layer in layers for file in layer.files}


def _absent(
    layers: Iterable[SharedObjects], held: set[str]
) -> Iterator[tuple[NeededLibraries, str]]:
    for layer in layers:
        for loads in layer.loads:
            # Built for another libc, never loaded with glibc.
            if not any(OTHER_LIBC.match(name) for name in loads.needed):
                yield from ((loads, name) for name in loads.needed if name not in held)


def _missing(needed: Sequence[tuple[NeededLibraries, str]], reference: str) -> PackageError:
    by_wheel: dict[str, set[str]] = {}
    for loads, name in needed:
        by_wheel.setdefault(loads.wheel, set()).add(name)
    said = [
        f"wheel {wheel} needs {', '.join(_told(name) for name in sorted(names))}"
        for wheel, names in sorted(by_wheel.items())
    ]
    every = {name for _, name in needed}
    table = debian_libraries()
    packages = sorted({table.packages[name] for name in every if name in table.packages})
    unknown = sorted(name for name in every if name not in table.packages)
    hints = []
    if unknown:
        hints.append(
            f"find the Debian package of {', '.join(unknown)} (apt-file search): the table of "
            f"{table.checked} lacks it"
        )
    asked = " ".join(f"--package {package}" for package in packages or ["PACKAGE"])
    hints.append(f"make a base that has it with `package base {asked}` and build with --base")
    return PackageError(f"base {reference}: {'; '.join(said)}", ", ".join(hints))


def _told(name: str) -> str:
    package = debian_libraries().packages.get(name)
    return f"{name} (Debian package {package})" if package else name
