"""Labels and source of an image, which are outside of the package root."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from packager.build.image_labels import image_labels
from packager.image.config import REVISION, SOURCE, TITLE, VERSION, WORKING_TREE, Image
from packager.project.ci_revision import ci_state, with_ci
from packager.project.config import Project
from packager.project.dvc.outputs import LOCK, STAGES
from packager.project.files import ListedFiles
from packager.project.git import GitState, git_state

WORKING_TREES = {True: "dirty", False: "clean", None: "unknown"}


@dataclass(frozen=True)
class ImageAnnotations:
    """Labels of the user, and the commit that is built."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """In the config and the OCI manifest of each image."""
    git: GitState | None = None
    named: Mapping[str, str] = field(default_factory=dict)
    """Title and version, for the OCI manifest."""
    data_git: GitState | None = None
    """The commit of what DVC tracks the data by."""

    @property
    def annotations(self) -> dict[str, str]:
        """Of the OCI manifest of each image; equal for equal revisions of one repository."""
        texts = {**self.labels, **self.named}
        if self.git is not None:
            texts[REVISION] = self.git.commit + ("-dirty" if self.git.dirty else "")
            texts[WORKING_TREE] = WORKING_TREES[self.git.dirty]
            if self.git.source:
                texts[SOURCE] = self.git.source
        return texts

    def on(self, images: Sequence[Image]) -> tuple[Image, ...]:
        """``images`` with these annotations."""
        return tuple(replace(image, annotations=self.annotations) for image in images)


NO_MARKS = ImageAnnotations()


def read_marks(project: Project, files: ListedFiles, options: Sequence[str]) -> ImageAnnotations:
    """The marks of a build of ``project``; ``options`` are the labels of its command.

    Raises ``UsageError`` for a label that is not allowed.
    """
    labels = image_labels(project.directory, options)
    kinds = (files.code.files, files.data, files.model)
    packaged = [path for kind in kinds for path in kind.values()]
    state = git_state(project.directory, packaged)
    named = {TITLE: project.package.name, VERSION: project.package.version}
    git = with_ci(state, ci_state(project.directory, os.environ))
    return ImageAnnotations(labels, git, named, _data_git(project))


def _data_git(project: Project) -> GitState | None:
    """The commit of the file that DVC states the data in."""
    if project.tracked is None:
        return None
    file = project.path(project.tracked.file)
    stated = file.with_name(LOCK) if file.name == STAGES else file
    return git_state(file.parent, [stated])
