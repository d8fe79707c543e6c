"""What the steps of a build work on, and what the command asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packager.build.smoke_test import READY_SECONDS
from packager.image.docker_build import Builder
from packager.image.stack import Stack
from packager.progress import Progress
from packager.project.config import Project
from packager.project.files import ProjectFiles
from packager.runners.project import ProjectEnvironment


@dataclass(frozen=True)
class BuildOptions:
    """How a project is built, where the command line says otherwise than by default."""

    base: str | None = None
    """A base image in place of the project's own."""
    update: bool = False
    """Lock every dependency again."""
    fresh: bool = False
    """Make every layer again."""
    twice: bool = False
    """Assemble a second time under other conditions, and compare."""
    allow_findings: bool = False
    """Go on though the check of the data found what stops a build."""
    builder: Builder = "assemble"
    resume: bool = False
    """Go on from a training result that a failed build has kept."""
    ready_seconds: float = READY_SECONDS
    """How long the image may take to be ready."""


@dataclass(frozen=True)
class BuildContext:
    """What every step after the layers works on; no step changes it."""

    project: Project
    files: ProjectFiles
    environment: ProjectEnvironment
    """Platform, base, locked dependencies and engine."""
    stack: Stack
    folder: Path
    """Of this build alone: the worker's results in ``out``, the package's own files in
    ``package``, and the layers made here."""
    progress: Progress
