"""A project whose data is a version of a table: its rows as a file, for everything that follows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from packager.cache import temporary_directory
from packager.engine.engine import Engine
from packager.image.export import Destination
from packager.location import Location
from packager.manifest.manifest import Manifest, TableVersion
from packager.progress import Progress
from packager.project.config import Project


class HasManifest(Protocol):
    """What a build returns."""

    @property
    def manifest(self) -> Manifest:
        """Of the package that was built."""


P = ParamSpec("P")
R = TypeVar("R", bound=HasManifest)
Build = Callable[Concatenate[Project, Destination, Engine | None, Progress, P], R]


@contextmanager
def local_data(project: Project, progress: Progress) -> Iterator[Project]:
    """The project as it is, or with the version that it names exported to a Parquet file.

    The file is there for the time of the block. Says so if a newer version exists.
    """
    table = project.table
    if table is None or project.data is None:
        yield project
        return
    # deltalake is loaded only where a table is in use.
    from packager.tables.checkout import export
    from packager.tables.delta import VersionedTable

    with temporary_directory() as folder:
        progress.step(f"exporting the data, {table}")
        file = folder / f"{table.name}.parquet"
        version = export(table, file)
        latest = VersionedTable.open(table).version(None).number
        if latest > version.number:
            progress.warn(
                f"{table}: version {latest} is newer than the one that package.toml names"
            )
        source = project.data.source.removeprefix("delta:")
        name = source if table.version is None else source.rpartition("@")[0]
        named = TableVersion(table=name, version=version.number)
        data = project.data.model_copy(update={"source": str(file)})
        yield project.model_copy(update={"data": data, "exported": named})


def on_local_data(build: Build[P, R]) -> Build[P, R]:
    """A build that also takes a project whose data is a table, and notes what it needs of it."""

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
    """Keep the version, and the one before it: what its check found is part of the package."""
    from packager.tables.pins import Pin, pin_or_warn
    from packager.tables.previous import compared_version

    assert version.version is not None
    pin_or_warn(version, Pin(version=version.version, needed_by=needed_by), progress)
    older = compared_version(version)
    if older is not None:
        compared = Pin(version=older.number, needed_by=f"{needed_by}, compared with it")
        pin_or_warn(version, compared, progress)
