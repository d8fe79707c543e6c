"""Rules for files that are left out: those of ``.gitignore``, and files that tools generate.

Only ``.gitignore`` files in the project, or above it in the same repository, are read: whether git
is installed and how the user configured it does not change what is packaged.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pathspec import GitIgnoreSpec

from packager.confinement import patterns_of

GITIGNORE, GIT = ".gitignore", ".git"
JUNK_FOLDERS = frozenset(
    {
        "__pycache__",
        "__pypackages__",
        "node_modules",
        "bower_components",
        "mlruns",
        "mlartifacts",
        "wandb",
        "lightning_logs",
        "catboost_info",
        "site-packages",
        "htmlcov",
    }
)
"""Caches, runs of experiment trackers, and folders of package managers."""
JUNK_SUFFIXES = (".pyc", ".pyo", ".whl", ".egg", ".egg-info", ".swp", "~")
JUNK_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini"})
"""Files of file managers, in lower case."""
_MARKS = {
    "pyvenv.cfg": "a virtual environment",
    "conda-meta": "a conda environment",
    "oci-layout": "an image that a build wrote",
    "issues.parquet": "a check that `package data check` wrote",
}
"""File or folder in a folder → description of that folder."""


class IgnoreRules:
    """The ``.gitignore`` files that apply to ``top``, or those of another name in its form."""

    def __init__(self, top: Path, name: str = GITIGNORE, repository: str = GIT) -> None:
        """``repository``: what the top folder of a repository has; files above it don't count."""
        self._read = cache(_read)
        self._name = name
        around = (parent for parent in (top, *top.parents) if (parent / repository).exists())
        self._from = next(around, top)
        if self._from != top and self.why(top, folder=True):
            self._from = top  # files above ignore the project itself, which is packaged anyway

    def why(self, path: Path, *, folder: bool) -> str | None:
        """The line that ignores ``path``, with its file's name; None if it is not ignored.

        The last matching line of the nearest file with a match decides. Callers must not ask about
        files in ignored folders.
        """
        for location in path.parents:
            if not location.is_relative_to(self._from):
                break
            if not _is_plain(location / self._name):
                continue
            spec, lines = self._read(location / self._name)
            inside = path.relative_to(location).as_posix() + ("/" if folder else "")
            match = spec.check_file(inside)
            if match.include is not None and match.index is not None:
                shown = f"{self._name} has `{lines[match.index].strip()}`"
                return shown if match.include else None
        return None


def junk_folder(path: Path) -> str | None:
    """Why a folder is never packaged; None if it may be."""
    if path.name.startswith("."):
        return "it is hidden"
    if path.name in JUNK_FOLDERS or path.name.endswith(".egg-info"):
        return "it is left by tools"
    mark = next((what for name, what in _MARKS.items() if (path / name).exists()), None)
    if mark is not None:
        return f"it is {mark}"
    if path.name in ("build", "dist") and _is_of_packaging(path):
        return "it is left by building a wheel"
    return None


def junk_file(path: Path) -> str | None:
    """Why a file is never packaged; None if it may be."""
    if path.name.startswith("."):
        return "it is hidden"
    if path.name.lower() in JUNK_FILES or path.name.endswith(JUNK_SUFFIXES):
        return "it is left by tools"
    return None


def _is_of_packaging(path: Path) -> bool:
    """Whether ``build`` or ``dist`` is a folder of setuptools, not of the project's code."""
    inside = [entry.name for entry in path.iterdir()]
    if path.name == "build":
        return any(name == "lib" or name.startswith(("lib.", "bdist.")) for name in inside)
    return bool(inside) and all(name.endswith((".whl", ".tar.gz", ".zip")) for name in inside)


def _is_plain(file: Path) -> bool:
    """Whether patterns are read from ``file``; links are not followed, as in git."""
    return file.is_file() and not file.is_symlink()


def _read(file: Path) -> tuple[GitIgnoreSpec, list[str]]:
    """The patterns of a file and their lines; invalid patterns are skipped."""
    lines = []
    for line in patterns_of(file):
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:  # git skips these, too
            continue
        if line:
            lines.append(line)
    return GitIgnoreSpec.from_lines(lines), lines
