"""``package replay``: train again from the package alone, where nothing else can help."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from packager.cache import work_folder
from packager.data.frames import source_files
from packager.errors import PackageError, UsageError
from packager.image.engine import Engine
from packager.image.layers import Layer, plain_layer
from packager.image.reference import Reference
from packager.image.stack import entries
from packager.manifest import DataSource, Manifest
from packager.progress import Progress
from packager.training import on_package
from packager.worker.job import Ask
from packager.worker.report import ReplayReport


def replay(
    reference: Reference,
    engine: Engine | None,
    progress: Progress,
    ask: Ask,
    *,
    data: Path | None = None,
) -> ReplayReport:
    """Replay a package as ``ask`` says; ``data`` stands in where the package holds none.

    Raises ``PackageError`` if it has no recipe, or its data is neither inside nor given.
    """
    source = _check(reference.manifest, data)
    with work_folder() as folder:
        extra: Sequence[Layer] = ()
        if data is not None:
            files = _named_as_recorded(data, source)
            extra = [plain_layer("data", folder / "data.tar", entries(files, "data"))]
        output = folder / "out"
        output.mkdir()
        progress.step("training again from the package alone")
        with on_package(reference, engine, progress, extra=extra, companion=True) as worker:
            return ReplayReport.load(
                worker.run("replay", {"ask.json": ask.dump()}, output, progress)
            )


def _check(manifest: Manifest, data: Path | None) -> DataSource:
    if manifest.recipe == "none" or manifest.data == "none":
        raise PackageError(
            "recipe: none; this package holds a model trained elsewhere, so there is no training "
            "to replay",
            "package the training code with [recipe] to make it replayable",
        )
    embedded = manifest.data.embed != "none"
    if embedded and data is not None:
        raise UsageError("--data: the package holds its own data", "leave --data out")
    if not embedded and data is None:
        raise UsageError(
            "this package holds a pointer to its data, not the data (embed = none)",
            "name the data with --data; it is compared with the fingerprint",
        )
    return manifest.data


def _named_as_recorded(data: Path, source: DataSource) -> dict[str, Path]:
    """Given files under the names the package knows them by; the worker checks their content."""
    _, paths = source_files(data)
    if len(paths) != len(source.files):
        raise UsageError(
            f"--data {data}: expected {len(source.files)} files, got {len(paths)}",
            "name the very data the package was built from",
        )
    files = {f"source/{entry.path}": path for entry, path in zip(source.files, paths, strict=True)}
    if source.test_file is not None:
        held_out = data.parent / source.test_file.path
        if not held_out.is_file():
            raise UsageError(
                f"--data {data}: expected the held-out rows beside it at {held_out}, got nothing",
                "put the file that split.file named beside the data",
            )
        files[f"test/{source.test_file.path}"] = held_out
    return files
