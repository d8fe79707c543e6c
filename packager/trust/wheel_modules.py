"""The modules of locked wheels, read from the wheels in the cache without importing them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self
from zipfile import BadZipFile, ZipFile

from modelhost.pickles.modules import INSTALLED, OWN, STANDARD, ModuleFile, Modules, is_standard
from packager.digest import sha256_file
from packager.environment.wheels import wheel_path
from packager.manifest.manifest import Wheel

COMPILED = (".so", ".pyd")


class WheelModules(Modules):
    """The project's code in folders, and the modules of wheels."""

    def __init__(self, own: Iterable[Path], wheels: Sequence[Wheel]) -> None:
        super().__init__(own, ())
        self._stack = ExitStack()
        self._archives: dict[str, tuple[ZipFile, frozenset[str]]] = {}
        self.absent: list[str] = []
        """Wheels that are not in the cache, or are not the locked file."""
        for wheel in wheels:
            self._open(wheel)

    def __enter__(self) -> Self:
        """The modules; the wheels are open."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the wheels."""
        self._stack.close()

    def tops(self) -> frozenset[str]:
        """The names that the wheels' modules begin with."""
        names = (name for _, inside in self._archives.values() for name in inside)
        return frozenset(name.partition("/")[0].partition(".")[0] for name in names)

    def opened(self) -> frozenset[str]:
        """The filenames of the wheels that are read."""
        return frozenset(self._archives)

    def metadata(self) -> dict[str, str]:
        """Filename of a wheel → the text of its METADATA."""
        texts = {}
        for filename, (archive, names) in self._archives.items():
            inside = [name for name in names if name.endswith(".dist-info/METADATA")]
            if inside:
                texts[filename] = archive.read(min(inside, key=len)).decode(errors="replace")
        return texts

    def _open(self, wheel: Wheel) -> None:
        path = wheel_path(wheel)
        try:
            if not path.is_file() or sha256_file(path) != wheel.sha256:
                raise FileNotFoundError(path)
            archive = self._stack.enter_context(ZipFile(path))
        except (OSError, BadZipFile):
            self.absent.append(wheel.filename)
            return
        self._archives[wheel.filename] = archive, frozenset(archive.namelist())

    def _search(self, name: str) -> ModuleFile | None:
        module_file = super()._search(name)
        if module_file is not None and module_file.origin in (OWN, STANDARD):
            return module_file
        if is_standard(name.partition(".")[0]):
            return None
        path = name.replace(".", "/")
        for archive, names in self._archives.values():
            for location, package in ((f"{path}/__init__.py", True), (f"{path}.py", False)):
                if location in names:
                    text = archive.read(location).decode(errors="replace")
                    return ModuleFile(INSTALLED, text, package)
            compiled = (f"{path}.", f"{path}/__init__.")
            if any(one.startswith(compiled) and one.endswith(COMPILED) for one in names):
                return ModuleFile(INSTALLED, None)
        return None
