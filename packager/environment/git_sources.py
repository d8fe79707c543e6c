"""Fetches a commit of a git repository into a folder, without running code of the repository.

git works in an empty repository with our own configuration: no hooks, no filters, no submodules, no
checkout. A repository on this machine (``git+file``) is not asked at all: its objects are read.
Downloads use the user's own git configuration (certificates, proxies, credential helpers).
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packager.environment.git_files import (
    borrow,
    branches_and_tags,
    git_environment,
    head_commit,
    repository_at,
)
from packager.environment.git_remote import git_message, remote_environment, unreachable
from packager.environment.programs import find_program
from packager.environment.sources import SourceRequirement
from packager.errors import PackageError
from packager.tar_reader import TarReader, plain_tar, unpack_plain

FETCH_SECONDS = 900
WANTED = "refs/package/wanted"
EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
SAFE = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "fetch.recurseSubmodules": "false",
    "maintenance.auto": "false",
    "protocol.ext.allow": "never",
    "transfer.bundleURI": "false",
}
# The files as the commit holds them: no filter, no substitution, nothing left out.
ATTRIBUTES = "* -export-ignore -export-subst -filter -ident -text -working-tree-encoding\n"
_NUMBERED = re.compile(rb"setuptools[-_]scm|hatch-vcs")
"""Backends that take a version from tags; only their repositories are fetched with history."""
_DESCRIBED = re.compile(r"(?P<tag>.+)-(?P<ahead>\d+)-g[0-9a-f]+")


@dataclass(frozen=True)
class Commit:
    """A fetched commit."""

    id: str
    tag: str
    """The version by its tags, as ``git describe`` counts it; empty if there are none."""


def fetch_commit(
    source: SourceRequirement, called: str, folder: Path, certificates: str | None = None
) -> Commit:
    """Write the files of the commit that ``source`` names into ``folder``.

    ``certificates`` is a CA bundle for downloads. Raises ``PackageError`` if there is no git
    program, or the repository or commit can't be had.
    """
    git = find_program("git")
    if git is None:
        raise PackageError(
            f"{called}: expected the program git on this machine, got none",
            "install git (`apt-get install git`), or write a wheel or an index's version in its "
            "place",
        )
    with tempfile.TemporaryDirectory() as name:
        scratch = _Scratch(git, Path(name) / "repository", called)
        if source.url.startswith("file:"):
            commit = _borrowed(source, scratch)
        else:
            commit = _fetched(source, scratch, certificates)
        scratch.export(commit, folder)
        return Commit(commit, scratch.described(commit))


@dataclass(frozen=True)
class _Scratch:
    git: str
    folder: Path
    name: str

    def run(
        self, *words: str, environment: Mapping[str, str] | None = None, output: int | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        safe = [word for name, value in SAFE.items() for word in ("-c", f"{name}={value}")]
        try:
            return subprocess.run(
                [self.git, *safe, f"--git-dir={self.folder}", *words],
                cwd=self.folder,
                env=dict(environment or git_environment(self.folder)),
                stdin=subprocess.DEVNULL,
                stdout=output or subprocess.PIPE,
                stderr=subprocess.PIPE,
                timeout=FETCH_SECONDS,
                check=False,
                start_new_session=True,  # so that ssh can't ask on the terminal
            )
        except subprocess.TimeoutExpired as error:
            raise PackageError(
                f"{self.name}: git took over {FETCH_SECONDS} s", "check the network, try again"
            ) from error

    def commit(self, *names: str) -> str | None:
        """The id of the first of ``names`` that is a commit; None if none is."""
        for name in names:
            command = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
            done = self.run(*command)
            if done.returncode == 0:
                return done.stdout.decode().strip()
        return None

    def export(self, commit: str, folder: Path) -> None:
        (self.folder / "info").mkdir(exist_ok=True)
        (self.folder / "info" / "attributes").write_text(ATTRIBUTES)
        with tempfile.TemporaryFile() as file:
            done = self.run("archive", "--format=tar", commit, output=file.fileno())
            if done.returncode != 0:
                raise PackageError(
                    f"{self.name}: the files of {commit[:12]} can't be read: {git_message(done)}",
                    "fetch the whole repository: a shallow or partial clone lacks objects",
                )
            unpack_plain(TarReader(file, plain_tar(self.name)), folder, inside=True)

    def described(self, commit: str) -> str:
        """``1.2`` at the tag ``v1.2``, ``1.3.dev4`` four commits after it; empty without a tag."""
        done = self.run("describe", "--tags", "--long", "--match=*[0-9]*", commit)
        match = _DESCRIBED.fullmatch(done.stdout.decode(errors="replace").strip())
        if done.returncode != 0 or match is None:
            return ""
        version = re.sub(r"^[A-Za-z_-]*(?=\d)", "", match["tag"].rpartition("/")[2])
        if match["ahead"] == "0":
            return version
        last = re.search(r"\d+$", version)
        if last is None:
            return ""
        return f"{version[: last.start()]}{int(last[0]) + 1}.dev{match['ahead']}"


def _borrowed(source: SourceRequirement, scratch: _Scratch) -> str:
    """The commit of a repository on this machine, whose objects ``scratch`` shares."""
    repository = repository_at(source.path)
    head = head_commit(repository) if repository else None
    refs = branches_and_tags(repository) if repository else {}
    some = head or next(iter(refs.values()), None)
    if repository is None or some is None:
        raise PackageError(
            f"{scratch.name}: expected a git repository with a commit at {source.path}, got none",
            "name the folder that holds .git",
        )
    borrow(repository, some, scratch.folder)
    lines = [f"{commit} {name}\n" for name, commit in sorted(refs.items())]
    (scratch.folder / "packed-refs").write_text("".join(lines))
    ref = source.ref
    names = (f"refs/tags/{ref}", f"refs/heads/{ref}", ref) if ref else (some,)
    return scratch.commit(*names) or _unknown(scratch.name, ref)


def _fetched(source: SourceRequirement, scratch: _Scratch, certificates: str | None) -> str:
    """The commit of a remote repository, downloaded into ``scratch``."""
    (scratch.folder / "objects").mkdir(parents=True)
    (scratch.folder / "refs").mkdir()
    (scratch.folder / "HEAD").write_text("ref: refs/heads/package-none\n")
    (scratch.folder / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    environment = remote_environment(source, certificates)
    ref = source.ref
    one = ("fetch", "--depth=1", "--no-write-fetch-head", "--", source.url)
    done = scratch.run(*one, f"+{ref or 'HEAD'}:{WANTED}", environment=environment)
    if done.returncode == 0:
        commit = scratch.commit(WANTED)
        _fetch_tag(scratch, source, commit, environment)
        return commit or _unknown(scratch.name, ref)
    everything = ("fetch", "--no-tags", "--no-write-fetch-head", "--", source.url, *EVERYTHING)
    done = scratch.run(*everything, environment=environment)
    if done.returncode != 0:
        raise unreachable(source, scratch.name, git_message(done))
    return scratch.commit(f"refs/tags/{ref}", f"refs/heads/{ref}", ref) or _unknown(
        scratch.name, ref
    )


def _fetch_tag(
    scratch: _Scratch, source: SourceRequirement, commit: str | None, environment: Mapping[str, str]
) -> None:
    """Fetch the tags by which some backends number the version of ``commit``."""
    file = f"{source.subdirectory}/pyproject.toml".lstrip("/")
    declared = scratch.run("cat-file", "blob", f"{commit}:{file}").stdout
    if not _NUMBERED.search(declared):
        return
    history = ("fetch", "--unshallow", "--no-write-fetch-head", "--", source.url, *EVERYTHING)
    scratch.run(*history, environment=environment)


def _unknown(called: str, ref: str) -> str:
    raise PackageError(
        f"{called}: the repository has no branch, tag or commit {ref or 'HEAD'}",
        "name one that `git ls-remote` lists, or a whole commit id",
    )
