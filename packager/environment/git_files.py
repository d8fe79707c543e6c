"""Reads the files of a git repository, without obeying the repository's configuration.

git runs programs that a repository's configuration names (``core.fsmonitor``, filters, hooks,
promisor remotes), and the configuration of an untrusted project is untrusted. So commits and
branches are read from the files of ``.git``, and git works in a temporary repository that shares
only objects.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packager.environment.programs import search_path

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
REF = re.compile(r"refs/[^\x00-\x20\x7f~^:?*\[\\]+")
MAX_LINKS = 5
MAX_CHARACTERS = 16 << 20
"""Characters read from a file of ``.git``; only ``packed-refs`` can be large."""
MAX_REFS = 100_000
CONFIG = "[core]\n\tbare = false\n\trepositoryformatversion = {version}\n{extensions}"
SHA256 = "[extensions]\n\tobjectformat = sha256\n"


@dataclass(frozen=True)
class Repository:
    """The folders of a git repository."""

    top: Path
    """The working tree."""
    own: Path
    """``.git``, or the corresponding folder of a linked working tree."""
    common: Path
    """Folder with objects and branches."""


def repository_at(top: Path) -> Repository | None:
    """The repository whose working tree or bare repository is ``top``; None if there is none."""
    marker = top / ".git"
    if marker.is_dir():
        return Repository(top, marker, marker)
    if marker.is_file():
        named = read_bounded(marker).removeprefix("gitdir:").strip()
        own = (top / named).resolve()
        common = (own / (read_bounded(own / "commondir").strip() or ".")).resolve()
        return Repository(top, own, common) if (own / "HEAD").is_file() else None
    bare = (top / "HEAD").is_file() and (top / "objects").is_dir()
    return Repository(top, top, top) if bare else None


def head_commit(repository: Repository) -> str | None:
    """The commit that is checked out; None if there is none or it can't be read."""
    value = read_bounded(repository.own / "HEAD").strip()
    for _ in range(MAX_LINKS):
        if COMMIT.fullmatch(value):
            return value
        name = value.removeprefix("ref:").strip()
        if not REF.fullmatch(name) or ".." in name:
            return None
        loose = read_bounded(repository.own / name) or read_bounded(repository.common / name)
        value = loose.strip() or dict(_packed(repository)).get(name, "")
    return None


def head_branch(repository: Repository) -> str | None:
    """``refs/heads/NAME`` of the branch that is checked out; None if a commit is."""
    name = read_bounded(repository.own / "HEAD").strip().removeprefix("ref:").strip()
    return name if REF.fullmatch(name) and ".." not in name else None


def branches_and_tags(repository: Repository) -> dict[str, str]:
    """``refs/…`` → id of every branch and tag."""
    refs = {name: commit for name, commit in _packed(repository) if REF.fullmatch(name)}
    for kind in ("heads", "tags"):
        for folder, _, names in os.walk(repository.common / "refs" / kind):
            for path in (Path(folder) / name for name in names):
                name = path.relative_to(repository.common).as_posix()
                commit = read_bounded(path).strip()
                if REF.fullmatch(name) and ".." not in name and COMMIT.fullmatch(commit):
                    refs[name] = commit
        if len(refs) > MAX_REFS:
            break
    return refs


def _packed(repository: Repository) -> Iterator[tuple[str, str]]:
    """(branch or tag, commit) of each packed reference."""
    for line in read_bounded(repository.common / "packed-refs").splitlines():
        commit, _, name = line.partition(" ")
        if COMMIT.fullmatch(commit):
            yield name, commit


def borrow(repository: Repository, commit: str, scratch: Path) -> None:
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
        path = (repository.own if name == "index" else repository.common) / name
        if path.is_file():
            shutil.copyfile(path, scratch / name)


def git_environment(home: Path) -> dict[str, str]:
    """Environment for git with only the caller's PATH: no GIT_ variables, no configuration."""
    return {
        "PATH": search_path(),
        "HOME": str(home),
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "LC_ALL": "C.UTF-8",
    }


def read_bounded(path: Path) -> str:
    """The text of a file, up to ``MAX_CHARACTERS``; empty if it is no file."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(MAX_CHARACTERS)
