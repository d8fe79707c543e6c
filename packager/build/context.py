"""Options and context of a build."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from packager.build.smoke_test import READY_SECONDS
from packager.image.docker_build import Builder
from packager.image.stack import Stack
from packager.manifest.solution import Solution
from packager.progress import Progress
from packager.project.config import Project
from packager.project.files import ProjectFiles
from packager.runners.project import ProjectEnvironment

Images = Literal["one", "several"]


@dataclass(frozen=True)
class BuildOptions:
    """Options of the command line."""

    base: str | None = None
    """Base image to use instead of the project's."""
    upgrade: bool = False
    """Lock all dependencies again."""
    no_cache: bool = False
    """Rebuild every layer, check the data and train, although the cache holds the same results."""
    check_reproducible: bool = False
    """Assemble a second time under different conditions, and compare."""
    allow_findings: bool = False
    """Continue despite findings of the data check that stop a build, and cases that fail."""
    builder: Builder = "assemble"
    ready_seconds: float = READY_SECONDS
    """Time limit for the image to become ready."""
    labels: tuple[str, ...] = ()
    """``NAME=VALUE`` of each ``--label``."""
    images: Images = "one"
    """``several``: the members of a solution get images of their own, too, and a compose file."""


@dataclass(frozen=True)
class BuildContext:
    """Immutable input of every step after the layers."""

    project: Project
    files: ProjectFiles
    environment: ProjectEnvironment
    """Platform, base, locked dependencies and engine."""
    stack: Stack
    folder: Path
    """Temporary folder of this build: the worker's results in ``out``, the files of ``/package`` in
    ``package``, and the layers built here."""
    progress: Progress
    solution: Solution | None = None
    """The record of a solution; None for a project of one model."""
    fresh: bool = False
    """Whether layers of the cache are made again."""

    others: tuple[BuildContext, ...] = ()
    """Of the package's other platforms; their ``out`` is that of this one."""

    @property
    def platform(self) -> str:
        """``linux/amd64``."""
        return self.environment.platform

    @property
    def package(self) -> Path:
        """The folder with the files of ``/package``."""
        return self.folder / "package"

    @property
    def every(self) -> tuple[BuildContext, ...]:
        """This context and those of other platforms."""
        return (self, *self.others)

    def serving(self, *, trees: bool) -> BuildContext:
        """The context after the training; without ``trees``, the server needs nothing for them."""
        if trees:
            return self
        environment = self.environment
        return replace(
            self,
            environment=environment.with_lock(environment.lock.without("trees")),
            others=tuple(other.serving(trees=trees) for other in self.others),
        )
