"""The inputs of a project's lock, and the base that a lock file names."""

from __future__ import annotations

from dataclasses import replace

from modelhost.solution.spec import member_folder
from packager.environment.dependencies import Dependencies, Requirements
from packager.image.base.saved import BaseImage
from packager.manifest.manifest import Lock
from packager.model.paths import Root
from packager.project.config import Project
from packager.project.files import ListedFiles
from packager.runners.source_build import source_builder


def with_base_digest(dependencies: Dependencies, base: BaseImage | None) -> Dependencies:
    """``dependencies`` with the digest by which a registry has ``base`` in its lock file."""
    if base is None or base.saved.digest is None:
        return dependencies
    digests = {**dependencies.file.base_digests, base.saved.reference: base.saved.digest}
    return replace(
        dependencies, file=dependencies.file.model_copy(update={"base_digests": digests})
    )


def requirements_of(project: Project, files: ListedFiles, base: BaseImage | None) -> Requirements:
    """The inputs of a project's lock; sources among them are built on ``base``."""
    return Requirements(
        project.path(project.requirements_file),
        trees=project.serve.compile != "off",
        grpc=project.serve.grpc,
        parquet=_needs_pyarrow(project, files),
        strategy=project.requirements.index_strategy,
        torch=project.requirements.torch,
        extras=project.requirements.extras,
        groups=project.requirements.groups,
        code=files.code.files,
        builder=source_builder(base),
    )


def _needs_pyarrow(project: Project, files: ListedFiles) -> bool:
    if project.data is None:
        return False
    source = [file for name, file in files.data.items() if name.startswith("source/")]
    packed = project.data.reader.compression == "zst" or any(
        file.suffix.lower() == ".zst" for file in source
    )
    return packed or files.format == "parquet" or _members_need_pyarrow(project)


def _members_need_pyarrow(project: Project) -> bool:
    """Whether the replay of a solution's member reads Parquet, or CSV in zstandard."""
    if project.solution_folder is None:
        return False
    folders = [member_folder(project.solution_folder, member.name) for member in project.member]
    locks = [Lock.load(Root(folder).package / "lock.json") for folder in folders]
    return any(lock.wheels_of("parquet") for lock in locks)
