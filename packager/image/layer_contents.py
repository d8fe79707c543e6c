"""The files of a layer and the shared libraries that they load, read once per layer."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from packager.cache import atomic_file
from packager.errors import PackageError
from packager.image.elf import ElfFile, read_elf
from packager.image.layers import Layer
from packager.manifest.base import FrozenModel
from packager.tar_reader import TarReader

SHARED_OBJECT = re.compile(r"\.so(\.[\w.]+)?$")
MAX_RECORD = 64 * 1024 * 1024
SUFFIX = ".files.json"
"""Of the file next to a layer's tar that holds its contents."""


class NeededLibraries(FrozenModel):
    """A shared object, its processor and the libraries that it needs (DT_NEEDED)."""

    file: str
    machine: str
    """As ``ElfFile.machine``."""
    wheel: str
    """``numpy 2.1.0``, or the layer's name if the file belongs to no wheel."""
    needed: tuple[str, ...]
    search: tuple[str, ...] = ()
    """The search path of libraries (DT_RPATH, DT_RUNPATH)."""


class LayerContents(FrozenModel):
    """The files of a layer; stored next to its tar."""

    diff_id: str
    names: tuple[str, ...]
    """Paths of every file and link except bytecode."""
    loads: tuple[NeededLibraries, ...]

    @property
    def shared_objects(self) -> tuple[str, ...]:
        """Paths of every shared object and of every link to one."""
        return tuple(name for name in self.names if is_shared_object(name))


def is_shared_object(name: str) -> bool:
    """Whether the path ``name`` is called like a shared library."""
    return SHARED_OBJECT.search(name.rpartition("/")[2]) is not None


def contents(layer: Layer) -> LayerContents:
    """The contents of ``layer``, read once and stored next to its tar."""
    return _stored_contents(layer, lambda: _read(layer))


def joined_contents(layer: Layer, parts: Sequence[Layer]) -> LayerContents:
    """The contents of a ``layer`` that has the files of ``parts``, from theirs; stored as well."""

    def join() -> LayerContents:
        known = [contents(part) for part in parts]
        names = sorted({name for part in known for name in part.names})
        loads = sorted((one for part in known for one in part.loads), key=lambda one: one.file)
        return LayerContents(diff_id=layer.diff_id, names=tuple(names), loads=tuple(loads))

    return _stored_contents(layer, join)


def _stored_contents(layer: Layer, find: Callable[[], LayerContents]) -> LayerContents:
    """The contents that are stored next to the tar of ``layer``, or what ``find`` returns."""
    beside = layer.path.with_suffix(SUFFIX)
    known = _stored(beside)
    if known is not None and known.diff_id == layer.diff_id:
        return known
    layer_contents = find()
    with atomic_file(beside) as file:
        file.write_bytes(layer_contents.dump())
    return layer_contents


def _stored(path: Path) -> LayerContents | None:
    if not path.is_file():
        return None
    try:
        return LayerContents.load(path)
    except PackageError:  # damaged: the layer is read again
        return None


def _read(layer: Layer) -> LayerContents:
    names: list[str] = []
    elf_files: dict[str, ElfFile] = {}
    owners: dict[str, str] = {}
    with layer.members() as members:
        for member in members:
            path = PurePosixPath(member.name)
            if member.isdir() or path.suffix == ".pyc":
                continue
            names.append(str(path))
            if path.name == "RECORD" and path.parent.name.endswith(".dist-info"):
                owners |= dict(_recorded(members, member))
            if is_shared_object(path.name) and member.isreg():
                elf = _elf(layer, str(path), members.open(member))
                if elf is not None:
                    elf_files[str(path)] = elf
    loads = (
        NeededLibraries(
            file=name,
            machine=elf.machine,
            wheel=owners.get(name, layer.name),
            needed=elf.needed,
            search=elf.search,
        )
        for name, elf in sorted(elf_files.items())
    )
    return LayerContents(diff_id=layer.diff_id, names=tuple(sorted(names)), loads=tuple(loads))


def _elf(layer: Layer, name: str, stream: IO[bytes]) -> ElfFile | None:
    try:
        return read_elf(stream)
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
