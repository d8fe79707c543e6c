"""``package test``: run the package's own test on new data, in its companion."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from packager.cache import temporary_directory
from packager.digest import HashedFile, hash_files
from packager.engine.engine import Engine
from packager.errors import PackageError, UsageError
from packager.image.config import TRAINING
from packager.image.layers import Layer, plain_layer
from packager.image.reference import Reference
from packager.image.stack import entries
from packager.image.stored_images import COMPANION
from packager.manifest.manifest import Manifest
from packager.progress import Progress
from packager.runners.package import package_worker
from packager.testing.ledger import (
    Ledger,
    LedgerEntry,
    LedgerKey,
    entry_of,
    file_lines,
    policy_digest,
    refuse_unreadable,
)
from packager.testing.new_data import PLACE, DataArgument, NewData, in_form_of, resolve
from packager.testing.previous_time import previous_times
from packager.worker.job import DataTestJob
from packager.worker.test.quoted_cells import data_error
from packager.worker.test.report import DataTestReport

LABELS = "data/labels"


@dataclass(frozen=True)
class DataTestRequest:
    """The data and options of a test."""

    data: str
    """A file, a folder, ``TABLE``, ``TABLE@5`` or ``TABLE@3..5``."""
    labels: Path | None = None
    """A file with right answers that came later."""
    on: tuple[str, ...] = ()
    """The columns that identify a row in both."""
    only_new: bool = False
    """Only what the ledger has not seen."""
    state: Path | None = None
    """Folder of the ledger; None for the one beside the data."""
    previous: Reference | None = None
    """An earlier package, whose processor time is compared."""


@dataclass(frozen=True)
class DataTestResult:
    """A report, and where it comes from."""

    report: DataTestReport | None
    """None if nothing is new."""
    recorded: bool = False
    """Whether the ledger had it."""
    history: tuple[DataTestReport, ...] = ()
    """Earlier reports of packages of this name, the oldest first."""
    last: LedgerEntry | None = None
    """The last test of this package on this data, if nothing is new."""


def run_test(
    reference: Reference, request: DataTestRequest, engine: Engine | None, progress: Progress
) -> DataTestResult:
    """Test the package on new rows; the ledger has the report of an equal test.

    Raise ``PackageError`` if the test can't be made; a failed test returns a report.
    """
    if (request.labels is None) != (not request.on):
        raise UsageError(
            "--labels and --on: expected both or neither",
            "name the file with the labels and the column that identifies a row in both files",
        )
    for package in (reference, request.previous):
        if package is not None:
            check_companion(package)
    named = DataArgument.parse(request.data)
    ledger = _ledger(request, named, progress)
    manifest = reference.manifest
    with temporary_directory() as folder:
        labels = {} if request.labels is None else hash_files({request.labels.name: request.labels})
        unseen = None
        if request.only_new and ledger is not None:
            unseen = replace(ledger, labels=_label_lines(labels, request.on))
        data = resolve(named, manifest, unseen, folder, progress)
        history = () if ledger is None else tuple(e.report for e in ledger.entries(manifest.name))
        if data.empty:
            last = None if ledger is None else ledger.last(manifest.root, data.name, data.seen)
            return DataTestResult(None, history=history, last=last)
        key = _key(reference, data, labels, request)
        known = None if ledger is None else ledger.find(key)
        if known is not None and request.only_new:
            return DataTestResult(None, history=history, last=known)
        if known is not None:
            progress.step(f"the ledger has this test, of {known.tested}")
            return DataTestResult(known.report, recorded=True, history=history)
        read, unreadable = _readable(data, manifest, folder)
        files = [*entries(read.files, PLACE), *(entries(labels, LABELS) if labels else ())]
        layer = plain_layer("new", folder / "new.tar", files)
        job = _job(request, read.source, next(iter(labels), ""), unreadable)
        if request.previous is not None and not unreadable:
            both = (reference, request.previous)
            times = previous_times(both, layer, job, engine, progress)
            job = job.model_copy(update={"previous": times})
        report = _run(reference, layer, job, engine, progress)
        if ledger is not None:
            entry = entry_of(key, manifest, data.name, data.version, report)
            ledger.record(entry)
    return DataTestResult(report, history=history)


def _job(request: DataTestRequest, source: str, labels: str, unreadable: str) -> DataTestJob:
    return DataTestJob(
        source=source,
        labels=labels,
        on=request.on,
        shown=request.data,
        labels_shown=str(request.labels or ""),
        unreadable=unreadable,
    )


def _readable(data: NewData, manifest: Manifest, folder: Path) -> tuple[NewData, str]:
    """``data`` in the form that the companion reads, and why they have none: wrong data fail."""
    try:
        return in_form_of(data, manifest, folder), ""
    except UsageError as error:
        return data, data_error(error, manifest.schema_)


def check_companion(reference: Reference) -> None:
    """Raise ``PackageError`` if the package can't test itself."""
    if reference.has_companion or any(name == TRAINING for name, _, _ in reference.layers()):
        return
    raise PackageError(
        f"{reference.name}: expected its companion, which holds what tests it, got only the image",
        f"copy {reference.name}{COMPANION} too; a package built without [data] has none",
    )


def _run(
    reference: Reference,
    layer: Layer,
    job: DataTestJob,
    engine: Engine | None,
    progress: Progress,
) -> DataTestReport:
    worker = package_worker(reference, engine, progress, extra=[layer], companion=True)
    with temporary_directory() as out, worker as started:
        progress.step("testing, in a worker of the package")
        return DataTestReport.load(started.run("test", {"test.json": job.dump()}, out, progress))


def _ledger(request: DataTestRequest, named: DataArgument, progress: Progress) -> Ledger | None:
    folder = request.state or named.state
    if folder is None:
        if request.only_new:
            raise UsageError(
                "--new: expected --state beside a table in a bucket, got none",
                "name a folder that keeps which data were tested",
            )
        progress.warn("no record is kept: name a folder with --state")
        return None
    refuse_unreadable(folder, Path(named.text))
    standing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not os.access(standing, os.W_OK):
        if request.state is not None or request.only_new:
            raise PackageError(
                f"{folder}: can't be written", "name a folder with --state where you may write"
            )
        progress.warn(f"no record is kept: {folder} can't be written; --state names another folder")
        return None
    return Ledger(folder)


def _key(
    reference: Reference, data: NewData, labels: dict[str, HashedFile], request: DataTestRequest
) -> LedgerKey:
    layers = reference.layers(companion=True)
    return LedgerKey(
        root=reference.manifest.root,
        policy=policy_digest(reference.manifest),
        runtime=next((diff_id for name, diff_id, _ in layers if name == TRAINING), ""),
        files=file_lines([(name, file.sha256) for name, file in data.files.items()]),
        labels=_label_lines(labels, request.on),
        previous="" if request.previous is None else request.previous.manifest.root,
    )


def _label_lines(labels: dict[str, HashedFile], on: tuple[str, ...]) -> tuple[str, ...]:
    return (*file_lines([(name, file.sha256) for name, file in labels.items()]), *on)
