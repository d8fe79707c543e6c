"""``--images several``: the images of a solution's members, and the compose file of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from packager.build.record import BuildResult
from packager.cache import atomic_file
from packager.deploy.monitoring import replica_mib
from packager.deploy.solution_compose import MemberImage, compose_text, is_own
from packager.engine.engine import Engine
from packager.errors import UsageError
from packager.image.export import Destination, check_replaceable, write_oci
from packager.image.reference import Reference
from packager.progress import Progress
from packager.project.config import Project


def check_several(project: Project, output: Destination) -> None:
    """Raise ``UsageError`` unless members of ``project`` can have containers of their own."""
    if not project.member:
        raise UsageError(
            f"--images several: expected a solution, got {project.package.name}, which has no"
            " [[member]]",
            "leave --images out",
        )
    if not project.serve.network:
        raise UsageError(
            "--images several: expected a solution whose flow may use the network, to ask its"
            " members, got one without",
            "set `network = true` under [serve]",
        )
    if output.kind in ("docker-archive", "registry"):
        raise UsageError(
            "--images several: expected --output docker or oci:DIR, got " + output.kind,
            "write a folder with --output oci:DIR",
        )
    path = compose_path(project, output)
    if path.is_dir() or (path.exists() and not is_own(path.read_text("utf-8", "replace"))):
        raise UsageError(
            f"{path}: expected no file there, or one that `--images several` wrote, got another",
            "move it elsewhere",
        )
    if output.path is not None:
        for section in project.member:
            check_replaceable(member_path(output.path, section.name))


def compose_path(project: Project, output: Destination) -> Path:
    """``DIR.compose.yml``, or ``NAME.compose.yml`` in this folder for an engine."""
    if output.path is None:
        return Path(f"{project.package.name}.compose.yml")
    return output.path.with_name(f"{output.path.name}.compose.yml")


def member_path(folder: Path, name: str) -> Path:
    """``DIR.members/NAME``: the OCI layout of a member's image."""
    return folder.with_name(f"{folder.name}.members") / name


def write_several(
    project: Project,
    built: BuildResult,
    members: Sequence[tuple[str, Reference]],
    how: tuple[Destination, Engine | None, Progress],
) -> None:
    """Write the images of the ``members`` (name, package) of ``built``, then the compose file.

    ``how``: destination, engine, progress. Raises ``PackageError``.
    """
    output, engine, progress = how
    images = [
        MemberImage(
            name,
            _write(name, reference, output, engine, progress),
            replica_mib(reference.manifest),
            reference.manifest.serve.network,
        )
        for name, reference in members
    ]
    path = compose_path(project, output)
    with atomic_file(path) as file:
        file.write_text(
            compose_text(built.manifest, built.images[0].name, images), encoding="utf-8"
        )
    progress.step(f"writing {path}: start it with `docker compose -f {path} up`")


def _write(
    name: str, reference: Reference, output: Destination, engine: Engine | None, progress: Progress
) -> str:
    """Write one image; return its name."""
    if output.path is None:
        assert engine is not None  # else the solution itself would not have been written
        return reference.in_engine(engine, progress)
    repository = reference.name.rpartition(":")[0] or reference.manifest.name
    image = replace(reference.image(), name=f"{repository}:{reference.manifest.tag}")
    path = member_path(output.path, name)
    progress.step(f"writing oci:{path}")
    write_oci([image], path)
    return image.name
