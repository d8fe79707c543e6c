"""``package test``: run the package's own test on new data, in its companion."""

from __future__ import annotations

from pathlib import Path

from packager.cache import temporary_directory
from packager.data.sources.listing import source_files
from packager.digest import hash_files
from packager.engine.engine import Engine
from packager.errors import PackageError
from packager.image.config import TRAINING
from packager.image.layers import plain_layer
from packager.image.reference import Reference
from packager.image.stack import entries
from packager.image.stored_images import COMPANION
from packager.manifest.read_options import TableReadOptions
from packager.progress import Progress
from packager.runners.package import package_worker
from packager.worker.job import DataTestJob
from packager.worker.test.report import DataTestReport

PLACE = "data/new"
"""Folder of the new data in the worker."""


def run_test(
    reference: Reference, data: Path, engine: Engine | None, progress: Progress
) -> DataTestReport:
    """Test the package on the rows at ``data``: a file or a folder.

    Raise ``PackageError`` if the test can't be made; a failed test returns a report.
    """
    check_companion(reference)
    files = hash_files(named_files(data, reference.manifest.reader))
    with temporary_directory() as folder:
        layer = plain_layer("new", folder / "new.tar", entries(files, PLACE))
        out = folder / "out"
        job = DataTestJob(source=data.name if data.is_file() else "")
        worker = package_worker(reference, engine, progress, extra=[layer], companion=True)
        with worker as started:
            progress.step(f"testing on {data}")
            done = started.run("test", {"test.json": job.dump()}, out, progress)
        return DataTestReport.load(done)


def named_files(data: Path, reader: TableReadOptions) -> dict[str, Path]:
    """The files of ``data`` by their posix path below it; raise ``UsageError`` if there are none.

    Files that cells of a table name come from beside the table.
    """
    found = source_files(data, reader)
    return {found.name(path): path for path in found.all}


def check_companion(reference: Reference) -> None:
    """Raise ``PackageError`` if the package can't test itself."""
    if reference.has_companion or any(name == TRAINING for name, _, _ in reference.layers()):
        return
    raise PackageError(
        f"{reference.name}: expected its companion, which holds what tests it, got only the image",
        f"copy {reference.name}{COMPANION} too; a package built without [data] has none",
    )
