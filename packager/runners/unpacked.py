"""The dependencies of a package unpacked in the cache, for the interpreter of this program.

The folders of wheels are unpacked once per layer, so packages share them as images do. What remains
of a set of layers, the environments, is a small folder of its own with links to those. The runtimes
are a folder too, which all packages of one version of this program share.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packager.cache import atomic_directory, cache_directory, touch
from packager.digest import canonical_json, sha256_bytes
from packager.environment.programs import isolated_python, run
from packager.errors import PackageError
from packager.image.layers import Layer
from packager.image.runtime import HARNESS, INSTALLED_AT, MEMBERS, MODEL, VENV, WHEELS
from packager.tar_reader import unpack_plain

HOMES = (VENV, MODEL, HARNESS)


@dataclass(frozen=True)
class UnpackedEnvironments:
    """Environments below ``root``, whose modules lie in ``folders`` too."""

    root: Path
    folders: tuple[Path, ...]
    """Folders with everything that the environments need, ``root`` among them."""

    def python(self, home: str) -> Path:
        """The interpreter of the environment ``home``, such as ``opt/venv``."""
        return self.root / home / "bin" / "python"


def unpacked_environments(layers: Sequence[Layer]) -> UnpackedEnvironments:
    """Unpack ``layers``, unless the cache holds them.

    Raises ``PackageError`` for links in place of folders that this program uses.
    """
    interpreter = _interpreter()
    shared = {
        layer.diff_id: _wheels(layer, interpreter)
        for layer in layers
        if _wheels_cache_path(layer, interpreter).is_dir() or _is_shared(layer)
    }
    folder = _cache_path(interpreter, [layer.diff_id for layer in layers])
    if not folder.is_dir():
        with atomic_directory(folder) as new:
            for layer in layers:
                if layer.diff_id not in shared:
                    # An environment links to the base's interpreter.
                    _unpack(layer, new, inside=False)
            _refuse_links(new, (*HOMES, *_member_homes(new), WHEELS))
            for target in shared.values():
                _link(target / WHEELS, new / WHEELS)
            for home in (*HOMES, *_member_homes(new)):
                if (new / home / "pyvenv.cfg").is_file():
                    _rewrite_environment(new / home, interpreter)
    touch(folder)
    return UnpackedEnvironments(folder, (folder, *shared.values()))


def unpacked_runtime(layers: Sequence[Layer]) -> Path:
    """The folder of the runtimes in ``layers``, unpacked unless the cache holds it.

    No process that runs there may write it. Raises ``PackageError`` for a link that leaves it.
    """
    interpreter = _interpreter()
    folder = _cache_path(interpreter, ["runtime", *(layer.diff_id for layer in layers)])
    if not folder.is_dir():
        with atomic_directory(folder) as new:
            for layer in layers:
                _unpack(layer, new, inside=True)
            _refuse_links(new, (INSTALLED_AT,))
            _compile(new / INSTALLED_AT, interpreter)
    touch(folder)
    return folder


def _interpreter() -> Path:
    """This program's interpreter, not that of a virtual environment."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def _member_homes(folder: Path) -> list[str]:
    """The environments of a solution's members below ``folder``."""
    if (folder / MEMBERS).is_symlink() or not (folder / MEMBERS).is_dir():
        return []
    return [f"{MEMBERS}/{name}" for name in sorted(os.listdir(folder / MEMBERS))]


def _is_shared(layer: Layer) -> bool:
    """Whether ``layer`` has nothing but folders of wheels."""
    top = f"{WHEELS}/"
    with layer.members() as members:
        return all(
            info.name.startswith(top) or (info.isdir() and top.startswith(f"{info.name}/"))
            for info in members
        )


def _wheels(layer: Layer, interpreter: Path) -> Path:
    """The cached folder of one layer of wheels."""
    folder = _wheels_cache_path(layer, interpreter)
    if not folder.is_dir():
        with atomic_directory(folder) as new:
            _unpack(layer, new, inside=True)
            _refuse_links(new, (WHEELS,))
            _compile(new / WHEELS, interpreter)
    touch(folder)
    return folder


def _wheels_cache_path(layer: Layer, interpreter: Path) -> Path:
    """The cached folder of a layer that has nothing but folders of wheels."""
    return _cache_path(interpreter, ["wheels", layer.diff_id])


def _cache_path(interpreter: Path, parts: Sequence[str]) -> Path:
    key = [sys.version, str(interpreter), *parts]
    return cache_directory("environments") / sha256_bytes(canonical_json(key))[:32]


def _link(source: Path, target: Path) -> None:
    """Have every wheel's folder of ``source`` at ``target``: a link, unless a layer has a part."""
    target.mkdir(parents=True, exist_ok=True)
    for folder in source.iterdir() if source.is_dir() else ():
        path = target / folder.name
        if path.is_symlink():
            parts = (path.readlink(), folder)
            path.unlink()
            for part in parts:
                _copy(part, path)
        elif path.exists():
            _copy(folder, path)
        else:
            path.symlink_to(folder)


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)


def _rewrite_environment(home: Path, interpreter: Path) -> None:
    """Make the unpacked environment use ``interpreter``."""
    python = home / "bin" / "python"
    python.unlink()
    python.symlink_to(interpreter)
    config = home / "pyvenv.cfg"
    text = config.read_text().split("\n", 1)[1]
    config.write_text(f"home = {interpreter.parent}\n{text}")


def _compile(folder: Path, interpreter: Path) -> None:
    """Compile layers without bytecode, which were made without a base."""
    if folder.is_dir() and next(folder.rglob("*.pyc"), None) is None:
        command = isolated_python("-m", "compileall", "-qq", "-j", "0", python=str(interpreter))
        command += ["--invalidation-mode", "unchecked-hash", str(folder)]
        # Files that do not compile (templates, Python 2) are skipped.
        run(command, os.environ)


def _refuse_links(folder: Path, tops: Sequence[str]) -> None:
    """Raise ``PackageError`` if a path of ``tops`` that is used here is a link.

    Environments may contain links, because this program neither opens nor changes their files.
    """
    real = os.path.realpath(folder)
    for top in tops:
        path = folder / top
        named = [path, *(path / name for name in ("bin", "lib", "pyvenv.cfg"))]
        named += [*path.glob("lib/*"), *path.glob("lib/*/site-packages")]
        named += path.iterdir() if top == WHEELS and path.is_dir() else ()
        for one in named:
            inside = str(one.relative_to(folder))
            if os.path.realpath(one) != os.path.join(real, inside):
                raise PackageError(
                    f"dependencies: expected a file or folder at {inside}, got a link",
                    "the package is malicious, or was made by another program: ask its author",
                )


def _unpack(layer: Layer, folder: Path, *, inside: bool) -> None:
    with layer.members() as members:
        unpack_plain(members, folder, inside=inside)
