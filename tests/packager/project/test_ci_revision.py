"""The commit by the variables of CI services."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.project.ci_revision import ci_state, with_ci
from packager.project.git import GitState

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GITHUB = {
    "GITHUB_SHA": COMMIT,
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_SERVER_URL": "https://forge.test",
    "GITHUB_REPOSITORY": "team/models",
}
GITLAB = {
    "CI_COMMIT_SHA": COMMIT,
    "CI_COMMIT_BRANCH": "main",
    "CI_REPOSITORY_URL": "https://gitlab-ci-token:abcdefgh@forge.test/team/models.git",
    "CI_PROJECT_URL": "https://forge.test/team/models",
}


def test_github_names_commit_ref_and_repository(tmp_path: Path) -> None:
    assert ci_state(tmp_path, GITHUB) == GitState(
        commit=COMMIT,
        dirty=None,
        ref="refs/heads/main",
        source="https://forge.test/team/models",
        read_from="GITHUB_SHA",
    )


@pytest.mark.parametrize(
    ("more", "ref"),
    [
        ({}, "refs/heads/main"),
        ({"CI_COMMIT_TAG": "v1.2"}, "refs/tags/v1.2"),
        ({"CI_COMMIT_BRANCH": ""}, None),
        (
            {"CI_COMMIT_BRANCH": "", "CI_MERGE_REQUEST_REF_PATH": "refs/merge-requests/1/head"},
            "refs/merge-requests/1/head",
        ),
    ],
)
def test_gitlab_names_the_repository_as_it_was_cloned_without_the_token(
    tmp_path: Path, more: dict[str, str], ref: str | None
) -> None:
    found = ci_state(tmp_path, {**GITLAB, **more})
    assert found is not None
    assert (found.ref, found.source) == (ref, "https://forge.test/team/models.git")
    assert found.read_from == "CI_COMMIT_SHA"


def test_a_folder_elsewhere_is_not_the_one_that_ci_checked_out(tmp_path: Path) -> None:
    top = tmp_path / "checkout"
    (top / "sub").mkdir(parents=True)
    variables = {**GITHUB, "GITHUB_WORKSPACE": str(top)}
    assert ci_state(top / "sub", variables) is not None
    assert ci_state(tmp_path, variables) is None


@pytest.mark.parametrize("commit", ["", "main", "0123", COMMIT.upper(), f"{COMMIT}\n"])
def test_what_is_no_commit_is_none(tmp_path: Path, commit: str) -> None:
    assert ci_state(tmp_path, {**GITHUB, "GITHUB_SHA": commit}) is None


def test_a_repository_comes_first_and_ci_completes_it(tmp_path: Path) -> None:
    told = ci_state(tmp_path, GITHUB)
    detached = GitState(commit=COMMIT, dirty=False)
    assert with_ci(detached, told) == GitState(
        commit=COMMIT, dirty=False, ref="refs/heads/main", source="https://forge.test/team/models"
    )
    other = GitState(commit="f" * 40, dirty=False)
    assert with_ci(other, told) == other
    assert with_ci(None, told) == told
    assert with_ci(None, None) is None
