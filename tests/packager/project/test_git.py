from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from packager.project.git import GitState
from packager.project.git import git_state as state_of

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def git_state(folder: Path) -> GitState | None:
    """The state, where every file below ``folder`` is packaged."""
    files = [path for path in folder.rglob("*") if ".git" not in path.parts and path.is_file()]
    return state_of(folder, files)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "train.py").write_text("x = 1\n")
    (folder / ".gitignore").write_text("data/\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def test_a_clean_tree_and_a_changed_one(project: Path):
    commit = git(project, "rev-parse", "HEAD")
    found = git_state(project)
    assert (found.commit, found.dirty) == (commit, False)
    (project / "data").mkdir()
    (project / "data/a.csv").write_text("ignored\n")
    assert git_state(project).dirty is False
    (project / "train.py").write_text("x = 2\n")
    assert git_state(project).dirty is True


def test_an_untracked_file_makes_the_repository_of_a_subfolder_dirty(
    project: Path,
):
    (project / "sub").mkdir()
    (project / "sub/new.py").write_text("")
    assert git_state(project / "sub").dirty is True


def test_packed_branches_linked_trees_and_detached_heads_are_read(project: Path, tmp_path: Path):
    commit = git(project, "rev-parse", "HEAD")
    git(project, "pack-refs", "--all")
    assert git_state(project).commit == commit
    git(project, "worktree", "add", "-q", str(tmp_path / "linked"))
    linked = git_state(tmp_path / "linked")
    assert (linked.commit, linked.dirty) == (commit, False)
    git(project, "checkout", "-q", "--detach")
    assert git_state(project).commit == commit


def test_a_sha256_repository_is_read(tmp_path: Path):
    git(tmp_path, "init", "-q", "--object-format=sha256")
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    found = git_state(tmp_path)
    assert (len(found.commit), found.dirty) == (64, False)


def test_outside_of_a_repository_there_is_no_state(tmp_path: Path):
    assert git_state(tmp_path) is None
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    assert git_state(tmp_path) is None


def test_a_repository_without_a_commit_has_no_state(tmp_path: Path):
    git(tmp_path, "init", "-q")
    assert git_state(tmp_path) is None


def test_no_program_that_the_configuration_names_is_run(project: Path, tmp_path: Path):
    mark = tmp_path / "mark"
    hook = project / "hook.sh"
    hook.write_text(f"#!/bin/sh\necho ran >> {mark}\ncat\n")
    hook.chmod(0o755)
    (project / ".gitattributes").write_text("* filter=evil diff=evil\n")
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.process", "core.pager"):
        git(project, "config", key, str(hook))
    (project / "train.py").write_text("x = 3\n")
    assert git_state(project).dirty is True
    assert not mark.exists()


def test_a_bare_repository_among_the_files_is_not_one_of_the_project(project: Path, tmp_path: Path):
    commit = git(project, "rev-parse", "HEAD")
    inner = project / "inner"
    git(project, "init", "-q", "--bare", str(inner))
    mark = tmp_path / "mark"
    git(inner, "config", "core.fsmonitor", f"touch {mark}")
    assert git_state(inner).commit == commit
    assert not mark.exists()


def test_git_variables_of_the_caller_are_not_obeyed(project: Path, tmp_path: Path, monkeypatch):
    mark = tmp_path / "mark"
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"touch {mark}")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    assert git_state(project).dirty is False
    assert not mark.exists()


def test_without_git_the_commit_is_known_and_the_rest_is_not(project: Path, monkeypatch):
    monkeypatch.setenv("PATH", os.devnull)
    found = git_state(project)
    assert found is not None
    assert found.dirty is None


def test_untracked_files_count_if_they_are_packaged(project: Path):
    (project / "report.html").write_text("an artifact")
    assert state_of(project, [project / "train.py"]).dirty is False
    assert state_of(project, [project / "report.html"]).dirty is True


def test_the_record_of_a_build_may_be_committed(project: Path):
    record = project / "package.build.json"
    record.write_text("{}")
    git(project, "add", ".")
    git(project, "commit", "-qm", "record")
    record.write_text('{"tag": "new"}')
    assert git_state(project).dirty is False


def test_files_of_a_repository_within_are_not_compared(project: Path):
    inner = project / "inner"
    inner.mkdir()
    (inner / "helper.py").write_text("")
    git(inner, "init", "-q")
    assert state_of(project, [inner / "helper.py"]).dirty is None


@pytest.mark.parametrize("branch", ["main", "fix/#12", "v1.2+rc,1"])
def test_the_branch_is_known(project: Path, branch: str):
    git(project, "checkout", "-qB", branch)
    found = git_state(project)
    assert found.ref == f"refs/heads/{branch}"
    assert found.commit == git(project, "rev-parse", "HEAD")
    git(project, "checkout", "-q", "--detach")
    assert git_state(project).ref is None


def test_the_source_is_the_remote_of_the_branch_then_origin_then_the_only_one(project: Path):
    assert git_state(project).source is None
    git(project, "remote", "add", "fork", "https://bob:hunter2222@a.test/fork.git")
    assert git_state(project).source == "https://a.test/fork.git"
    git(project, "remote", "add", "origin", "git@a.test:team/models.git")
    assert git_state(project).source == "ssh://git@a.test/team/models.git"
    git(project, "checkout", "-qB", "Feature.X")
    git(project, "config", "branch.Feature.X.remote", "fork")
    assert git_state(project).source == "https://a.test/fork.git"


def test_the_configuration_of_the_project_includes_no_file(project: Path, tmp_path: Path):
    more = tmp_path / "more"
    more.write_text('[remote "origin"]\n\turl = https://a.test/elsewhere\n')
    git(project, "config", "include.path", str(more))
    assert git_state(project).source is None


def test_a_configuration_that_git_can_not_read_names_no_source(project: Path):
    (project / ".git/config").write_text("[remote\n")
    assert git_state(project).source is None
