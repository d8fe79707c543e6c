"""What of a project's folder nobody means to ship: as ``.gitignore`` says, and what tools leave.

Only files count that lie in the project, or above it in the same repository: neither whether git
is installed nor what a person configured for git changes what is packaged.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pathspec import GitIgnoreSpec

from packager.confinement import patterns_of

GITIGNORE = ".gitignore"
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
"""Caches, runs of experiment trackers, and what package managers install."""
JUNK_SUFFIXES = (".pyc", ".pyo", ".whl", ".egg", ".egg-info", ".swp", "~")
JUNK_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini"})
"""In lower case: what file managers leave."""
_MARKS = {
    "pyvenv.cfg": "a virtual environment",
    "conda-meta": "a conda environment",
    "oci-layout": "an image that a build wrote",
    "issues.parquet": "a check that `package data check` wrote",
}
"""What lies in a folder → what the folder is then."""


class IgnoreRules:
    """The ``.gitignore`` files that say something of what lies in ``top``."""

    def __init__(self, top: Path) -> None:
        self._read = cache(_read)
        self._from = next((place for place in (top, *top.parents) if _is_repository(place)), top)
        if self._from != top and self.why(top, folder=True):
            self._from = top  # it is packaged all the same, so what lies above has no say in it

    def why(self, path: Path, *, folder: bool) -> str | None:
        """The line that leaves ``path`` out, with its file; None if it stays.

        The nearest file that knows the path decides, and in it the last line that does. What lies
        in a folder that is left out is not asked about.
        """
        for place in path.parents:
            if not place.is_relative_to(self._from):
                break
            if not _is_plain(place / GITIGNORE):
                continue
            spec, lines = self._read(place / GITIGNORE)
            inside = path.relative_to(place).as_posix() + ("/" if folder else "")
            found = spec.check_file(inside)
            if found.include is not None and found.index is not None:
                shown = f"{GITIGNORE} has `{lines[found.index].strip()}`"
                return shown if found.include else None
        return None


def junk_folder(path: Path) -> str | None:
    """What a folder is that is never packaged, None if it may be."""
    if path.name.startswith("."):
        return "it is hidden"
    if path.name in JUNK_FOLDERS or path.name.endswith(".egg-info"):
        return "it is what tools leave behind"
    mark = next((what for name, what in _MARKS.items() if (path / name).exists()), None)
    if mark is not None:
        return f"it is {mark}"
    if path.name in ("build", "dist") and _is_of_packaging(path):
        return "it is what building a wheel leaves behind"
    return None


def junk_file(path: Path) -> str | None:
    """The same of a file."""
    if path.name.startswith("."):
        return "it is hidden"
    if path.name.lower() in JUNK_FILES or path.name.endswith(JUNK_SUFFIXES):
        return "it is what tools leave behind"
    return None


def _is_of_packaging(path: Path) -> bool:
    """Whether ``build`` or ``dist`` is setuptools', not a folder of the project's own."""
    inside = [entry.name for entry in path.iterdir()]
    if path.name == "build":
        return any(name == "lib" or name.startswith(("lib.", "bdist.")) for name in inside)
    return bool(inside) and all(name.endswith((".whl", ".tar.gz", ".zip")) for name in inside)


def _is_plain(file: Path) -> bool:
    """Whether patterns are read from it: git doesn't follow a link either."""
    return file.is_file() and not file.is_symlink()


def _is_repository(place: Path) -> bool:
    return (place / ".git").exists()


def _read(file: Path) -> tuple[GitIgnoreSpec, list[str]]:
    """The patterns of a file, with their lines; lines that are no pattern are passed over."""
    lines = []
    for line in patterns_of(file):
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:  # git passes over these, too
            continue
        if line:
            lines.append(line)
    return GitIgnoreSpec.from_lines(lines), lines
