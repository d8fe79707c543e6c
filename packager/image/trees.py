"""The files, links and folders of a layer, read from its tar without unpacking it."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from packager.image.environments import PATHS
from packager.image.layers import Layer
from packager.image.rootfs import WHITEOUT
from packager.image.tar_headers import ATTRIBUTES, is_end, read_member
from packager.tar_reader import TarReader

RECORD = ".dist-info/RECORD"
KEPT = (RECORD, f"/site-packages/{PATHS}")
MAX_RECORD = 16 * 1024 * 1024
"""Maximum size of a RECORD in bytes."""
MAX_SHEBANG = 256
"""Bytes of the first line of a script; Linux reads as many."""


@dataclass(frozen=True)
class TreeFile:
    """A file with its sha256, or a symbolic link with its target."""

    sha256: str = ""
    link: str = ""
    mode: str = field(default="644", compare=False)
    """Permission bits in octal; of another owner than root, also its user and group."""
    content: bytes = field(default=b"", compare=False)
    """Only for files that end with one of ``KEPT``."""
    script: tuple[bytes, str] | None = field(default=None, compare=False)
    """Of a script: its first line, and the sha256 of the rest."""

    def __str__(self) -> str:
        return f"a link to {self.link}" if self.link else self.sha256

    @property
    def described(self) -> str:
        """Its content and mode, as a list of files has it."""
        return f"link {self.link}" if self.link else f"{self.mode} {self.sha256}"


Tree = Mapping[str, TreeFile]
"""Posix path below ``/`` → file or link; folders are omitted."""


@dataclass(frozen=True)
class LayerTree:
    """The members of a layer."""

    files: Mapping[str, TreeFile]
    folders: Mapping[str, str]
    """Path → mode, as ``TreeFile.mode``."""


def tree_of(layer: Layer) -> dict[str, TreeFile]:
    """Every file and link of ``layer``; raises as ``layer_tree``."""
    return dict(layer_tree(layer).files)


def layer_tree(layer: Layer) -> LayerTree:
    """Every file, link and folder of ``layer``.

    Raises ``PackageError`` for members that no layer of a package has: hard links, devices,
    whiteouts (which hide files of lower layers), extended attributes (capabilities), absolute
    paths, ``..``, or duplicate paths; and for headers that engines could read in another way.
    """
    files: dict[str, TreeFile] = {}
    folders: dict[str, str] = {}
    with layer.members() as members:
        for info in _unambiguous(layer, members):
            name = _plain_path(info, members)
            if name in files or (name in folders and not info.isdir()):
                raise members.refusal(f"{name!r} twice")
            if info.isdir():
                folders[name] = _mode(info)
            elif info.issym():
                files[name] = TreeFile(link=info.linkname)
            elif info.isreg():
                files[name] = _read(members, info, name)
            else:
                raise members.refusal(f"{name!r}, which is no file, folder or symbolic link")
    return LayerTree(files, folders)


def _unambiguous(layer: Layer, members: TarReader) -> Iterator[tarfile.TarInfo]:
    """The ``members`` of ``layer``, if its headers state the same in the form of POSIX."""
    if layer.written is not None:
        yield from members
        return
    index = 0
    with layer.open() as file:
        for info in members:
            if not (info.isreg() or info.isdir() or info.issym()):
                yield info  # refused by what it is
            try:
                member = read_member(file, index)
            except ValueError as error:
                raise members.refusal(f"{info.name!r} with {error}") from error
            if not member.agrees(info):
                raise members.refusal(f"{info.name!r}, which other readers call {member.name!r}")
            yield info
            index = member.end
        if not is_end(file, index):
            raise members.refusal(f"no end of the archive at byte {index:,}")


def _plain_path(info: tarfile.TarInfo, members: TarReader) -> str:
    """The path of a member; raises ``PackageError`` for one that no layer of a package has."""
    path = PurePosixPath(info.name)
    if path.is_absolute() or ".." in path.parts:
        raise members.refusal(f"the path {info.name!r}")
    if path.name.startswith(WHITEOUT):
        raise members.refusal(f"{str(path)!r}, which hides a file of a lower layer")
    if strange := [key for key in info.pax_headers if key.startswith(ATTRIBUTES)]:
        raise members.refusal(f"{str(path)!r} with the attribute {strange[0]!r}")
    return str(path)


def _mode(info: tarfile.TarInfo) -> str:
    owner = f" {info.uid}:{info.gid}" if info.uid or info.gid else ""
    return f"{info.mode & 0o7777:o}{owner}"


def _read(members: TarReader, info: tarfile.TarInfo, name: str) -> TreeFile:
    if name.endswith(KEPT):
        content = members.content(info, MAX_RECORD)
        return TreeFile(hashlib.sha256(content).hexdigest(), mode=_mode(info), content=content)
    return _digested(members.chunks(info), _mode(info))


def _digested(chunks: Iterable[bytes], mode: str) -> TreeFile:
    whole, rest, script = hashlib.sha256(), hashlib.sha256(), None
    for number, chunk in enumerate(chunks):
        whole.update(chunk)
        if number == 0 and chunk.startswith(b"#!"):
            end = chunk.find(b"\n", 0, MAX_SHEBANG) + 1
            script, chunk = chunk[:end], chunk[end:]
        if script:
            rest.update(chunk)
    script_parts = (script, rest.hexdigest()) if script else None
    return TreeFile(whole.hexdigest(), mode=mode, script=script_parts)


def below(tree: Tree, folder: str) -> dict[str, TreeFile]:
    """The entries below ``folder``, by path relative to it."""
    start = f"{folder}/"
    return {name.removeprefix(start): f for name, f in tree.items() if name.startswith(start)}


def is_bytecode_of(name: str, tree: Tree) -> bool:
    """Whether ``name`` is the path of the bytecode of a module in ``tree``."""
    path = PurePosixPath(name)
    if path.suffix != ".pyc" or path.parent.name != "__pycache__":
        return False
    return str(path.parent.parent / f"{path.name.partition('.')[0]}.py") in tree
