"""Reads a project's git commit without using the repository's configuration.

``git status`` runs programs that a repository's configuration names (``core.fsmonitor``, filters),
and the configuration of an untrusted project is untrusted. So the commit is read from the files of
``.git``, and the working tree is compared in a temporary repository that shares only objects and
index.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packager.environment.programs import find_program, search_path
from packager.manifest.base import FrozenModel

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
REF = re.compile(r"refs/[\w./+@-]+")
MAX_LINKS = 5
MAX_CHARACTERS = 16 << 20
"""Characters read from a file of ``.git``; only ``packed-refs`` can be large."""
STATUS_SECONDS = 60
CONFIG = "[core]\n\tbare = false\n\trepositoryformatversion = {version}\n{extensions}"
SHA256 = "[extensions]\n\tobjectformat = sha256\n"


class GitState(FrozenModel):
    """The commit a project was built from."""

    commit: str
    dirty: bool | None
    """Whether the working tree differs from it; None if they could not be compared."""


@dataclass(frozen=True)
class _Repository:
    top: Path
    """The working tree."""
    own: Path
    """``.git``, or the corresponding folder of a linked working tree."""
    common: Path
    """Folder with objects and branches."""


def git_state(directory: Path) -> GitState | None:
    """The state of the repository that contains ``directory``; None if there is none."""
    repository = _find(directory.resolve())
    commit = _commit(repository) if repository else None
    if repository is None or commit is None:
        return None
    return GitState(commit=commit, dirty=_dirty(repository, commit))


def _find(directory: Path) -> _Repository | None:
    """The nearest ``.git`` in or above ``directory``; None without one or if it is bare."""
    for top in (directory, *directory.parents):
        marker = top / ".git"
        if marker.is_dir():
            return _Repository(top, marker, marker)
        if marker.is_file():
            named = _text(marker).removeprefix("gitdir:").strip()
            own = (top / named).resolve()
            common = (own / (_text(own / "commondir").strip() or ".")).resolve()
            return _Repository(top, own, common) if (own / "HEAD").is_file() else None
    return None


def _commit(repository: _Repository) -> str | None:
    value = _text(repository.own / "HEAD").strip()
    for _ in range(MAX_LINKS):
        if COMMIT.fullmatch(value):
            return value
        name = value.removeprefix("ref:").strip()
        if not REF.fullmatch(name) or ".." in name:
            return None
        loose = _text(repository.own / name) or _text(repository.common / name)
        value = loose.strip() or dict(_packed(repository)).get(name, "")
    return None


def _packed(repository: _Repository) -> Iterator[tuple[str, str]]:
    """(branch or tag, commit) of each packed reference."""
    for line in _text(repository.common / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if COMMIT.fullmatch(commit):
            yield name, commit


def _dirty(repository: _Repository, commit: str) -> bool | None:
    git = find_program("git")
    if git is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        _borrow(repository, commit, scratch)
        command = [git, f"--git-dir={scratch}", f"--work-tree={repository.top}", "status"]
        try:
            done = subprocess.run(
                [*command, "--porcelain", "--ignore-submodules=all"],
                cwd=scratch,
                env=_environment(scratch),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=STATUS_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
    return bool(done.stdout.strip()) if done.returncode == 0 else None


def _borrow(repository: _Repository, commit: str, scratch: Path) -> None:
    """Create in ``scratch`` a repository at ``commit``, with the objects and index of another."""
    for folder in ("objects/info", "refs", "info"):
        (scratch / folder).mkdir(parents=True)
    (scratch / "HEAD").write_text(f"{commit}\n")
    long = len(commit) == 64
    config = CONFIG.format(version=int(long), extensions=SHA256 if long else "")
    (scratch / "config").write_text(config)
    objects = repository.common / "objects"
    (scratch / "objects/info/alternates").write_text(f"{objects}\n")
    for name in ("index", "info/exclude"):
        place = (repository.own if name == "index" else repository.common) / name
        if place.is_file():
            shutil.copyfile(place, scratch / name)


def _environment(home: Path) -> dict[str, str]:
    """Environment for git with only the caller's PATH: no GIT_ variables, no configuration."""
    return {
        "PATH": search_path(),
        "HOME": str(home),
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C.UTF-8",
    }


def _text(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(MAX_CHARACTERS)
