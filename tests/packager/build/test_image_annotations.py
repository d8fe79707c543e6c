"""What an image says of itself outside of the root."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from host_samples import write_project
from image_samples import make_images

from packager.build.image_annotations import NO_MARKS, ImageAnnotations, read_marks
from packager.project.config import load_project
from packager.project.files import list_files
from packager.project.git import GitState

COMMIT = "1" * 40


@pytest.mark.parametrize(
    ("dirty", "revision", "tree"),
    [
        (False, COMMIT, "clean"),
        (True, f"{COMMIT}-dirty", "dirty"),
        (None, COMMIT, "unknown"),
    ],
)
def test_the_state_of_the_files_is_always_said(
    dirty: bool | None, revision: str, tree: str
) -> None:
    git = GitState(commit=COMMIT, dirty=dirty, ref="refs/heads/main", source="https://a.test/b")
    assert ImageAnnotations(
        {"a": "x"}, git, {"org.opencontainers.image.title": "shop"}
    ).annotations == {
        "a": "x",
        "model-packager.working-tree": tree,
        "org.opencontainers.image.revision": revision,
        "org.opencontainers.image.source": "https://a.test/b",
        "org.opencontainers.image.title": "shop",
    }


def test_without_a_repository_nothing_is_said_of_a_commit(tmp_path: Path) -> None:
    assert ImageAnnotations({"a": "x"}).annotations == {"a": "x"}
    assert NO_MARKS.on(make_images(tmp_path))[0].annotations == {}


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_a_project_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_SHA", "CI_COMMIT_SHA"):
        monkeypatch.delenv(name, raising=False)
    project = load_project(write_project(tmp_path / "project"))

    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *who, *words], cwd=project.directory, check=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    (project.directory / "package.image-labels").write_text("team=risk\n")
    (project.directory / "package.lock").write_text("an output\n")
    marks = read_marks(project, list_files(project), ["stage=test"])
    assert marks.labels == {"stage": "test", "team": "risk"}
    assert marks.git is not None
    assert marks.git.dirty is False
    assert marks.annotations["org.opencontainers.image.version"] == project.package.version
    (project.directory / "new.py").write_text("")
    assert (
        read_marks(project, list_files(project), [])
        .annotations["org.opencontainers.image.revision"]
        .endswith("-dirty")
    )
