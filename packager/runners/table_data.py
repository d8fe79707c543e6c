"""Projects whose data is a version of a table, or an output of DVC: as files for a build."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from packager.cache import temporary_directory
from packager.engine.engine import Engine
from packager.image.export import Destination
from packager.location import Location
from packager.manifest.dvc_version import DvcVersion
from packager.manifest.label_schemes import TableVersion
from packager.manifest.manifest import Manifest
from packager.progress import Progress
from packager.project.config import Project
from packager.project.dvc.content import local_content
from packager.project.dvc.outputs import DvcAddress, tracked_output
from packager.project.dvc.repository import dvc_repository


class HasManifest(Protocol):
    """The interface of a build's result."""

    @property
    def manifest(self) -> Manifest:
        """The manifest of the built package."""


P = ParamSpec("P")
R = TypeVar("R", bound=HasManifest)
Build = Callable[Concatenate[Project, Destination, Engine | None, Progress, P], R]


@contextmanager
def local_data(project: Project, progress: Progress) -> Iterator[Project]:
    """The project; if its data is a table, with the named version exported to a Parquet file.

    Of an output of DVC, with its content as files. They exist within the block. Warns if the table
    has a newer version.
    """
    table, address = project.table, project.dvc
    if address is not None:
        with _tracked(project, address, progress) as local:
            yield local
        return
    if table is None or project.data is None:
        yield project
        return
    # deltalake is imported only if a table is used.
    from packager.tables.checkout import export
    from packager.tables.delta import VersionedTable
    from packager.tables.labels.export import export_labelled

    with temporary_directory() as folder:
        progress.step(f"exporting the data, {table}")
        file = folder / f"{table.name}.parquet"
        labels = None
        if project.data.labels is None or project.data.target is None:
            version = export(table, file)
        else:
            scheme, target = project.data.labels, project.data.target
            version, labels = export_labelled(table, file, scheme, target)
        latest = VersionedTable.open(table).version(None).number
        if latest > version.number:
            progress.warn(
                f"{table}: version {latest} is newer than the one that package.toml names"
            )
        source = project.data.source.removeprefix("delta:")
        name = source if table.version is None else source.rpartition("@")[0]
        named = TableVersion(table=name, version=version.number, labels=labels)
        data = project.data.model_copy(update={"source": str(file)})
        yield project.model_copy(update={"data": data, "exported": named})


@contextmanager
def _tracked(project: Project, address: DvcAddress, progress: Progress) -> Iterator[Project]:
    """The project with the content of what DVC tracks, compared with its digest."""
    assert project.data is not None
    tracked = tracked_output(address, project.directory)
    repository = dvc_repository(tracked.file)
    with temporary_directory() as folder:
        location = local_content(tracked, address, repository, folder, progress)
        version = DvcVersion(
            file=address.file,
            output=Path(os.path.relpath(tracked.path, project.directory)).as_posix(),
            stage=tracked.stage,
            digest=tracked.digest,
            algorithm=tracked.algorithm,
        )
        data = project.data.model_copy(update={"source": str(location)})
        yield project.model_copy(update={"data": data, "tracked": version})


def on_local_data(build: Build[P, R]) -> Build[P, R]:
    """Decorate a build to accept a project whose data is a table, and to pin its versions."""

    @functools.wraps(build)
    def on_exported(
        project: Project,
        output: Destination,
        engine: Engine | None,
        progress: Progress,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        with local_data(project, progress) as local:
            built = build(local, output, engine, progress, *args, **kwargs)
        if project.table is not None and local.exported is not None:
            needed_by = f"package {built.manifest.name} {built.manifest.tag}"
            _pin(Location(project.table.uri, local.exported.version), needed_by, progress)
        return built

    return on_exported


def _pin(version: Location, needed_by: str, progress: Progress) -> None:
    """Pin the version, and the one it was compared with, because the package has the findings."""
    from packager.tables.pins import Pin, pin_or_warn
    from packager.tables.previous import compared_version

    assert version.version is not None
    pin_or_warn(version, Pin(version=version.version, needed_by=needed_by), progress)
    older = compared_version(version)
    if older is not None:
        compared = Pin(version=older.number, needed_by=f"{needed_by}, compared with it")
        pin_or_warn(version, compared, progress)
