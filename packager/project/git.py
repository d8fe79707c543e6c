"""The commit a project is built from, read without using the repository's configuration.

The working tree is compared in a temporary repository that shares only objects and index
(``packager/environment/git_files.py``). git reads a copy of the configuration as a plain file, for
the address of the remote repository.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packager.environment.git_files import (
    Repository,
    borrow,
    git_environment,
    head_branch,
    head_commit,
    read_bounded,
    repository_at,
)
from packager.environment.programs import find_program
from packager.manifest.base import FrozenModel
from packager.project.outputs import RECORD
from packager.project.source_address import public_address

GIT_SECONDS = 60
DEFAULT_REMOTE = "origin"
_REMOTE = re.compile(r"remote\.(.+)\.url")


class GitState(FrozenModel):
    """The commit a project was built from."""

    commit: str
    dirty: bool | None
    """Whether the working tree differs from it; None if they could not be compared."""
    ref: str | None = None
    """``refs/heads/NAME`` or ``refs/tags/NAME``; None if neither is checked out."""
    source: str | None = None
    """The address of the remote repository, without credentials."""
    read_from: str = "git"
    """``git``, or the variable of CI that names the commit."""


@dataclass(frozen=True)
class _Git:
    """git in a repository of ours, whose configuration says nothing."""

    program: str
    scratch: Path

    def run(self, *words: str) -> str | None:
        """The output of git; None if it fails or takes longer than ``GIT_SECONDS``."""
        try:
            done = subprocess.run(
                [self.program, f"--git-dir={self.scratch}", *words],
                cwd=self.scratch,
                env=git_environment(self.scratch),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=GIT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None
        return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None


def git_state(directory: Path, packaged: Iterable[Path]) -> GitState | None:
    """The state of the repository that contains ``directory``; None if there is none.

    It is dirty if a file of the repository differs from the commit, or if one of the ``packaged``
    files is neither in the repository nor ignored by it.
    """
    repository = _find(directory.resolve())
    commit = head_commit(repository) if repository else None
    if repository is None or commit is None:
        return None
    git, branch = find_program("git"), head_branch(repository)
    if git is None:
        return GitState(commit=commit, dirty=None, ref=branch)
    with tempfile.TemporaryDirectory() as name:
        program = _Git(git, Path(name))
        borrow(repository, commit, program.scratch)
        return GitState(
            commit=commit,
            ref=branch,
            source=_source(program, repository, branch),
            dirty=_dirty(program, repository.top, packaged),
        )


def _find(directory: Path) -> Repository | None:
    """The nearest ``.git`` in or above ``directory``; None without one or if it is bare."""
    for top in (directory, *directory.parents):
        if (top / ".git").exists():
            return repository_at(top)
    return None


def _dirty(git: _Git, top: Path, packaged: Iterable[Path]) -> bool | None:
    files = {path for path in (one.resolve() for one in packaged) if path.is_relative_to(top)}
    folders = {folder for path in files for folder in path.parents if top in folder.parents}
    if any((folder / ".git").exists() for folder in folders):
        return None  # files of another repository, such as a submodule
    output = git.run(
        *(f"--work-tree={top}", "status", "--porcelain", "-z"),
        *("--untracked-files=all", "--no-renames", "--ignore-submodules=all"),
    )
    if output is None:
        return None
    listed = [(line[:2], top / line[3:]) for line in output.split("\0") if line]
    return any(path in files if state == "??" else path.name != RECORD for state, path in listed)


def _source(git: _Git, repository: Repository, branch: str | None) -> str | None:
    """The address of the branch's remote, else of ``origin``, else of the only one."""
    copy = git.scratch / "config-of-the-project"
    copy.write_text(read_bounded(repository.common / "config"), encoding="utf-8")
    output = git.run(
        "config", f"--file={copy}", "--no-includes", "-z", "--get-regexp", "^(remote|branch)[.]"
    )
    values = _settings(output or "")
    urls = {match[1]: url for key, url in values.items() if (match := _REMOTE.fullmatch(key))}
    short = (branch or "").removeprefix("refs/heads/")
    remotes = (values.get(f"branch.{short}.remote"), DEFAULT_REMOTE)
    chosen = next((urls[name] for name in remotes if name in urls), None)
    if chosen is None and len(urls) == 1:
        chosen = next(iter(urls.values()))
    return None if chosen is None else public_address(chosen)


def _settings(output: str) -> Mapping[str, str]:
    r"""Key → first value of ``git config -z``: ``key\nvalue\0`` each."""
    settings: dict[str, str] = {}
    for entry in output.split("\0"):
        key, newline, value = entry.partition("\n")
        if newline:
            settings.setdefault(key, value)
    return settings
