"""Reads a project's git commit without using the repository's configuration.

The working tree is compared in a temporary repository that shares only objects and index
(``packager/environment/git_files.py``).
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from packager.environment.git_files import (
    Repository,
    borrow,
    git_environment,
    head_commit,
    repository_at,
)
from packager.environment.programs import find_program
from packager.manifest.base import FrozenModel

STATUS_SECONDS = 60


class GitState(FrozenModel):
    """The commit a project was built from."""

    commit: str
    dirty: bool | None
    """Whether the working tree differs from it; None if they could not be compared."""


def git_state(directory: Path) -> GitState | None:
    """The state of the repository that contains ``directory``; None if there is none."""
    repository = _find(directory.resolve())
    commit = head_commit(repository) if repository else None
    if repository is None or commit is None:
        return None
    return GitState(commit=commit, dirty=_dirty(repository, commit))


def _find(directory: Path) -> Repository | None:
    """The nearest ``.git`` in or above ``directory``; None without one or if it is bare."""
    for top in (directory, *directory.parents):
        if (top / ".git").exists():
            return repository_at(top)
    return None


def _dirty(repository: Repository, commit: str) -> bool | None:
    git = find_program("git")
    if git is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        borrow(repository, commit, scratch)
        command = [git, f"--git-dir={scratch}", f"--work-tree={repository.top}", "status"]
        try:
            done = subprocess.run(
                [*command, "--porcelain", "--ignore-submodules=all"],
                cwd=scratch,
                env=git_environment(scratch),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=STATUS_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
    return bool(done.stdout.strip()) if done.returncode == 0 else None
