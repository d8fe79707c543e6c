"""Digests of the files of a layer, read from its tar without unpacking it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from packager.image.environments import PATHS
from packager.image.layers import Layer
from packager.image.rootfs import WHITEOUT

RECORD = ".dist-info/RECORD"
KEPT = (RECORD, f"/site-packages/{PATHS}")
MAX_RECORD = 16 * 1024 * 1024
"""Maximum size of a RECORD in bytes."""
MAX_SHEBANG = 256
"""Bytes of the first line of a script; Linux reads as many."""


@dataclass(frozen=True)
class FileFound:
    """A file with its sha256, or a symbolic link with its target."""

    sha256: str = ""
    link: str = ""
    content: bytes = field(default=b"", compare=False)
    """Only for files that end with one of ``KEPT``."""
    script: tuple[bytes, str] | None = field(default=None, compare=False)
    """Of a script: its first line, and the sha256 of the rest."""

    def __str__(self) -> str:
        return f"a link to {self.link}" if self.link else self.sha256


Tree = Mapping[str, FileFound]
"""Posix path below ``/`` → file or link; folders are omitted."""


def tree_of(layer: Layer) -> dict[str, FileFound]:
    """Every file and link of ``layer``.

    Raises ``PackageError`` for members that no layer of a package has: hard links, devices,
    whiteouts (which hide files of lower layers), absolute paths, ``..``, or duplicate paths.
    """
    found: dict[str, FileFound] = {}
    with layer.members() as members:
        for info in members:
            path = PurePosixPath(info.name)
            name = str(path)
            if path.is_absolute() or ".." in path.parts:
                raise members.refusal(f"the path {info.name!r}")
            if info.isdir():
                continue
            if path.name.startswith(WHITEOUT):
                raise members.refusal(f"{name!r}, which hides a file of a lower layer")
            if name in found:
                raise members.refusal(f"{name!r} twice")
            if info.issym():
                found[name] = FileFound(link=info.linkname)
            elif info.isreg():
                if name.endswith(KEPT):
                    content = members.content(info, MAX_RECORD)
                    found[name] = FileFound(hashlib.sha256(content).hexdigest(), content=content)
                    continue
                found[name] = _digested(members.chunks(info))
            else:
                raise members.refusal(f"{name!r}, which is no file, folder or symbolic link")
    return found


def _digested(chunks: Iterable[bytes]) -> FileFound:
    whole, rest, script = hashlib.sha256(), hashlib.sha256(), None
    for number, chunk in enumerate(chunks):
        whole.update(chunk)
        if number == 0 and chunk.startswith(b"#!"):
            end = chunk.find(b"\n", 0, MAX_SHEBANG) + 1
            script, chunk = chunk[:end], chunk[end:]
        if script:
            rest.update(chunk)
    return FileFound(whole.hexdigest(), script=(script, rest.hexdigest()) if script else None)


def below(tree: Tree, folder: str) -> dict[str, FileFound]:
    """The entries below ``folder``, by path relative to it."""
    start = f"{folder}/"
    return {name.removeprefix(start): f for name, f in tree.items() if name.startswith(start)}


def is_bytecode_of(name: str, tree: Tree) -> bool:
    """Whether ``name`` is the path of the bytecode of a module in ``tree``."""
    path = PurePosixPath(name)
    if path.suffix != ".pyc" or path.parent.name != "__pycache__":
        return False
    return str(path.parent.parent / f"{path.name.partition('.')[0]}.py") in tree
