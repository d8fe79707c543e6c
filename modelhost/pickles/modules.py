"""The origin of a global's module and its definition of a name, from files alone.

Nothing is imported: of a module in Python its source is read, of a compiled one that it is there.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path
from typing import Iterable, NamedTuple

OWN, INSTALLED, STANDARD = "the project's code", "a locked distribution", "the standard library"
_COMPILED = (".so", ".pyd")


class ModuleFile(NamedTuple):
    """The file of a module."""

    origin: str
    """``OWN``, ``INSTALLED`` or ``STANDARD``."""
    text: str | None
    """Its source; None of a compiled one and of the standard library's."""
    package: bool = False
    """Whether it is the ``__init__`` of a package."""


class Modules:
    """The modules of the project's code and of its locked distributions, in folders."""

    def __init__(self, own: Iterable[Path], installed: Iterable[Path]) -> None:
        self._folders = [(OWN, folder) for folder in own]
        self._folders += [(INSTALLED, folder) for folder in installed]
        self._files: dict[str, ModuleFile | None] = {}

    def find(self, name: str) -> ModuleFile | None:
        """The file of the module ``name``; None if there is none in these places."""
        if name not in self._files:
            self._files[name] = self._search(name)
        return self._files[name]

    def _search(self, name: str) -> ModuleFile | None:
        if not re.fullmatch(r"\w+(\.\w+)*", name):
            return None
        if is_standard(name.partition(".")[0]):
            return ModuleFile(STANDARD, None)
        for origin, folder in self._folders:
            path = folder.joinpath(*name.split("."))
            for location, package in (
                (path / "__init__.py", True),
                (path.with_suffix(".py"), False),
            ):
                if location.is_file():
                    text = location.read_text(encoding="utf-8", errors="replace")
                    return ModuleFile(origin, text, package)
            if _is_compiled(path) or _is_compiled(path / "__init__"):
                return ModuleFile(origin, None)
        return None


class NoModules(Modules):
    """For a file without code and distributions: every module is unknown."""

    def __init__(self) -> None:
        super().__init__((), ())


def is_standard(top: str) -> bool:
    """Whether a module of the standard library has this name."""
    if top in sys.builtin_module_names or top == "__main__":
        return True
    known = getattr(sys, "stdlib_module_names", None)  # from Python 3.10 on
    if known is not None:
        return top in known
    library = Path(sysconfig.get_path("stdlib"))
    paths = (library / f"{top}.py", library / top / "__init__.py")
    return any(map(Path.is_file, paths)) or _is_compiled(library / "lib-dynload" / top)


def here() -> Modules:
    """The modules of this process: the project's code, and the other folders on the path.

    The project is the working directory and its ``src``, and the code of members.
    """
    own, installed = [], []
    host = Path(__file__).resolve().parents[2]
    working = Path.cwd().resolve()
    library = {Path(sysconfig.get_path(one)).resolve() for one in ("stdlib", "platstdlib")}
    for entry in sys.path:
        folder = Path(entry or ".").resolve()
        if folder in (working, working / "src") or _is_member(folder):
            own.append(folder)
        elif folder != host and folder not in library and folder.name != "lib-dynload":
            installed.append(folder)
    return Modules(own, installed)


def _is_member(folder: Path) -> bool:
    """Whether it is the code of a solution's member, ``members/NAME/code``, or its ``src``."""
    code = folder.parent if folder.name == "src" else folder
    return code.name == "code" and code.parent.parent.name == "members"


def _is_compiled(path: Path) -> bool:
    """Whether a compiled module lies at ``path``, which has no suffix."""
    if not path.parent.is_dir():
        return False
    return any(one.name.endswith(_COMPILED) for one in path.parent.glob(f"{path.name}.*"))
