"""A project whose data is a version of a table: its rows as a file, for everything that follows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from packager.cache import work_folder
from packager.image.engine import Engine
from packager.image.outputs import Output
from packager.manifest import TableVersion
from packager.progress import Progress
from packager.project.config import Project
from packager.versions.location import Location

if TYPE_CHECKING:
    from packager.build import Built

P = ParamSpec("P")
Build = Callable[Concatenate[Project, Output, Engine | None, Progress, P], "Built"]


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
    from packager.versions.export import export
    from packager.versions.store import Store

    with work_folder() as folder:
        progress.step(f"exporting the data, {table}")
        file = folder / f"{table.name}.parquet"
        version = export(table, file)
        latest = Store.open(table).version(None).number
        if latest > version.number:
            progress.warn(
                f"{table}: version {latest} is newer than the one that package.toml names"
            )
        source = project.data.source.removeprefix("delta:")
        name = source if table.version is None else source.rpartition("@")[0]
        named = TableVersion(table=name, version=version.number)
        data = project.data.model_copy(update={"source": str(file)})
        yield project.model_copy(update={"data": data, "exported": named})


def on_local_data(build: Build[P]) -> Build[P]:
    """A build that also takes a project whose data is a table, and notes what it needs of it."""

    @functools.wraps(build)
    def on_exported(
        project: Project,
        output: Output,
        engine: Engine | None,
        progress: Progress,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Built:
        with local_data(project, progress) as local:
            built = build(local, output, engine, progress, *args, **kwargs)
        if project.table is not None and local.exported is not None:
            needed_by = f"package {built.manifest.name} {built.manifest.tag}"
            _pin(Location(project.table.uri, local.exported.version), needed_by, progress)
        return built

    return on_exported


def _pin(version: Location, needed_by: str, progress: Progress) -> None:
    """Keep the version, and the one before it: what its check found is part of the package."""
    from packager.versions.before import compared_version
    from packager.versions.pins import Pin, pin_or_warn

    assert version.version is not None
    pin_or_warn(version, Pin(version=version.version, needed_by=needed_by), progress)
    older = compared_version(version)
    if older is not None:
        compared = Pin(version=older.number, needed_by=f"{needed_by}, compared with it")
        pin_or_warn(version, compared, progress)
