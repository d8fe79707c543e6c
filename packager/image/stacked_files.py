"""The files of stacked layers as a container sees them, read in place and not unpacked."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Self

from packager.image.rootfs import OPAQUE, WHITEOUT, follow
from packager.tar_reader import TarReader, plain_tar

Member = tuple[TarReader, tarfile.TarInfo]


@dataclass
class _Folder:
    """A folder: name → folder, or file or link."""

    inside: dict[str, _Folder | Member] = field(default_factory=dict)


class StackedFiles:
    """The regular files of stacked layers by their path; use it in a ``with`` block."""

    def __init__(self, layers: Sequence[Path]) -> None:
        """``layers``: uncompressed tars, bottom up."""
        self._top = _Folder()
        self._files = [layer.open("rb") for layer in layers]
        try:
            for file, layer in zip(self._files, layers, strict=True):
                self._stack(TarReader(file, plain_tar(f"layer {layer.name}")))
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def resolve(self, name: str) -> str | None:
        """The absolute path of the regular file that ``name`` leads to; None if there is none."""
        target = follow(name, self._link)
        return str(target) if target and self._regular(target) is not None else None

    def content(self, path: str, most: int) -> bytes:
        """The file at a resolved path; raises ``PackageError`` for more than ``most`` bytes."""
        file = self._regular(PurePosixPath(path))
        assert file is not None
        reader, member = file
        return reader.content(member, most)

    def below(self, folder: str) -> Iterator[str]:
        """The paths of the regular files below a resolved folder, sorted by folder."""
        node = self._at(PurePosixPath(folder))
        if isinstance(node, _Folder):
            yield from _walk(node, folder)

    def _stack(self, reader: TarReader) -> None:
        members = list(reader)
        # A whiteout hides files of lower layers only, never those of its own layer.
        for member in members:
            self._hide(PurePosixPath(member.name))
        for member in members:
            path = PurePosixPath(member.name)
            if path.name and path.name != ".." and not path.name.startswith(WHITEOUT):
                self._add(path, (reader, member))

    def _add(self, path: PurePosixPath, member: Member) -> None:
        above = follow(str(path.parent), self._link)
        if above is None:
            return  # below a cycle of links: no path leads there
        folder = self._top
        for part in above.parts[1:]:
            inner = folder.inside.get(part)
            if not isinstance(inner, _Folder):
                inner = folder.inside[part] = _Folder()
            folder = inner
        if not member[1].isdir():
            folder.inside[path.name] = member
        elif not isinstance(folder.inside.get(path.name), _Folder):
            folder.inside[path.name] = _Folder()

    def _hide(self, path: PurePosixPath) -> None:
        if not path.name.startswith(WHITEOUT):
            return
        above = follow(str(path.parent), self._link)
        folder = self._at(above) if above is not None else None
        if not isinstance(folder, _Folder):
            return
        if path.name == OPAQUE:
            folder.inside.clear()
        else:
            folder.inside.pop(path.name.removeprefix(WHITEOUT), None)

    def _at(self, path: PurePosixPath) -> _Folder | Member | None:
        node: _Folder | Member | None = self._top
        for part in path.parts[1:]:
            if not isinstance(node, _Folder):
                return None
            node = node.inside.get(part)
        return node

    def _link(self, path: PurePosixPath) -> str | None:
        node = self._at(path)
        return node[1].linkname if isinstance(node, tuple) and node[1].issym() else None

    def _regular(self, path: PurePosixPath) -> Member | None:
        """The regular file at ``path``; a hard link is the file that it names."""
        node = self._at(path)
        if isinstance(node, tuple) and node[1].islnk():
            target = follow(str(PurePosixPath(node[1].linkname).parent), self._link)
            node = self._at(target / PurePosixPath(node[1].linkname).name) if target else None
        return node if isinstance(node, tuple) and node[1].isreg() else None


def _walk(folder: _Folder, path: str) -> Iterator[str]:
    for name, node in sorted(folder.inside.items(), key=lambda item: item[0]):
        if isinstance(node, _Folder):
            yield from _walk(node, f"{path}/{name}")
        elif node[1].isreg():
            yield f"{path}/{name}"
