"""The commit that a CI service builds, by the variables that it sets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from packager.project.git import GitState
from packager.project.source_address import public_address

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
REF = re.compile(r"refs/[\w./+@#-]{1,250}")
FOLDERS = {"GITHUB_SHA": "GITHUB_WORKSPACE", "CI_COMMIT_SHA": "CI_PROJECT_DIR"}
"""The variable of a commit → that of the folder it is checked out in."""


def ci_state(directory: Path, variables: Mapping[str, str]) -> GitState | None:
    """The commit by the variables of GitHub Actions or GitLab CI; None without them.

    They are not used for a ``directory`` outside of the folder that the service checked out.
    Nothing compares the files with the commit, so ``dirty`` is None.
    """
    for name, folder in FOLDERS.items():
        commit, top = variables.get(name, ""), variables.get(folder)
        if not COMMIT.fullmatch(commit):
            continue
        if top and not directory.resolve().is_relative_to(Path(top).resolve()):
            continue
        ref, address = (_github if name == "GITHUB_SHA" else _gitlab)(variables)
        return GitState(
            commit=commit,
            dirty=None,
            ref=ref if REF.fullmatch(ref) else None,
            source=public_address(address),
            read_from=name,
        )
    return None


def with_ci(repository: GitState | None, state: GitState | None) -> GitState | None:
    """The state of a repository, with what only CI knows of its commit; that of CI without one."""
    if repository is None or state is None:
        return repository or state
    if repository.commit != state.commit:
        return repository
    known = {"ref": repository.ref or state.ref, "source": repository.source or state.source}
    return repository.model_copy(update=known)


def _github(variables: Mapping[str, str]) -> tuple[str, str]:
    """The ref, and the address of the repository; empty if unknown."""
    server, name = variables.get("GITHUB_SERVER_URL"), variables.get("GITHUB_REPOSITORY")
    return variables.get("GITHUB_REF", ""), f"{server}/{name}" if server and name else ""


def _gitlab(variables: Mapping[str, str]) -> tuple[str, str]:
    kinds = {"CI_COMMIT_TAG": "refs/tags/", "CI_COMMIT_BRANCH": "refs/heads/"}
    refs = [prefix + variables[name] for name, prefix in kinds.items() if variables.get(name)]
    address = variables.get("CI_REPOSITORY_URL") or variables.get("CI_PROJECT_URL", "")
    return (*refs, variables.get("CI_MERGE_REQUEST_REF_PATH", ""))[0], address
